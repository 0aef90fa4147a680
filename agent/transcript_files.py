"""Files of turns, written a turn at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import Progress

from agent.history import TURNS
from memory.exports.earlier_talk import EarlierTalk
from memory.exports.forms import Form
from memory.exports.talk import Told
from memory.pseudonyms import key_of, namer, region_of, without_numbers
from memory.store import Store
from memory.transcripts import Wanted, count, stream, stream_talks


async def write_records(
    database_url: str, wanted: Wanted, output: Path | None, form: Form, *, with_numbers: bool
) -> None:
    """Write these turns in this form; never more than a page of them is in memory.

    Args:
        output: The file, written anew; None is standard output.
        with_numbers: Whether phone numbers and e-mail addresses stay what they are.
    """
    async with Store(database_url) as store:
        name = None if with_numbers else namer(await store.write(key_of))
        total = await store.read(partial(count, wanted=wanted))
        with _opened(output) as file, form.begin(file) as write, _progress(output, total) as step:
            async for told in _told(store, wanted, form, name):
                write(told)
                step()


async def _told(
    store: Store, wanted: Wanted, form: Form, name: Callable[[str], str] | None
) -> AsyncIterator[Told]:
    """The turns asked for, each with the talk before it where the form wants that."""
    if not form.tells_earlier_talk:
        async for record in stream(store, wanted):
            yield Told(_numberless(record, name))
        return
    earlier = EarlierTalk(TURNS)
    async for record, is_wanted in stream_talks(store, wanted):
        told = Told(_numberless(record, name))
        if is_wanted:
            yield replace(told, before=earlier.before(told.record.parent_turn_id))
        earlier.add(told)


def _numberless(record: dict[str, Any], name: Callable[[str], str] | None) -> dict[str, Any]:
    if name is None:
        return record
    told: dict[str, Any] = without_numbers(
        record, name, region=region_of(record["conversation"]["number"])
    )
    return told


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
    """Shows how far it is, on a terminal that does not show the turns themselves."""
    err = Console(stderr=True)
    with Progress(console=err, transient=True, disable=output is None or not err.is_terminal) as it:
        task = it.add_task("Turns", total=total)
        yield partial(it.advance, task)
