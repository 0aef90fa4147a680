"""Which stored message is which bubble: how an unknown fate becomes a known one.

AgentPhone takes no reference of ours along, so a bubble is known again by its words, its number of
pictures and its time. A message that fits confirms it. That none fits proves nothing: a history
may lag behind, and a send is never repeated for want of a trace.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from sqlmodel import Session, col, or_, select

from memory.bubbles import LANDED, finish
from memory.consents import believe_the_carrier
from memory.tables import Bubble, BubbleState, Mailbox, Message
from phone.clock import utc
from phone.types import Message as StoredMessage

BEFORE = timedelta(seconds=120)
"""How much earlier than its dispatch a bubble's message may be dated: clocks differ."""

AFTER = timedelta(minutes=30)
"""How much later. What is dated after that is somebody else saying the same."""

FAILED = frozenset({"failed", "undelivered", "rejected", "canceled", "cancelled"})
"""Statuses of a stored message that did not get through. AgentPhone publishes no list; these are
the words its clients guard against."""

LOOKS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=24))
"""When after its dispatch a bubble of unknown fate is looked for again; after the last it is
unresolved."""

LOOK_AGAIN = timedelta(minutes=1)
"""Time until the next look when AgentPhone could not be read."""

KEPT = 50
"""Ids of other people's outbound messages kept for a conversation."""

Fingerprint = tuple[str, int]


def fingerprint(text: str, pictures: int) -> Fingerprint:
    """What a message is known by: its words, however spaced or composed, and how many pictures."""
    return " ".join(unicodedata.normalize("NFC", text).split()), pictures


def confirm(
    session: Session, *, mailbox_id: int, stored: Iterable[StoredMessage], now: float
) -> list[Bubble]:
    """Give each bubble of unknown fate its message if it is among these; return those that got one.

    Oldest first, and no message twice. One that AgentPhone says has failed makes its bubble
    rejected. While a bubble with the same words is under way, nobody can tell whose a message is.
    """
    mailbox = session.get_one(Mailbox, mailbox_id, with_for_update=True)
    unknown = unknown_in(session, mailbox_id=mailbox_id)
    if not unknown:
        return []
    under_way = {of_bubble(bubble) for bubble in _dispatched(session, mailbox_id)}
    free = unclaimed(session, mailbox, stored)
    found = []
    for bubble in unknown:
        theirs = [] if of_bubble(bubble) in under_way else _match(bubble, free)
        if theirs:
            _claim(bubble, theirs[0], now)
            _set_aside(mailbox, [message.id for message in theirs[1:]])
            free = [message for message in free if message not in theirs]
            found.append(bubble)
    session.add_all([mailbox, *found])
    session.flush()
    return found


def confirm_by_copy(
    session: Session, *, conversation_id: str, message: StoredMessage, now: float
) -> list[Bubble]:
    """The same for a copy of our own message that came as a webhook."""
    here = select(Mailbox.id).where(Mailbox.conversation_id == conversation_id)
    mailbox_id = session.exec(here).first()
    if mailbox_id is None:
        return []
    return confirm(session, mailbox_id=mailbox_id, stored=[message], now=now)


def unknown_in(session: Session, *, mailbox_id: int) -> list[Bubble]:
    """The bubbles of a conversation whose fate is unknown, oldest first."""
    unknown = select(Bubble).where(
        Bubble.mailbox_id == mailbox_id, Bubble.state == BubbleState.UNCONFIRMED
    )
    return list(session.exec(unknown.order_by(col(Bubble.position))))


def is_news(session: Session, *, mailbox_id: int, stored: Sequence[StoredMessage]) -> bool:
    """Whether `learn` would find anything in these messages, so that most turns need no write."""
    if unknown_in(session, mailbox_id=mailbox_id) or _undelivered(session, mailbox_id, stored):
        return True
    return bool(unclaimed(session, session.get_one(Mailbox, mailbox_id), stored))


def learn(
    session: Session, *, mailbox_id: int, stored: Sequence[StoredMessage], now: float
) -> None:
    """Keep what a conversation, read as a turn begins, tells of our bubbles.

    What went out after all, what AgentPhone took and could not deliver, and what is not ours.
    """
    confirm(session, mailbox_id=mailbox_id, stored=stored, now=now)
    for bubble, reason in _undelivered(session, mailbox_id, stored):
        bubble.delivery, bubble.reason, bubble.learnt_at = "failed", reason, utc(now)
        believe_the_carrier(session, bubble, now=now)
        session.add(bubble)
    mailbox = session.get_one(Mailbox, mailbox_id)
    unsettled = {
        of_bubble(bubble)
        for bubble in [
            *unknown_in(session, mailbox_id=mailbox_id),
            *_dispatched(session, mailbox_id),
        ]
    }
    foreign = [
        message.id
        for message in unclaimed(session, mailbox, stored)
        if of_message(message) not in unsettled
    ]
    _set_aside(mailbox, foreign)
    session.add(mailbox)


