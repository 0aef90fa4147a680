"""What has been kept long enough, kind by kind, and its removal in small transactions.

webhooks       the body is emptied; the ids by which it is known again stay
model_io       what a model was sent and answered, in turns and in their records
transcripts    turns with all that is of them; then messages, bubbles and metadata of no turn
dead_letters   what nobody replayed
dedupe         the ids of webhooks

The opt-out ledger and the list of erasures are kept for ever, a conversation's memory until it is
erased. A turn that somebody has labelled stays whole: it is a test case, or a case.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session, col, delete, func, select, update
from sqlmodel.sql.expression import SelectOfScalar

from memory.belongings import tables_by_column
from memory.bubbles import FINISHED
from memory.labels import TurnLabel
from memory.store import Store
from memory.tables import (
    Bubble,
    DeadLetter,
    Event,
    EventKey,
    Message,
    MessageState,
    MetadataEntry,
    MetadataKind,
    Transcript,
    Turn,
    TurnState,
)
from phone.clock import utc

BATCH = 100
"""Rows in one transaction: a turn that wants to write meanwhile waits for some milliseconds."""

MODEL_IO: dict[str, Any] = {"instructions": None, "messages": [], "settings": {}, "tools": []}
"""What of a record is the model's, and what stands there once it was kept long enough."""


