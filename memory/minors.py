"""Who has said that they are under age: kept until an operator knows better.

    "I'm 15" ─▶ a minor: the agent's instructions say so, and nothing is texted first
    "I'm 12" ─▶ a child: static words, silence to them on every number, and a person is called

Only which of the two it is is kept, not the age. Saying "I'm 18 after all" changes nothing: whoever
wants what a minor does not get would say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Field, Session, SQLModel, col, select

from memory.alerts import raise_alert, resolve
from memory.columns import UTCDateTime
from memory.tables import Bubble, Mailbox, Message
from phone.clock import utc
from phone.explained import Explained
from phone.types import InboundMessage
from safety.minors import CHILD, age_alone, asks_for_age, stated_age

KIND = "child"
"""The kind of the alert for somebody under 13."""

DROPPED_CHILD = "dropped(child)"
"""The outcome of what a child writes: nobody answers it."""


class MinorFlag(SQLModel, table=True):
    """That somebody has said that they are under age.

    Attributes:
        participant: Their handle, on all our numbers.
        is_child: Under 13.
        message_id: Where they said so, at AgentPhone; None when an operator did.
        flagged_by: `rule`, or which operator.
        cleared_at, cleared_by: When an operator took it away, and who; None while it stands.
    """

    __tablename__ = "minor"

    id: int | None = Field(default=None, primary_key=True)
    participant: str = Field(index=True)
    is_child: bool
    message_id: str | None = None
    flagged_by: str = "rule"
    at: datetime = Field(sa_type=UTCDateTime)
    cleared_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    cleared_by: str | None = None


class NoSuchFlag(Explained, LookupError):
    """Nobody has flagged this person; the text says how to see who is."""


def standing(session: Session, *participants: str) -> Sequence[MinorFlag]:
    """The flags that stand for any of these."""
    theirs = col(MinorFlag.participant).in_(participants), col(MinorFlag.cleared_at).is_(None)
    return session.exec(select(MinorFlag).where(*theirs)).all()


def is_minor(session: Session, *participants: str) -> bool:
    """Whether any of these is under age, as far as they have said so."""
    return bool(standing(session, *participants))


def is_child(session: Session, participant: str) -> bool:
    """Whether this person is under 13, as far as they have said so."""
    return any(flag.is_child for flag in standing(session, participant))


def minors_in(session: Session, mailbox_id: int) -> bool:
    """Whether anybody who has written in this conversation is under age."""
    wrote = select(Message.sender).where(Message.mailbox_id == mailbox_id).distinct()
    theirs = col(MinorFlag.participant).in_(wrote), col(MinorFlag.cleared_at).is_(None)
    return session.exec(select(MinorFlag.id).where(*theirs).limit(1)).first() is not None


def hear_age(session: Session, inbound: InboundMessage, *, now: float) -> bool:
    """Flag whoever says here that they are under age; whether they are a child, now first known."""
    age = stated_age(inbound.text, year=utc(now).year)
    if age is None and (alone := age_alone(inbound.text)) is not None:
        age = alone if _were_asked(session, inbound) else None
    if age is None:
        return False
    by_child = age < CHILD
    known = standing(session, inbound.from_handle)
    if any(flag.is_child >= by_child for flag in known):
        return False
    flag(session, inbound.from_handle, is_child=by_child, message_id=inbound.message_id, now=now)
    return by_child


def call_for_child(
    session: Session, inbound: InboundMessage, mailbox_id: int, *, now: float
) -> None:
    """A child writes to us: the agent is silent from here on, and a person is called.

    In a group it goes on with the others.
    """
    raise_alert(
        session,
        mailbox_id,
        kind=KIND,
        pauses=inbound.group is None,
        message_id=inbound.message_id,
        now=now,
    )


def flag(
    session: Session,
    participant: str,
    *,
    is_child: bool,
    message_id: str | None = None,
    by: str = "rule",
    now: float,
) -> None:
    """Treat this person as under age from now on."""
    session.add(
        MinorFlag(
            participant=participant,
            is_child=is_child,
            message_id=message_id,
            flagged_by=by,
            at=utc(now),
        )
    )
    session.flush()


def clear(session: Session, participant: str, *, by: str, now: float) -> int:
    """Somebody was flagged by mistake: the agent may text with them as with anybody.

    What a person was called for because of it is seen to with that.

    Returns:
        How many flags stood.

    Raises:
        NoSuchFlag: None did.
    """
    flags = standing(session, participant)
    if not flags:
        raise NoSuchFlag(f"Nobody has flagged {participant}; see: threedots minors list")
    for each in flags:
        each.cleared_at, each.cleared_by = utc(now), by
        session.add(each)
    theirs = select(Mailbox.id).where(
        Mailbox.participant == participant, col(Mailbox.is_group).is_(False)
    )
    for mailbox_id in session.exec(theirs).all():
        resolve(session, mailbox_id or 0, kind=KIND, by=by, now=now)
    return len(flags)


def listed(session: Session, *, every: bool = False) -> list[dict[str, Any]]:
    """The flags that stand, or all of them, newest first, as JSON values."""
    rows = select(MinorFlag)
    if not every:
        rows = rows.where(col(MinorFlag.cleared_at).is_(None))
    found = session.exec(rows.order_by(col(MinorFlag.id).desc()))
    return [each.model_dump(mode="json") for each in found]


def _were_asked(session: Session, inbound: InboundMessage) -> bool:
    """Whether the last thing we said to them asked how old they are."""
    said = (
        select(Bubble.text)
        .join(Mailbox, col(Mailbox.id) == Bubble.mailbox_id)
        .where(
            Mailbox.participant == inbound.from_handle,
            Mailbox.number == inbound.to_number,
            col(Mailbox.is_group).is_(False),
        )
        .order_by(col(Bubble.position).desc())
    )
    text = session.exec(said.limit(1)).first()
    return inbound.group is None and text is not None and asks_for_age(text)
