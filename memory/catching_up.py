"""What was written while we were away, read back from AgentPhone and taken in like a webhook.

Nobody delivers a webhook for ever. What was missed is stored in the order it was written, under the
same keys as its webhook would be: whichever comes second is the duplicate.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, or_, select

from memory import elsewhere, erasures
from memory.inbox import Receipt, accept
from memory.mailboxes import address, find_mailbox
from memory.overheard import keep
from memory.tables import Bubble, BubbleState, EventKey, Mailbox, Message, MessageState
from phone.clock import utc
from phone.types import Conversation, Group, InboundMessage
from phone.types import Message as StoredMessage
from phone.webhook import dedupe_keys
from safety.consent import BUILT_IN, Ears

FRESH_FOR = timedelta(minutes=15)
"""How old a missed text may be and still be answered; after that an answer out of the blue is
worse than none."""

EVENT = "catch_up"
"""How such a message's event is recorded."""

STALE = "dropped(stale)"
"""The outcome of what was written too long ago."""

ANSWERED = "dropped(answered_elsewhere)"
"""The outcome of what somebody else answered while we were away: a person, another program."""

BEFORE = "before"
"""The outcome of talk that is only remembered (`memory.earlier`)."""

_OPEN = (BubbleState.DISPATCHED, BubbleState.UNCONFIRMED, BubbleState.UNRESOLVED)


@dataclass(frozen=True, slots=True)
class ReadBack:
    """A conversation and what was said in it of late, in any order."""

    conversation: Conversation
    messages: Sequence[StoredMessage]


SAME_TIME = timedelta(minutes=5)
"""How far apart two times of one message may be: an older payload tells that of its delivery."""

AT_ONCE = 200
"""Messages taken in at once, so that webhooks do not wait behind a long absence."""

Place = tuple[datetime, str]
"""Where a message stands among all: by its time, then by its id."""


@dataclass(frozen=True, slots=True)
class Caught:
    """What one round of taking in came to.

    Attributes:
        stored: Messages that had been missed.
        due: How many of them wait to be answered.
        reached: How far it got, when there is more; None when that was all.
    """

    stored: int = 0
    due: int = 0
    reached: Place | None = None


def last_seen(session: Session) -> datetime | None:
    """When the latest message that reached us was written; None before the first one."""
    live = or_(col(Message.outcome).is_(None), col(Message.outcome) != BEFORE)
    latest = select(func.max(Message.received_at)).where(Message.direction == "inbound", live)
    return session.exec(latest).one()


def known(session: Session, message_ids: Iterable[str]) -> set[str]:
    """Which of these reached us before, or are ours."""
    ids = list(message_ids)
    received = session.exec(select(Message.message_id).where(col(Message.message_id).in_(ids)))
    sent = session.exec(select(Bubble.message_id).where(col(Bubble.message_id).in_(ids)))
    keys = [f"msg:{one}" for one in ids]
    told = session.exec(select(EventKey.key).where(col(EventKey.key).in_(keys)))
    return {one for one in (*received, *sent) if one} | {key.removeprefix("msg:") for key in told}


def take_in(
    session: Session,
    reads: Sequence[ReadBack],
    *,
    now: float,
    own_numbers: Collection[str] = (),
    ears: Ears = BUILT_IN,
    after: Place | None = None,
    held_for: timedelta = timedelta(0),
) -> Caught:
    """Store what we do not know yet, oldest first over all conversations, for consent's sake.

    Fresh texts that nobody has answered become due; the others are kept as talk of the past, as is
    what others said in our name.

    Args:
        ears: What is heard by rule beyond what always is.
        after: Where the round before this one ended.
        held_for: How long somebody who wrote in our place holds the conversation.
    """
    missed = [one for read in reads for one in _missed(session, read, now=now)]
    missed.sort(key=lambda one: one.place)
    ahead = [one for one in missed if after is None or one.place > after]
    stored = due = 0
    for one in ahead[:AT_ONCE]:
        if one.message.direction == "outbound":
            _remember(session, one, held_for=held_for, now=now)
            continue
        receipt = _let_in(session, one, now=now, own_numbers=own_numbers, ears=ears)
        stored += receipt.result == "accepted"
        due += receipt.is_due
    reached = ahead[AT_ONCE - 1].place if len(ahead) > AT_ONCE else None
    return Caught(stored, due, reached)


def as_inbound(message: StoredMessage, conversation: Conversation) -> InboundMessage:
    """A stored message as the webhook that did not come would have told it."""
    sender = message.sender_identifier or message.from_number or conversation.participant
    people = conversation.participants
    return InboundMessage(
        webhook_id="",
        agent_id=conversation.agent_id,
        message_id=message.id,
        conversation_id=conversation.id,
        number_id=conversation.phone_number_id,
        from_handle=sender,
        to_number=conversation.phone_number,
        text=message.body,
        media_urls=message.media_urls or ([message.media_url] if message.media_url else []),
        channel=message.channel or conversation.channel or "sms",
        received_at=message.received_at,
        sender_name=next((one.name for one in people if one.identifier == sender), None),
        group=_group(conversation),
    )


