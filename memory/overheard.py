"""What a person wrote in the agent's place somewhere else: in AgentPhone's dashboard, by its app.

It is kept as a person's words, and whoever wrote them holds the conversation from then on. Nobody
tells us when they are done: they count as gone when they have not shown for a while.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, col, select

from memory.tables import Mailbox, Message, MessageState
from memory.takeovers import ELSEWHERE, hand_back, hold_from_elsewhere, ongoing
from phone.clock import utc
from phone.types import Message as StoredMessage

BY_A_PERSON = "by_a_person"
"""The outcome of an outbound message that a person wrote, and not the agent."""

MISTAKEN = "it was the agent's own"
"""Who ended a takeover for words that turned out to be the agent's."""


def keep(
    session: Session,
    mailbox: Mailbox,
    message: StoredMessage,
    *,
    held_for: timedelta,
    now: float,
) -> Message:
    """Keep these words as a person's; the agent is silent if they were written of late.

    Args:
        held_for: How long whoever wrote holds the conversation; zero: not at all.
    """
    row = Message(
        mailbox_id=mailbox.id or 0,
        ref=mailbox.next_ref,
        message_id=message.id,
        direction="outbound",
        sender=message.from_number or mailbox.number,
        text=message.body,
        media=message.media_urls or ([message.media_url] if message.media_url else []),
        channel=message.channel or mailbox.channel,
        state=MessageState.SETTLED,
        outcome=BY_A_PERSON,
        received_at=message.received_at,
        stored_at=utc(now),
    )
    mailbox.next_ref += 1
    session.add_all([row, mailbox])
    session.flush()
    if message.received_at + held_for > utc(now):
        hold_from_elsewhere(
            session, mailbox.id or 0, by=ELSEWHERE, seen_at=message.received_at, now=now
        )
    return row


def take_back(session: Session, message_id: str, *, now: float) -> None:
    """AgentPhone's own answer says that this message is ours: nobody else wrote it, nobody came."""
    ours = select(Message).where(Message.message_id == message_id, Message.outcome == BY_A_PERSON)
    row = session.exec(ours).first()
    if row is None:
        return
    mailbox_id = row.mailbox_id
    session.delete(row)
    session.flush()
    held = ongoing(session, mailbox_id)
    if held is None or held.claimed_by != ELSEWHERE:
        return
    others = select(Message.id).where(
        Message.mailbox_id == mailbox_id,
        Message.outcome == BY_A_PERSON,
        col(Message.stored_at) >= held.began_at,
    )
    if session.exec(others.limit(1)).first() is None:
        hand_back(session, mailbox_id, by=MISTAKEN, now=now)