def due_for_a_look(session: Session, *, now: float) -> list[Mailbox]:
    """The conversations that should be read back now for a bubble of unknown fate."""
    due = select(Bubble.mailbox_id).where(
        Bubble.state == BubbleState.UNCONFIRMED,
        or_(col(Bubble.look_at).is_(None), col(Bubble.look_at) <= utc(now)),
    )
    return list(session.exec(select(Mailbox).where(col(Mailbox.id).in_(due))))


def looked(session: Session, *, mailbox_id: int, was_read: bool, now: float) -> list[Bubble]:
    """Plan the next look for what was looked for; return what nobody will find out any more."""
    given_up = []
    for bubble in unknown_in(session, mailbox_id=mailbox_id):
        if bubble.look_at is not None and bubble.look_at > utc(now):
            continue
        left_at = bubble.dispatched_at or bubble.created_at
        later = [left_at + after for after in LOOKS if left_at + after > utc(now)]
        if not later:
            finish(bubble, BubbleState.UNRESOLVED, now, bubble.code, bubble.reason)
            given_up.append(bubble)
        else:
            bubble.look_at = later[0] if was_read else min(later[0], utc(now) + LOOK_AGAIN)
        session.add(bubble)
    return given_up


def _match(bubble: Bubble, free: Sequence[StoredMessage]) -> list[StoredMessage]:
    """The messages a bubble became, oldest first: one, or for a carousel one for each picture."""
    left_at = bubble.dispatched_at or bubble.created_at
    near = [m for m in free if left_at - BEFORE <= m.received_at <= left_at + AFTER]
    whole = [message for message in near if of_message(message) == of_bubble(bubble)]
    if whole:
        return whole[:1]
    pictures = len(bubble.media)
    single = [message for message in near if of_message(message) == ("", 1)]
    is_carousel = pictures > 1 and not bubble.text.strip()
    return single[:pictures] if is_carousel and len(single) >= pictures else []


def _claim(bubble: Bubble, message: StoredMessage, now: float) -> None:
    bubble.message_id = message.id
    bubble.channel = message.delivered_channel or message.channel
    bubble.learnt_at = utc(now)
    if bubble.reply_to_message_id is not None:
        bubble.threaded = message.reply_to is not None
    if message.status in FAILED:
        finish(bubble, BubbleState.REJECTED, now, "undelivered", _why(message))
    else:
        finish(bubble, BubbleState.CONFIRMED_LATE, now, bubble.code, bubble.reason)


def unclaimed(
    session: Session, mailbox: Mailbox, stored: Iterable[StoredMessage]
) -> list[StoredMessage]:
    """The outbound ones that are nobody's yet, in order of time."""
    outbound = [message for message in stored if message.direction == "outbound"]
    ids = [message.id for message in outbound]
    ours = session.exec(select(Bubble.message_id).where(col(Bubble.message_id).in_(ids)))
    earlier = session.exec(select(Message.message_id).where(col(Message.message_id).in_(ids)))
    known: Collection[str | None] = {*ours, *earlier, *mailbox.others}
    free = [message for message in outbound if message.id not in known]
    return sorted(free, key=lambda message: (message.received_at, message.id))


def _undelivered(
    session: Session, mailbox_id: int, stored: Sequence[StoredMessage]
) -> list[tuple[Bubble, str]]:
    """Bubbles that AgentPhone took and then could not deliver, not noted yet, each with why."""
    failed = {message.id: message for message in stored if message.status in FAILED}
    if not failed:
        return []
    taken = select(Bubble).where(
        Bubble.mailbox_id == mailbox_id,
        col(Bubble.message_id).in_(failed),
        col(Bubble.state).in_(LANDED),
        col(Bubble.delivery).is_(None),
    )
    return [(bubble, _why(failed[bubble.message_id or ""])) for bubble in session.exec(taken)]


def _dispatched(session: Session, mailbox_id: int) -> Sequence[Bubble]:
    return session.exec(
        select(Bubble).where(
            Bubble.mailbox_id == mailbox_id, Bubble.state == BubbleState.DISPATCHED
        )
    ).all()


def _set_aside(mailbox: Mailbox, message_ids: Sequence[str]) -> None:
    """Remember messages that no bubble may ever claim."""
    if message_ids:
        mailbox.others = [*mailbox.others, *message_ids][-KEPT:]


def of_bubble(bubble: Bubble) -> Fingerprint:
    """What a bubble is known by."""
    return fingerprint(bubble.text, len(bubble.media))


def of_message(message: StoredMessage) -> Fingerprint:
    """What a stored message is known by."""
    pictures = len(message.media_urls) or (1 if message.media_url else 0)
    return fingerprint(message.body, pictures)


def _why(message: StoredMessage) -> str:
    return message.failure_reason or f"AgentPhone lists it as {message.status}."
