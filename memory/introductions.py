"""Who has been told that an AI writes, and on SMS how to stop: with which bubble, and when."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from sqlmodel import Field, Session, SQLModel, col, func, or_, select

from memory.columns import UTCDateTime
from memory.tables import Bubble, BubbleState, Mailbox, Message
from phone.clock import utc
from safety.disclosure import REMIND_AFTER, Introduction, introduction_due, reminder_due

NEVER_ARRIVED = (BubbleState.REJECTED, BubbleState.CANCELLED, BubbleState.EXPIRED)
"""States of a bubble with which nobody was told anything."""


class IntroductionTold(SQLModel, table=True):
    """One introduction, written together with the bubble that carries it.

    Attributes:
        participant: A person's handle, for all our numbers; or the id of the group.
        kind: `sms` (with brand and how to stop), `imessage` or `reminder`.
    """

    __tablename__ = "introduction"

    bubble_id: str = Field(primary_key=True)
    participant: str = Field(index=True)
    kind: str
    at: datetime = Field(sa_type=UTCDateTime)


def due(
    session: Session, *, mailbox_id: int, now: float, channel: str | None = None
) -> Introduction | None:
    """Which introduction the next bubble here is to carry; None when they have been told.

    A bubble that may have arrived counts: nobody is told twice.

    Args:
        channel: What it goes out on; None for what they last wrote on.
    """
    mailbox = session.get_one(Mailbox, mailbox_id)
    told_at = _told(session, mailbox)
    return introduction_due(told_at, channel=channel or mailbox.channel, now=utc(now))


def reminds(session: Session, *, mailbox_id: int, now: float) -> bool:
    """Whether the next bubble here is to remind them: the conversation has gone on for so long."""
    mailbox = session.get_one(Mailbox, mailbox_id)
    wrote = select(Message.received_at).where(
        Message.mailbox_id == mailbox_id,
        Message.direction == "inbound",
        col(Message.received_at) > utc(now) - 2 * REMIND_AFTER,
    )
    return reminder_due(_told(session, mailbox), session.exec(wrote), now=utc(now))


def _told(session: Session, mailbox: Mailbox) -> dict[Introduction, datetime]:
    """When whoever is in this conversation was last told, in which words."""
    whom = mailbox.group_id or mailbox.participant
    told = (
        select(IntroductionTold.kind, func.max(IntroductionTold.at))
        .outerjoin(Bubble, col(Bubble.id) == IntroductionTold.bubble_id)
        .where(IntroductionTold.participant == whom)
        .where(or_(col(Bubble.id).is_(None), col(Bubble.state).not_in(NEVER_ARRIVED)))
        .group_by(IntroductionTold.kind)
    )
    return {cast("Introduction", kind): at for kind, at in session.exec(told)}


def note(session: Session, bubble: Bubble, mailbox: Mailbox, kind: Introduction) -> None:
    """Write down that this bubble introduces us, in the transaction that writes it."""
    session.add(
        IntroductionTold(
            bubble_id=bubble.id,
            participant=mailbox.group_id or mailbox.participant,
            kind=kind,
            at=bubble.created_at,
        )
    )
