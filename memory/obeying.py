"""What a person's STOP and START do, in the transaction that stores their message."""

from __future__ import annotations

from sqlmodel import Session, col, select

from memory.alerts import raise_alert
from memory.consents import opted_out, record_consent
from memory.tables import Mailbox, Message
from memory.turns import Claim, LeaseLost, held
from phone.types import InboundMessage
from safety.consent import Keyword, keyword


def has_a_later_word(session: Session, inbound: InboundMessage) -> bool:
    """Whether they said STOP or START after this, which reached us before it: the later holds."""
    later = select(Message.text, Message.keyword).where(
        Message.sender == inbound.from_handle,
        Message.direction == "inbound",
        col(Message.received_at) > inbound.received_at,
    )
    words = (Keyword.STOP, Keyword.START)
    return any(kept in words or keyword(text) in words for text, kept in session.exec(later))


def obey(
    session: Session,
    inbound: InboundMessage,
    word: Keyword | None,
    *,
    how: str,
    was_out: bool,
    now: float,
) -> Keyword | None:
    """Do what a consent word asks, in the ledger. None: the text is conversation.

    START is conversation to somebody who never stopped, and in a group HELP is meant for the group;
    but a member's STOP is theirs wherever it is said, and silences us in that group as well, for
    nobody can be left out of one. Only who said STOP can undo it. On iMessage HELP is conversation
    as well, which the agent answers; the carriers ask for the static words on SMS. In a group a
    crisis is not answered before everybody's eyes: only a person is called.

    Args:
        how: `keyword` or `words`: how they said it.
    """
    if word is Keyword.CRISIS and inbound.group:
        return None
    if word is Keyword.HELP and (inbound.group or (inbound.channel == "imessage" and not was_out)):
        return None
    if word is Keyword.START and not was_out:
        return None
    if word is Keyword.START or (word is Keyword.STOP and not was_out):
        for whom in (inbound.from_handle, *([inbound.group.group_id] if inbound.group else [])):
            record_consent(
                session,
                whom,
                opted_out=word is Keyword.STOP,
                how=how,
                evidence=inbound.text,
                message_id=inbound.message_id,
                now=now,
            )
    return word


def call_a_person(
    session: Session, inbound: InboundMessage, mailbox_id: int, *, now: float
) -> None:
    """Somebody may harm themselves: the agent is silent from here on, and a person is called.

    In a group it is not silenced: the others may talk to it.
    """
    raise_alert(
        session,
        mailbox_id,
        kind="crisis",
        pauses=inbound.group is None,
        message_id=inbound.message_id,
        now=now,
    )


def opted_out_by_model(
    session: Session, *, claim: Claim, message_id: str | None, words: str, now: float
) -> None:
    """Do what STOP does, for words that only the model understood. Again, and nothing happens.

    Args:
        message_id: Who wrote it asked for it: in a group one of several.

    Raises:
        LeaseLost: The conversation is somebody else's now.
    """
    if not held(session, claim):
        raise LeaseLost(f"{claim.owner} no longer holds mailbox {claim.mailbox_id}")
    mailbox = session.get_one(Mailbox, claim.mailbox_id)
    sender = session.exec(select(Message.sender).where(Message.message_id == message_id)).first()
    person = sender or mailbox.participant
    for whom in (person, *([mailbox.group_id] if mailbox.group_id else [])):
        if not opted_out(session, whom):
            record_consent(
                session,
                whom,
                opted_out=True,
                how="model",
                evidence=words,
                message_id=message_id,
                now=now,
            )
