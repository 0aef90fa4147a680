"""Files of records: written a line at a time, checked a line at a time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError
from pydantic_ai import ModelMessagesTypeAdapter
from rich.console import Console
from rich.progress import Progress

from memory.pseudonyms import key_of, namer, region_of, without_numbers
from memory.store import Store
from memory.transcript import TurnRecord
from memory.transcripts import Wanted, count, stream


async def write_records(
    database_url: str, wanted: Wanted, output: Path | None, *, with_numbers: bool
) -> None:
    """Write these records, one a line; never more than a page of them is in memory.

    Args:
        output: The file, written anew; None is standard output.
        with_numbers: Whether phone numbers and e-mail addresses stay what they are.
    """
    async with Store(database_url) as store:
        name = None if with_numbers else namer(await store.write(key_of))
        total = await store.read(partial(count, wanted=wanted))
        with _opened(output) as file, _progress(output, total) as step:
            async for record in _numberless(stream(store, wanted), name):
                file.write(line_of(record))
                step()


async def _numberless(
    records: AsyncIterator[dict[str, Any]], name: Callable[[str], str] | None
) -> AsyncIterator[dict[str, Any]]:
    async for record in records:
        if name is not None:
            region = region_of(record["conversation"]["number"])
            record = without_numbers(record, name, region=region)
        yield record


def line_of(record: dict[str, Any]) -> bytes:
    """A record as a line of JSON in UTF-8."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def problems_of(line: bytes) -> Iterator[str]:
    """What keeps a line from being a record, each with its place."""
    try:
        record = TurnRecord.model_validate_json(line)
    except ValidationError as error:
        yield from (_problem(problem) for problem in error.errors())
        return
    try:
        ModelMessagesTypeAdapter.validate_python(record.messages)
    except ValidationError as error:
        yield from (f"messages.{_problem(problem)}" for problem in error.errors())


def _problem(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    return f"{place}: {problem['msg']}" if place else str(problem["msg"])


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """The file, which only its owner may read: it holds private conversations."""
    if output is None:
        yield sys.stdout.buffer
        return
    with open(output, "wb", opener=partial(os.open, mode=0o600)) as file:
        yield file


@contextmanager
def _progress(output: Path | None, total: int) -> Iterator[Callable[[], None]]:
    """Shows how far it is, on a terminal that does not show the records themselves."""
    err = Console(stderr=True)
    with Progress(console=err, transient=True, disable=output is None or not err.is_terminal) as it:
        task = it.add_task("Records", total=total)
        yield partial(it.advance, task)
