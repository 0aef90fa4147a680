"""Which turns are to become a scenario: found in a database, and the file written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import regex

from agent.settings import HOME
from evals.format.files import dump
from evals.records.recording import NothingToRecord, scenario_of
from memory.pseudonyms import key_of
from memory.store import Store
from memory.transcript import BubbleSent, TurnRecord
from memory.transcripts import Wanted, one, stream

SCENARIOS = HOME / "evals" / "scenarios"
"""Where scenarios are."""

LONGEST_NAME = 60
"""Characters of a file's name, without its ending."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Turns of one conversation, and those before them; both oldest first."""

    before: list[TurnRecord]
    records: list[TurnRecord]


async def of_conversation(store: Store, conversation: str) -> list[TurnRecord]:
    """The records of a conversation, by its id or whom it is with, oldest first."""
    found = [record async for record in stream(store, Wanted(conversation=conversation))]
    return [TurnRecord.model_validate(record) for record in found]


async def choose(
    store: Store, wanted: Sequence[str], *, first: str | None = None, last: str | None = None
) -> Chosen:
    """The turns that are meant: a whole conversation, or these turns of one and what lies between.

    Args:
        wanted: A conversation, or ids of turns; the beginning of an id will do.
        first, last: Turns with which to begin and to end.

    Raises `NothingToRecord`, which says what is to be given.
    """
    turns = [await _turn(store, name) for name in wanted]
    known = [turn for turn in turns if turn is not None]
    if known and len(known) < len(wanted):
        raise NothingToRecord("Give one conversation, or turns alone; see `transcripts list`.")
    if not known and len(wanted) > 1:
        raise NothingToRecord("These are no turns; give one conversation, or ids of turns.")
    name = _address(known[0]) if known else wanted[0]
    records = await of_conversation(store, name)
    if not records:
        raise NothingToRecord(
            f"There are no turns of {name}; `threedots transcripts list` shows what there is."
        )
    ids = [turn.turn_id for turn in known]
    begin = [_place(records, each) for each in ([first] if first else ids)] or [0]
    end = [_place(records, each) for each in ([last] if last else ids)] or [len(records) - 1]
    return between(records, min(begin), max(end))


def between(records: Sequence[TurnRecord], begin: int, end: int) -> Chosen:
    """The records from one place to another, in whichever order the two are given."""
    begin, end = sorted((begin, end))
    return Chosen(list(records[:begin]), list(records[begin : end + 1]))


def place_of_message(records: Sequence[TurnRecord], message_id: str) -> int:
    """Which of the records tells of a message, heard or said. Raises `NothingToRecord`."""
    for nth, record in enumerate(records):
        heard = [heard.message_id for heard in record.heard]
        said = [act.message_id for act in record.wire if isinstance(act, BubbleSent)]
        since = [news.message_id for news in record.since]
        if message_id in (*heard, *said, *since):
            return nth
    raise NothingToRecord(
        "No turn that has ended tells of this message; wait for the answer, or choose another."
    )


async def text_of(store: Store, chosen: Chosen, *, name: str, with_said: bool = False) -> str:
    """The text of the scenario's file."""
    key = await store.write(key_of)
    made = scenario_of(
        chosen.records, name=name, before=chosen.before, with_said=with_said, key=key
    )
    return dump(made.scenario, remarks=made.remarks)


def file_for(name: str, folder: Path) -> Path:
    """The file of a scenario of this name: `A table, for two` is `a-table-for-two.yaml`."""
    words = regex.findall(r"[\p{L}\p{N}]+", name.casefold())
    return folder / f"{'-'.join(words)[:LONGEST_NAME].strip('-') or 'scenario'}.yaml"


def write_new(file: Path, text: str) -> None:
    """Write a file that is not there yet. Raises FileExistsError when it is."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("x", encoding="utf-8") as out:
        out.write(text)


async def _turn(store: Store, name: str) -> TurnRecord | None:
    record = await store.read(partial(one, turn_id=name))
    return None if record is None else TurnRecord.model_validate(record)


def _address(record: TurnRecord) -> str:
    place = record.conversation
    return place.conversation_id or place.group_id or place.participant


def _place(records: Sequence[TurnRecord], turn_id: str) -> int:
    places = [nth for nth, each in enumerate(records) if each.turn_id.startswith(turn_id)]
    if len(places) != 1:
        raise NothingToRecord(f"There is no turn {turn_id} in this conversation, or several so.")
    return places[0]
