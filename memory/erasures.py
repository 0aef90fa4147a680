"""The list of whom we have erased: hashes and times, append-only, in the database and in a file.

What was written before an erasure is at AgentPhone still, and in older backups of ours. The list
keeps the one from being read back in, and has the other erased again when it is restored. The file
lies outside of the database: a backup of yesterday does not know whom we erased today.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlmodel import Field, Session, SQLModel, col, func, select

from memory.columns import UTCDateTime
from memory.keyed import keyed, keyed_for_good
from phone.clock import utc
from phone.types import Conversation, Message


class Erasure(SQLModel, table=True):
    """That a person or a conversation was erased, and when.

    Attributes:
        subject: The hash (`memory.keyed`) of a handle, of a group's id or of a conversation's.
    """

    id: int | None = Field(default=None, primary_key=True)
    subject: str = Field(index=True)
    at: datetime = Field(sa_type=UTCDateTime)


def note(session: Session, names: Iterable[str], *, now: float) -> list[str]:
    """Put handles and ids on the list; their hashes."""
    subjects = sorted({keyed_for_good(session, name) for name in names})
    session.add_all(Erasure(subject=subject, at=utc(now)) for subject in subjects)
    return subjects


def put(session: Session, listed: Iterable[tuple[str, datetime]]) -> None:
    """Put entries of another list on this one, those that are not on it yet."""
    have = {(row.subject, row.at) for row in session.exec(select(Erasure))}
    for subject, at in sorted(set(listed) - have, key=lambda entry: entry[1]):
        session.add(Erasure(subject=subject, at=at))


def erased_at(session: Session, *names: str | None) -> datetime | None:
    """When the last of these was erased; None when none of them ever was."""
    hashes = [found for name in names if name and (found := keyed(session, name))]
    if not hashes:
        return None
    latest = select(func.max(Erasure.at)).where(col(Erasure.subject).in_(hashes))
    return session.exec(latest).one()


def unerased(
    session: Session, messages: Iterable[Message], conversation: Conversation
) -> list[Message]:
    """Those of AgentPhone's messages that may be read in: not what was erased here."""
    other = conversation.group_id or conversation.participant
    everything = erased_at(session, conversation.id, other)
    by_sender = dict[str, datetime | None]()
    kept = []
    for message in messages:
        sender = message.sender_identifier or message.from_number
        if sender not in by_sender:
            by_sender[sender] = erased_at(session, sender)
        ends = [at for at in (everything, by_sender[sender]) if at is not None]
        if not ends or message.received_at > max(ends):
            kept.append(message)
    return kept


def append(
    file: Path,
    subjects: Iterable[str],
    *,
    stops: Iterable[tuple[str, datetime]] = (),
    now: float,
) -> None:
    """Write them to the list's file, one JSON object a line, safely on disk when this returns.

    Args:
        stops: Which of them are opted out: the ledger's hash of each, and since when. A backup may
            be older than both.
    """
    lines = [{"erased": subject, "at": utc(now).isoformat()} for subject in subjects]
    lines += [{"stopped": name, "at": at.isoformat()} for name, at in stops]
    file.parent.mkdir(parents=True, exist_ok=True)
    with open(file, "a", encoding="utf-8", opener=partial(os.open, mode=0o600)) as opened:
        for line in lines:
            opened.write(json.dumps(line) + "\n")
        opened.flush()
        os.fsync(opened.fileno())


def listed_in(file: Path) -> list[tuple[str, datetime]]:
    """Who was erased by the file; nobody when there is none.

    Raises:
        ValueError: A line that is not one of ours; says which.
    """
    return _lines(file, "erased")


def stopped_in(file: Path) -> list[tuple[str, datetime]]:
    """Which of them had said STOP. Raises ValueError like `listed_in`."""
    return _lines(file, "stopped")


def _lines(file: Path, kind: str) -> list[tuple[str, datetime]]:
    if not file.exists():
        return []
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            entry = json.loads(line)
            name = entry.get("erased") or entry["stopped"]
            told = str(name), datetime.fromisoformat(entry["at"])
            if kind in entry:
                found.append(told)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ValueError(
                f"{file}, line {number}, is no entry of the list of erasures; a line is "
                '{"erased": "erased:…", "at": "2026-11-25T18:00:00+00:00"}'
            ) from None
    return found
