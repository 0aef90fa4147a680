"""What somebody who looks at turns can see beyond their records: running ones, and the webhooks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, or_, select

from memory.recording import record_so_far
from memory.tables import Event, Mailbox, Message, Turn, TurnState

Known = Mapping[str, dict[str, Any]]
"""What runs know of their turns (`memory.notes.Notes`, as JSON), by the turns' ids."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a message reached us.

    Attributes:
        refs: The messages it brought: `m12`.
        event: AgentPhone's name of the event; `catch_up` for one that was read back.
        duplicates: How often it was delivered once more, which changed nothing.
        body: The signed JSON; None when it is no longer kept.
    """

    refs: list[str]
    webhook_id: str
    event: str
    received_at: datetime
    duplicates: int
    body: Any


def running(
    session: Session, *, conversation: str | None, notes: Known, now: float
) -> list[dict[str, Any]]:
    """The turns that have not ended, newest first, as far as they are.

    Args:
        conversation: AgentPhone's id of one conversation; None for all.
        notes: Of the turns that run in this process, by their ids, as JSON: they know more than
            the database.
    """
    found = select(Turn, Mailbox).join(Mailbox, col(Mailbox.id) == Turn.mailbox_id)
    found = found.where(Turn.state == TurnState.RUNNING).order_by(col(Turn.started_at).desc())
    if conversation is not None:
        found = found.where(Mailbox.conversation_id == conversation)
    return [_so_far(session, *row, notes=notes, now=now) for row in session.exec(found).all()]


def still_running(
    session: Session, turn_id: str, *, notes: Known, now: float
) -> dict[str, Any] | None:
    """One of them; None when it has ended, or there is none."""
    found = select(Turn, Mailbox).join(Mailbox, col(Mailbox.id) == Turn.mailbox_id)
    row = session.exec(found.where(Turn.id == turn_id, Turn.state == TurnState.RUNNING)).first()
    return _so_far(session, *row, notes=notes, now=now) if row else None


def arrivals(session: Session, message_ids: Sequence[str], turn_id: str) -> list[Arrival]:
    """How a turn's messages reached us, and others by AgentPhone's id, oldest first."""
    found = select(Message, Event).join(Event, col(Event.id) == Message.event_id)
    found = found.where(
        or_(col(Message.turn_id) == turn_id, col(Message.message_id).in_(message_ids))
    )
    rows = session.exec(found.order_by(col(Event.id), col(Message.ref))).all()
    by_event: dict[int | None, tuple[Event, list[str]]] = {}
    for message, event in rows:
        by_event.setdefault(event.id, (event, []))[1].append(f"m{message.ref}")
    return [_arrival(event, refs) for event, refs in by_event.values()]


def _so_far(
    session: Session, turn: Turn, mailbox: Mailbox, *, notes: Known, now: float
) -> dict[str, Any]:
    session.expunge(turn)  # it is filled in for showing, which must change nothing
    turn.notes = notes.get(turn.id, turn.notes)
    record: dict[str, Any] = json.loads(record_so_far(session, turn, mailbox, now=now))
    return record


def _arrival(event: Event, refs: list[str]) -> Arrival:
    try:
        body = json.loads(event.body) if event.body else None
    except ValueError:
        body = None
    return Arrival(
        refs=refs,
        webhook_id=event.webhook_id,
        event=event.event,
        received_at=event.received_at,
        duplicates=event.duplicates,
        body=body,
    )