def _group(conversation: Conversation) -> Group | None:
    if not conversation.is_group:
        return None
    return Group(
        group_id=conversation.group_id or conversation.participant,
        group_name=conversation.group_name,
        participants=conversation.participants,
    )


def _unknown(session: Session, read: ReadBack) -> list[StoredMessage]:
    stored = erasures.unerased(session, read.messages, read.conversation)
    texts = [one for one in stored if one.channel != "voice"]
    have = known(session, [one.id for one in texts])
    new = [one for one in texts if one.id not in have]
    mailbox = None
    if new:
        mailbox = find_mailbox(session, read.conversation.id, where=_where(read.conversation))
    if mailbox is None:
        return new
    theirs, ours = _nameless(session, mailbox), _maybe_ours(session, mailbox)
    return [
        one
        for one in new
        if not (_taken(one, theirs) if one.direction == "inbound" else one.body.strip() in ours)
    ]


def _nameless(session: Session, mailbox: Mailbox) -> list[Message]:
    """Texts whose webhook did not say their id, as older payloads do not."""
    rows = select(Message).where(
        Message.mailbox_id == mailbox.id, col(Message.message_id).is_(None), Message.kind == "text"
    )
    return list(session.exec(rows))


def _taken(message: StoredMessage, nameless: list[Message]) -> bool:
    """Whether one of these is this message; it is not taken for another one as well."""
    for row in nameless:
        is_near = abs(row.received_at - message.received_at) <= SAME_TIME
        if is_near and row.text == message.body:
            nameless.remove(row)
            return True
    return False


def _maybe_ours(session: Session, mailbox: Mailbox) -> set[str]:
    """Words of ours whose fate is unknown: they may be what AgentPhone shows under another id."""
    texts = select(Bubble.text).where(Bubble.mailbox_id == mailbox.id, col(Bubble.state).in_(_OPEN))
    return {text.strip() for text in session.exec(texts)}


@dataclass(frozen=True, slots=True)
class _Missed:
    message: StoredMessage
    conversation: Conversation
    outcome: str | None

    @property
    def place(self) -> Place:
        return self.message.received_at, self.message.id


def _missed(session: Session, read: ReadBack, *, now: float) -> list[_Missed]:
    """What we do not know of this conversation, with the outcome of what is not to be answered."""
    new = _unknown(session, read)
    said = max((one.received_at for one in new if one.direction == "outbound"), default=None)
    missed = []
    for one in new:
        outcome = STALE if utc(now) - one.received_at > FRESH_FOR else None
        if said is not None and said > one.received_at:
            outcome = ANSWERED
        missed.append(_Missed(one, read.conversation, outcome))
    return missed


def _let_in(
    session: Session, one: _Missed, *, now: float, own_numbers: Collection[str], ears: Ears
) -> Receipt:
    inbound = as_inbound(one.message, one.conversation)
    return accept(
        session,
        inbound,
        body=_body(one.message, one.conversation),
        keys=dedupe_keys(inbound),
        now=now,
        own_numbers=own_numbers,
        ears=ears,
        event=EVENT,
        outcome=one.outcome,
    )


def _remember(session: Session, one: _Missed, *, held_for: timedelta, now: float) -> None:
    """Keep what somebody else said in our name, so that the next turn knows of it."""
    message, conversation = one.message, one.conversation
    mailbox = find_mailbox(session, conversation.id, where=_where(conversation))
    if mailbox is None:
        return  # nobody has written to us there: first contact reads it all
    if elsewhere.theirs(session, mailbox, [message]):
        keep(session, mailbox, message, held_for=held_for, now=now)
        return
    row = Message(
        mailbox_id=mailbox.id or 0,
        ref=mailbox.next_ref,
        message_id=message.id,
        direction="outbound",
        sender=message.from_number or conversation.phone_number,
        text=message.body,
        media=message.media_urls,
        channel=message.channel or mailbox.channel,
        state=MessageState.SETTLED,
        outcome=BEFORE,
        received_at=message.received_at,
        stored_at=utc(now),
    )
    mailbox.next_ref += 1
    session.add_all([row, mailbox])
    session.flush()


def _where(conversation: Conversation) -> str:
    other = conversation.group_id or conversation.participant
    return address(conversation.phone_number, other)


def _body(message: StoredMessage, conversation: Conversation) -> bytes:
    told = {"event": EVENT, "conversationId": conversation.id}
    return json.dumps(told | {"data": message.model_dump(mode="json", by_alias=True)}).encode()
