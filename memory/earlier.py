"""What AgentPhone itself keeps of a conversation: talk from before us, and what answers what."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlmodel import Session, col, select

from memory import erasures
from memory.catching_up import BEFORE, Caught, ReadBack, take_in
from memory.tables import Bubble, Mailbox, Message, MessageState
from phone.clock import utc
from phone.types import Conversation
from phone.types import Message as StoredMessage
from safety.consent import BUILT_IN, Ears


def seed(
    session: Session,
    *,
    mailbox_id: int,
    conversation: Conversation,
    now: float,
    own_numbers: Collection[str] = (),
    ears: Ears = BUILT_IN,
) -> Caught:
    """On first contact, take over the talk from before our time; later calls do nothing.

    What they wrote since anybody last answered is not of the past: its webhooks were lost or are
    late. It is taken in as what was missed, so that it is answered, and a STOP in it obeyed.
    """
    mailbox = session.get_one(Mailbox, mailbox_id)
    if mailbox.history_seeded:
        return Caught()
    mailbox.history_seeded = True
    known = _known(session, [message.id for message in conversation.messages])
    stored = erasures.unerased(session, conversation.messages, conversation)
    unknown = [message for message in stored if message.id not in known]
    unknown.sort(key=lambda message: (message.received_at, message.id))
    said = [place for place, message in enumerate(unknown, 1) if message.direction == "outbound"]
    past = unknown[: max(said, default=0)]
    for message in past:
        session.add(_row(mailbox, message, now))
        mailbox.next_ref += 1
    session.add(mailbox)
    missed = [ReadBack(conversation, unknown[len(past) :])]
    return take_in(session, missed, now=now, own_numbers=own_numbers, ears=ears)


def _known(session: Session, ids: Sequence[str]) -> set[str | None]:
    received = session.exec(select(Message.message_id).where(col(Message.message_id).in_(ids)))
    sent = session.exec(select(Bubble.message_id).where(col(Bubble.message_id).in_(ids)))
    return {*received, *sent}


def _row(mailbox: Mailbox, message: StoredMessage, now: float) -> Message:
    return Message(
        mailbox_id=mailbox.id or 0,
        ref=mailbox.next_ref,
        message_id=message.id,
        direction=message.direction,
        sender=message.sender_identifier or message.from_number,
        text=message.body,
        media=message.media_urls or ([message.media_url] if message.media_url else []),
        channel=message.channel or mailbox.channel,
        reply_to_message_id=message.reply_to.message_id if message.reply_to else None,
        state=MessageState.SETTLED,
        outcome=BEFORE,
        received_at=message.received_at,
        stored_at=utc(now),
    )


def note_reply_targets(
    session: Session, *, mailbox_id: int, stored: Sequence[StoredMessage]
) -> None:
    """Learn which message an inbound one answers in thread: only the stored message says."""
    targets = {m.id: m.reply_to.message_id for m in stored if m.reply_to is not None}
    rows = select(Message).where(
        Message.mailbox_id == mailbox_id,
        col(Message.message_id).in_(targets),
        col(Message.reply_to_message_id).is_(None),
    )
    for row in session.exec(rows):
        row.reply_to_message_id = targets[row.message_id or ""]
        session.add(row)
