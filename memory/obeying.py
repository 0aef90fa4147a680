"""What a person's STOP and START do, in the transaction that stores their message."""

from __future__ import annotations

from sqlmodel import Session, col, select

from memory.consents import record_consent
from memory.tables import Message
from phone.types import InboundMessage
from safety.consent import Keyword, keyword


def has_a_later_word(session: Session, inbound: InboundMessage) -> bool:
    """Whether they said STOP or START after this, which reached us before it: the later holds."""
    later = select(Message.text).where(
        Message.sender == inbound.from_handle,
        Message.direction == "inbound",
        col(Message.received_at) > inbound.received_at,
    )
    return any(keyword(text) in (Keyword.STOP, Keyword.START) for text in session.exec(later))


def obey(
    session: Session,
    inbound: InboundMessage,
    word: Keyword | None,
    *,
    was_out: bool,
    now: float,
) -> Keyword | None:
    """Do what a consent word asks, in the ledger. None: the text is conversation.

    START is conversation to somebody who never stopped, and in a group HELP is meant for the group;
    but a member's STOP is theirs wherever it is said, and silences us in that group as well, for
    nobody can be left out of one. Only who said STOP can undo it.
    """
    if (word is Keyword.HELP and inbound.group) or (word is Keyword.START and not was_out):
        return None
    if word is Keyword.START or (word is Keyword.STOP and not was_out):
        for whom in (inbound.from_handle, *([inbound.group.group_id] if inbound.group else [])):
            record_consent(
                session,
                whom,
                opted_out=word is Keyword.STOP,
                how="keyword",
                evidence=inbound.text,
                message_id=inbound.message_id,
                now=now,
            )
    return word
