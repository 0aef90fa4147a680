"""Tapbacks that come as texts, because SMS has none: found again by the words they quote."""

from __future__ import annotations

from sqlmodel import Session, col, select

from memory.mailboxes import address, find_mailbox
from memory.tables import Bubble, BubbleState
from phone.tapbacks import TextTapback, tapback_in_text
from phone.types import Ignored, Inbound, InboundMessage, InboundReaction

ON_SMS = ("sms", "mms")


def as_tapback(session: Session, inbound: Inbound) -> Inbound:
    """A text such as `Liked “See you at six”` as the tapback it is; everything else as it came.

    In a conversation we do not know it stays a text: there is nothing it could be about. Taking a
    tapback back is only kept as an event.
    """
    if not isinstance(inbound, InboundMessage) or inbound.channel not in ON_SMS:
        return inbound
    read = None if inbound.media_urls else tapback_in_text(inbound.text)
    if read is None:
        return inbound
    if read.removed:
        return Ignored(webhook_id=inbound.webhook_id, event="agent.message", why="tapback_removed")
    tapback = InboundReaction(
        webhook_id=inbound.webhook_id,
        agent_id=inbound.agent_id,
        conversation_id=inbound.conversation_id,
        number_id=inbound.number_id,
        from_handle=inbound.from_handle,
        to_number=inbound.to_number,
        reaction=read.reaction,
        target_text=read.quoted,
        channel=inbound.channel,
        created_at=inbound.received_at,
    )
    where = address(inbound.to_number, inbound.from_handle)
    mailbox = find_mailbox(session, inbound.conversation_id, where=where)
    if mailbox is None or mailbox.id is None:
        return inbound
    return tapback.model_copy(update={"message_id": _quoted(session, mailbox.id, read)})


def _quoted(session: Session, mailbox_id: int, read: TextTapback) -> str | None:
    """The newest bubble of ours with these words, or with a picture; None if it is not ours."""
    ours = select(Bubble).where(
        Bubble.mailbox_id == mailbox_id,
        col(Bubble.state).in_((BubbleState.CONFIRMED, BubbleState.CONFIRMED_LATE)),
    )
    for bubble in session.exec(ours.order_by(col(Bubble.position).desc()).limit(50)):
        begins = read.quoted is not None and bubble.text.startswith(read.quoted.rstrip("…"))
        if begins or (read.quoted is None and bubble.media):
            return bubble.message_id
    return None