OF_THE_MEMORY = {"fact_source"}
"""Tables of which a row names a turn and is kept as long as what is remembered."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long each kind is kept."""

    webhooks: timedelta = timedelta(days=7)
    model_io: timedelta = timedelta(days=14)
    transcripts: timedelta = timedelta(days=90)
    dead_letters: timedelta = timedelta(days=30)
    dedupe: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data.

    Attributes:
        find: The ids of what is older than a time, oldest first; so many at most, all when None.
        remove: Removes what has these ids.
        term: How long it is kept, of all that is said of terms.
    """

    name: str
    find: Callable[[Session, datetime, int | None], Sequence[Any]]
    remove: Callable[[Session, Sequence[Any]], None]
    term: Callable[[Keep], timedelta]


async def sweep(store: Store, keep: Keep, *, now: float) -> dict[str, int]:
    """Remove everything that was kept long enough; how much of each kind went.

    What is to go is looked up by a reader: the writer is asked only when there is something.
    """
    done = dict[str, int]()
    for kind in KINDS:
        before = utc(now) - kind.term(keep)
        find = partial(_find, kind=kind, before=before, limit=BATCH)
        while ids := await store.read(find):
            await store.write(partial(_remove, kind=kind, ids=ids))
            done[kind.name] = done.get(kind.name, 0) + len(ids)
    return done


def overdue(session: Session, keep: Keep, *, now: float) -> dict[str, int]:
    """How much of each kind a sweep would remove now."""
    found = {kind.name: len(kind.find(session, utc(now) - kind.term(keep), None)) for kind in KINDS}
    return {name: count for name, count in found.items() if count}


def _find(session: Session, *, kind: Kind, before: datetime, limit: int) -> Sequence[Any]:
    return kind.find(session, before, limit)


def _remove(session: Session, *, kind: Kind, ids: Sequence[Any]) -> None:
    kind.remove(session, ids)


def _webhooks(session: Session, before: datetime, limit: int | None) -> Sequence[int | None]:
    full = select(Event.id).where(col(Event.received_at) < before, col(Event.body) != b"")
    return session.exec(full.order_by(col(Event.id)).limit(limit)).all()


def _empty_webhooks(session: Session, ids: Sequence[int]) -> None:
    session.exec(update(Event).where(col(Event.id).in_(ids)).values(body=b""))


def _thoughts(session: Session, before: datetime, limit: int | None) -> Sequence[str]:
    thought = _settled(before).where(col(Turn.instructions).is_not(None))
    return session.exec(thought.limit(limit)).all()


def _forget_thoughts(session: Session, turn_ids: Sequence[str]) -> None:
    theirs = col(Turn.id).in_(turn_ids)
    session.exec(update(Turn).where(theirs).values(instructions=None, messages=[], notes=None))
    records = select(Transcript).where(col(Transcript.turn_id).in_(turn_ids))
    for row in session.exec(records):
        row.record = json.dumps(json.loads(row.record) | MODEL_IO, ensure_ascii=False)
        session.add(row)


def _turns(session: Session, before: datetime, limit: int | None) -> Sequence[str]:
    return session.exec(_settled(before).limit(limit)).all()


def _settled(before: datetime) -> SelectOfScalar[str]:
    labelled = select(TurnLabel.turn_id)
    settled = select(Turn.id).where(
        Turn.state == TurnState.SETTLED,
        col(Turn.settled_at) < before,
        col(Turn.id).not_in(labelled),
    )
    return settled.order_by(col(Turn.settled_at), col(Turn.id))


def _forget_turns(session: Session, turn_ids: Sequence[str]) -> None:
    for table in tables_by_column():
        if "turn_id" in table.columns and table.name not in OF_THE_MEMORY:
            session.connection().execute(table.delete().where(table.c.turn_id.in_(turn_ids)))
    session.exec(delete(Message).where(col(Message.turn_id).in_(turn_ids), _is_not_newest()))
    session.exec(delete(Turn).where(col(Turn.id).in_(turn_ids)))


def _is_not_newest() -> Any:
    """SQLite gives the newest id out again once it is free, and records tell by it what is news."""
    return col(Message.id) < select(func.max(Message.id)).scalar_subquery()


def _messages(session: Session, before: datetime, limit: int | None) -> Sequence[int | None]:
    turns = select(Turn.id)
    of_no_turn = col(Message.turn_id).is_(None) | col(Message.turn_id).not_in(turns)
    settled = select(Message.id).where(
        Message.state == MessageState.SETTLED,
        col(Message.stored_at) < before,
        of_no_turn,
        _is_not_newest(),
    )
    return session.exec(settled.order_by(col(Message.id)).limit(limit)).all()


def _bubbles(session: Session, before: datetime, limit: int | None) -> Sequence[str]:
    loose = select(Bubble.id).where(
        col(Bubble.turn_id).is_(None),
        col(Bubble.created_at) < before,
        col(Bubble.state).in_(FINISHED),
    )
    return session.exec(loose.order_by(col(Bubble.created_at)).limit(limit)).all()


def _metadata(session: Session, before: datetime, limit: int | None) -> Sequence[int | None]:
    """Old versions of the memory; what was archived of it is part of it, and stays."""
    old = select(MetadataEntry.id).where(
        col(MetadataEntry.at) < before, MetadataEntry.kind != MetadataKind.ARCHIVED
    )
    return session.exec(old.order_by(col(MetadataEntry.id)).limit(limit)).all()


def _letters(session: Session, before: datetime, limit: int | None) -> Sequence[int | None]:
    old = select(DeadLetter.id).where(col(DeadLetter.received_at) < before)
    return session.exec(old.order_by(col(DeadLetter.id)).limit(limit)).all()


def _events(session: Session, before: datetime, limit: int | None) -> Sequence[int | None]:
    old = select(Event.id).where(col(Event.received_at) < before)
    return session.exec(old.order_by(col(Event.id)).limit(limit)).all()


def _forget_events(session: Session, ids: Sequence[int]) -> None:
    session.exec(delete(EventKey).where(col(EventKey.event_id).in_(ids)))
    session.exec(delete(Event).where(col(Event.id).in_(ids)))


def _delete(table: Any) -> Callable[[Session, Sequence[Any]], None]:
    def remove(session: Session, ids: Sequence[Any]) -> None:
        session.exec(delete(table).where(col(table.id).in_(ids)))

    return remove


KINDS = (
    Kind("webhooks", _webhooks, _empty_webhooks, lambda keep: keep.webhooks),
    Kind("model_io", _thoughts, _forget_thoughts, lambda keep: keep.model_io),
    Kind("transcripts", _turns, _forget_turns, lambda keep: keep.transcripts),
    Kind("messages", _messages, _delete(Message), lambda keep: keep.transcripts),
    Kind("bubbles", _bubbles, _delete(Bubble), lambda keep: keep.transcripts),
    Kind("metadata", _metadata, _delete(MetadataEntry), lambda keep: keep.transcripts),
    Kind("dead_letters", _letters, _delete(DeadLetter), lambda keep: keep.dead_letters),
    Kind("dedupe", _events, _forget_events, lambda keep: max(keep.dedupe, keep.webhooks)),
)
"""Every kind, in the order in which it is swept: turns before the messages of no turn."""
