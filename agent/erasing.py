"""Erasing a person while the server runs: here, and at AgentPhone what we keep there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlmodel import Session

from agent.settings import Settings
from memory import database_file, erasing, erasures
from memory.consents import stops_of
from memory.erasing_group import Remembered, remembered_of, without
from memory.keyed import keyed_for_good
from memory.persons import Person
from memory.state import KEY, without_ours
from memory.store import Store
from phone.client import AgentPhoneClient
from phone.clock import Clock
from phone.errors import NotFound

LOOK_EVERY = 0.25
"""Seconds between two looks at whether a message is still on the wire."""

TRIES = 3
"""How often the memory at AgentPhone is taken away, should a save that was on its way return it."""

DEFAULT_LIST = Path(".threedots/erasures.jsonl")


@dataclass(frozen=True, slots=True)
class Erased:
    """What came of an erasure.

    Attributes:
        rows: How many rows of each table were deleted or emptied.
        conversations: Ids of the conversations whose memory at AgentPhone is gone.
    """

    rows: dict[str, int]
    conversations: tuple[str, ...]


async def erase_person(
    person: Person, *, store: Store, phone: AgentPhoneClient, clock: Clock, listed_in: Path
) -> Erased:
    """Stop what goes on for them, take our memory from AgentPhone, and delete what is here.

    AgentPhone comes first: when it cannot be had, nothing is erased and it can be tried again.

    Args:
        listed_in: The file of the list of erasures.

    Raises:
        PhoneError: AgentPhone does not let go of it. Nothing was erased.
        OSError: The list cannot be written. Nothing was erased here.
    """
    await store.write(partial(erasing.stop, person=person, now=clock.now()))
    try:
        for conversation_id in person.conversation_ids:
            await forget(phone, conversation_id)
        for group in await store.read(partial(remembered_of, person=person)):
            await forget_member(phone, group)
        subjects = await store.write(partial(_subjects, person=person))
        stops = await store.write(partial(stops_of, names=person.names))
        erasures.append(listed_in, subjects, stops=stops, now=clock.now())
        while await store.read(partial(erasing.still_leaving, person=person, now=clock.now())):
            await clock.sleep(LOOK_EVERY)
        rows = await store.write(partial(erasing.erase, person=person, now=clock.now()))
    except BaseException:
        await store.write(partial(erasing.let_go, person=person))
        raise
    for conversation_id in person.conversation_ids:
        await forget(phone, conversation_id)
    return Erased(rows, person.conversation_ids)


async def forget(phone: AgentPhoneClient, conversation_id: str) -> None:
    """Take our key out of the conversation's metadata; what others keep there stays."""
    for _ in range(TRIES):
        try:
            there = await phone.conversation(conversation_id, message_limit=1)
            metadata = there.whole_metadata
            if not isinstance(metadata, dict) or KEY not in metadata:
                return
            await phone.update_conversation(conversation_id, metadata=without_ours(metadata))
        except NotFound:
            return  # it was deleted there


async def forget_member(phone: AgentPhoneClient, group: Remembered) -> None:
    """Take what a member told, and the summary, out of a group's memory at AgentPhone."""
    if group.conversation_id is None:
        return
    try:
        there = await phone.conversation(group.conversation_id, message_limit=1)
        metadata = without(there.whole_metadata, group.facts)
        if metadata is not None:
            await phone.update_conversation(group.conversation_id, metadata=metadata)
    except NotFound:
        return  # it was deleted there


def _subjects(session: Session, person: Person) -> list[str]:
    names = (*person.names, *person.conversation_ids)
    return [keyed_for_good(session, name) for name in names]


def list_of(settings: Settings) -> Path:
    """Where this deployment's list of erasures is."""
    if settings.threedots_erasures_file is not None:
        return settings.threedots_erasures_file
    file = database_file.file_of(settings.database_url)
    return DEFAULT_LIST if file is None else file.with_name(f"{file.name}.erasures.jsonl")


def scrub(database_url: str) -> None:
    """Let SQLite write what it has deleted over in its file, too, as far as nobody reads it now."""
    file = database_file.file_of(database_url)
    if file is None or not file.exists():
        return
    with closing(sqlite3.connect(file, timeout=5)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
