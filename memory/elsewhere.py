"""Telling a person's words from the agent's own among what AgentPhone shows as outbound.

Nothing there says who wrote a message. What is in our outbox, or sounds like something we sent in
those minutes, is ours. So is what is older than our conversation, or than a restored database. What
comes right upon STOP, START or HELP is the carrier's. Everything else a person wrote, or a program
of the owner's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from memory.confirming import (
    AFTER,
    BEFORE,
    FAILED,
    confirm_by_copy,
    learn,
    of_bubble,
    of_message,
    unclaimed,
)
from memory.keepsakes import DeploymentKey
from memory.overheard import keep
from memory.tables import Bubble, Mailbox, Message
from phone.clock import utc
from phone.types import Message as StoredMessage

RESTORED_AT = "restored at"
"""Under which name a database keeps when it was last put back from a copy."""

KNOWN_FOR = timedelta(days=1)
"""How old words may be that are read back and in nobody's outbox, and still count as a person's.
What is older may be our own, and kept long enough."""

ANSWERS_A_WORD = timedelta(minutes=5)
"""How soon after STOP, START or HELP a text that is not ours is the carrier's answer to it."""


def read_back(
    session: Session,
    *,
    mailbox_id: int,
    stored: Iterable[StoredMessage],
    held_for: timedelta,
    now: float,
) -> None:
    """Keep what a conversation, read as a turn begins, tells of people's words and of bubbles."""
    found = list(stored)
    mailbox = session.get_one(Mailbox, mailbox_id, with_for_update=True)
    young = [one for one in found if utc(now) - one.received_at < KNOWN_FOR]
    for message in theirs(session, mailbox, young):
        keep(session, mailbox, message, held_for=held_for, now=now)
    learn(session, mailbox_id=mailbox_id, stored=found, now=now)


def read_copy(
    session: Session,
    *,
    conversation_id: str,
    message: StoredMessage,
    held_for: timedelta,
    now: float,
) -> list[Bubble]:
    """The same for the copy of an outbound message in a webhook: the bubbles that it confirms."""
    confirmed = confirm_by_copy(session, conversation_id=conversation_id, message=message, now=now)
    here = select(Mailbox).where(Mailbox.conversation_id == conversation_id)
    mailbox = session.exec(here.with_for_update()).first()
    if mailbox is not None and theirs(session, mailbox, [message]):
        keep(session, mailbox, message, held_for=held_for, now=now)
    return confirmed


def theirs(
    session: Session, mailbox: Mailbox, stored: Iterable[StoredMessage]
) -> list[StoredMessage]:
    """Those of these messages that a person wrote in our place and nobody has noted yet."""
    free = [one for one in unclaimed(session, mailbox, stored) if one.status not in FAILED]
    if not free:
        return []
    since = _our_time(session, mailbox)
    return [
        one
        for one in free
        if one.received_at >= since
        and one.channel != "voice"
        and not _sounds_like_us(session, mailbox, one)
        and not _answers_a_word(session, mailbox, one)
    ]


def _our_time(session: Session, mailbox: Mailbox) -> datetime:
    """Since when our outbox tells of everything that we have sent here."""
    stamp = session.get(DeploymentKey, RESTORED_AT)
    restored = datetime.fromisoformat(stamp.key) if stamp is not None else mailbox.created_at
    return max(mailbox.created_at, restored)


def _sounds_like_us(session: Session, mailbox: Mailbox, message: StoredMessage) -> bool:
    """Whether we said the same in those minutes: a lost answer's message, or one that came twice.

    Of a carousel each picture is a message.
    """
    near = select(Bubble).where(
        Bubble.mailbox_id == mailbox.id,
        col(Bubble.dispatched_at) >= message.received_at - AFTER,
        col(Bubble.dispatched_at) <= message.received_at + BEFORE,
    )
    told = of_message(message)
    for bubble in session.exec(near):
        words, pictures = of_bubble(bubble)
        if (words, pictures) == told or (not words and pictures > 1 and told == ("", 1)):
            return True
    return False


def _answers_a_word(session: Session, mailbox: Mailbox, message: StoredMessage) -> bool:
    word = select(Message.id).where(
        Message.mailbox_id == mailbox.id,
        col(Message.keyword).in_(("stop", "start", "help")),
        col(Message.received_at) <= message.received_at,
        col(Message.received_at) > message.received_at - ANSWERS_A_WORD,
    )
    return session.exec(word.limit(1)).first() is not None
