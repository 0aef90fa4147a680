"""A copy of a phone's file, put back to how one conversation was at one of its messages."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from evals.local import delete_database
from memory import engines, rewinding
from memory.twin_records import every, put
from phone.emulator import rewinding as line


@dataclass(frozen=True, slots=True)
class Cut:
    """Where a conversation is cut.

    Attributes:
        message_id: A message, or with `is_before` also a tapback; None keeps all there is.
        is_before: Whether it goes too. What is the agent's stays, what a person did goes, to be
            done otherwise.
        turn_id: The turn that began with it, when one is to be taken again.
    """

    conversation_id: str
    message_id: str | None = None
    is_before: bool = False
    turn_id: str | None = None


def cut(source: Path, target: Path, at: Cut) -> None:
    """Make the file of a branch. Takes as long as the file is large: call it from a thread.

    Raises:
        phone.emulator.rewinding.NoSuchPlace: No such conversation, or no such message in it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)
        _rewind(target, at)
        with closing(sqlite3.connect(target)) as connection:
            connection.execute("VACUUM")  # what was deleted is not to be carried along
    except BaseException:
        delete_database(target)
        raise


def _rewind(file: Path, at: Cut) -> None:
    engine = engines.writer_engine(engines.database(f"sqlite:///{file}"))
    try:
        with Session(engine) as session, session.begin():
            saved = every(session)
            told = line.Told(saved, at.conversation_id)
            place = _place(told, at)
            kept = {message.id: message.at for message in told.kept(place)}
            point = rewinding.Point(kept, at.message_id, at.is_before, at.turn_id)
            until = rewinding.rewind(session, at.conversation_id, to=point)
            changes = line.rewind(saved, place, until=until)
            put(session, changes)
            rewinding.rename(session, at.conversation_id, _group_name(changes))
    finally:
        engine.dispose()


def _place(told: line.Told, at: Cut) -> line.Place:
    if at.message_id is None:
        return told.end()
    return told.before(at.message_id) if at.is_before else told.after(at.message_id)


def _group_name(changes: Sequence[line.Change]) -> str | None:
    conversation = next(text for kind, _, text in changes if kind == "conversation" and text)
    name: str | None = json.loads(conversation)["group_name"]
    return name
