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

import typer

from agent.commands.terminal import progress
from agent.history import TURNS
from memory.exports.earlier_talk import EarlierTalk
from memory.exports.forms import Form
from memory.exports.talk import Told
from memory.pseudonyms import key_of, namer, region_of, without_numbers
from memory.store import Store
from memory.transcripts import Wanted, count, stream, stream_talks

SAME = ("tools", "prompts")
"""Parts of a record that seldom change from turn to turn."""


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
        # Where the turns themselves are shown, there is no room for a bar.
        bar = progress("Turns", total, quiet=output is None)
        with _opened(output) as file, form.begin(file) as write, bar as step:
            async for told in _told(store, wanted, form, _Numberless(name)):
                write(told)
                step()
    if not total:
        typer.echo("There is no such turn: nothing was exported.", err=True)


async def _told(
    store: Store, wanted: Wanted, form: Form, numberless: _Numberless
) -> AsyncIterator[Told]:
    """The turns asked for, each with the talk before it where the form wants that."""
    if not form.tells_earlier_talk:
        async for record in stream(store, wanted):
            yield Told(numberless(record))
        return
    earlier = EarlierTalk(TURNS)
    async for record, is_wanted in stream_talks(store, wanted):
        told = Told(numberless(record))
        if is_wanted:
            yield replace(told, before=earlier.before(told.record.parent_turn_id))
        earlier.add(told)


class _Numberless:
    """Takes the numbers out of records.

    The tools and the prompts are half of a record, and the same from one turn to the next: what
    they become is kept until they change.
    """

    def __init__(self, name: Callable[[str], str] | None) -> None:
        self._name = name
        self._last: dict[str, tuple[str | None, Any, Any]] = {}

    def __call__(self, record: dict[str, Any]) -> dict[str, Any]:
        if (name := self._name) is None:
            return record
        region = region_of(record["conversation"]["number"])
        kept = {part: self._same(part, record[part], name, region) for part in SAME}
        rest = {part: value for part, value in record.items() if part not in SAME}
        told = without_numbers(rest, name, region=region) | kept
        return {part: told[part] for part in record}

    def _same(self, part: str, value: Any, name: Callable[[str], str], region: str | None) -> Any:
        last = self._last.get(part)
        if last is None or last[:2] != (region, value):
            last = (region, value, without_numbers(value, name, region=region))
            self._last[part] = last
        return last[2]


@contextmanager
def _opened(output: Path | None) -> Iterator[IO[bytes]]:
    """The file, which only its owner may read: it holds private conversations."""
    if output is None:
        yield sys.stdout.buffer
        return
    try:
        file = open(output, "wb", opener=partial(os.open, mode=0o600))  # noqa: SIM115
    except OSError as error:
        raise typer.BadParameter(f"{output} cannot be written ({error.strerror})") from error
    with file:
        yield file
