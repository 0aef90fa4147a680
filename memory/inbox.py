"""What becomes of a webhook between its signature and its 200: one transaction, nothing lost.

accept ─▶ known already?            ─▶ duplicate
       ─▶ not for us to answer?     ─▶ ignored, its body kept
       ─▶ consent words obeyed ─▶ the message stored in its mailbox, which is due
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from sqlalchemy import delete, insert, update
from sqlmodel import Session, col, select

from memory.consents import opted_out
from memory.in_line import of_a_tapback
from memory.known import Known, look_up
from memory.listening import announce
from memory.mailboxes import arrive, find_mailbox_of_tapback
from memory.minors import DROPPED_CHILD, call_for_child, hear_age
from memory.obeying import call_a_person, has_a_later_word, obey
from memory.tables import (
    Bubble,
    BubbleState,
    DeadLetter,
    Event,
    EventKey,
    Mailbox,
    Message,
    MessageState,
)
from memory.verifying import take_code
from memory.worded import as_tapback
from phone.clock import utc
from phone.types import Ignored, Inbound, InboundMessage, InboundReaction
from phone.webhook import dedupe_keys
from safety.consent import BUILT_IN, Ears, Keyword, consent_word

DROPPED_OPTED_OUT = "dropped(opted_out)"
DROPPED_EMPTY = "dropped(empty)"
DROPPED_OUTDATED = "dropped(outdated)"
"""The outcome of a consent word that reached us after a later one, which holds."""

NOTED = "noted"
"""The outcome of a tapback that asks for no answer: the next turn sees it."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a webhook.

    Attributes:
        result: `accepted` and stored as a message, a `duplicate` of which nothing was stored, or
            `ignored`: its event is kept and starts nothing.
        why: Why it was ignored; `conflict` when something else came under a known header id,
            `replay_suspected` of a duplicate that came under another one than before.
        mailbox_id, ref: Where the message lies, when accepted; None otherwise.
        is_due: Whether there is work now, so that workers are to be woken.
    """

    result: Literal["accepted", "duplicate", "ignored"]
    mailbox_id: int | None = None
    ref: int | None = None
    is_due: bool = False
    why: str | None = None


def accept(
    session: Session,
    inbound: Inbound,
    *,
    body: bytes,
    keys: list[str],
    now: float,
    own_numbers: Collection[str] = (),
    ears: Ears = BUILT_IN,
    event: str | None = None,
    outcome: str | None = None,
) -> Receipt:
    """Store what a signed webhook says, obey consent words, and mark its conversation due.

    Args:
        body: The request body as received; it is kept as it is.
        keys: What makes it a duplicate, from `phone.webhook.dedupe_keys`; one known key is enough.
        now: The present, Unix seconds.
        own_numbers: Numbers of ours, E.164: what they write is never answered.
        ears: What is heard by rule beyond what always is.
        event: How the event is recorded when no webhook brought it.
        outcome: Ends a message on arrival: it is kept, its consent words count, nobody answers it.
    """
    session.flush()  # the statements below go past the session
    known = look_up(session, inbound, keys)
    if known.is_duplicate:
        return _come_again(session, inbound, body=body, keys=keys, now=now)
    inbound = as_tapback(session, inbound)
    why = _why_ignored(inbound, own_numbers)
    mailbox = None
    if why is None and isinstance(inbound, InboundReaction):
        mailbox = find_mailbox_of_tapback(session, inbound)
        why = "unknown_conversation" if mailbox is None else None
    event_id = _keep_event(session, inbound, body=body, keys=keys, why=why, name=event, now=now)
    if why is None and isinstance(inbound, InboundMessage):
        put = partial(_put_text, session, inbound, known, event_id=event_id)
        return put(ears=ears, outcome=outcome, now=now)
    if mailbox is not None and isinstance(inbound, InboundReaction):
        return _put_tapback(session, inbound, mailbox, known, event_id=event_id, now=now)
    return Receipt("ignored", why=why)


def keys_of(inbound: Inbound, body: bytes) -> list[str]:
    """What makes a webhook one that came before; what starts nothing goes by header and bytes."""
    if isinstance(inbound, Ignored):
        return [f"hook:{inbound.webhook_id}", f"sha:{hashlib.sha256(body).hexdigest()}"]
    return dedupe_keys(inbound)


def bury(session: Session, *, webhook_id: str, body: bytes, reason: str, now: float) -> DeadLetter:
    """Keep a body that AgentPhone signed and nobody can read. The same body is kept once."""
    digest = hashlib.sha256(body).hexdigest()
    letter = session.exec(select(DeadLetter).where(DeadLetter.digest == digest)).first()
    if letter is None:
        letter = DeadLetter(
            webhook_id=webhook_id,
            reason=reason,
            body=body,
            digest=digest,
            received_at=utc(now),
        )
        session.add(letter)
        session.flush()
    return letter


def try_to_keep(session: Session, *, now: float) -> None:
    """Do what storing a webhook does, and leave nothing behind: for finding out whether it works.

    The body is larger than a page of the file, so that a full disk has to show.
    """
    probe = Event(webhook_id="", event="probe", body=bytes(16_384), received_at=utc(now))
    session.add(probe)
    session.flush()
    session.delete(probe)


def is_answer(target_text: str) -> bool:
    """Whether a tapback on this text of ours answers it: its last sentence is a question.

    What follows the question mark and is no word (an emoji, a quote, a smile) is no sentence.
    """
    return re.search(r"[?\uff1f؟‽⁇⁈⁉][\W_]*$", target_text[-200:]) is not None


# Prepared once: to build a statement costs more than to run it, and intake runs these all the time.
_INSERT_EVENT = insert(Event)
_INSERT_KEY = insert(EventKey)
_INSERT_MESSAGE = insert(Message)


def _come_again(
    session: Session, inbound: Inbound, *, body: bytes, keys: list[str], now: float
) -> Receipt:
    """Nothing is done about a duplicate; but what only has the id of another is kept as well."""
    known = select(EventKey.key).where(col(EventKey.key).in_(keys))
    found = set(session.exec(known).all())
    new = [key for key in keys if key not in found]
    only_the_header = bool(found) and all(key.startswith("hook:") for key in found)
    if isinstance(inbound, Ignored) or not (new and only_the_header):
        came_as = _count_again(session, found)
        is_replay = bool(came_as) and inbound.webhook_id not in came_as
        return Receipt("duplicate", why="replay_suspected" if is_replay else None)
    _keep_event(session, inbound, body=body, keys=new, why="conflict", name=None, now=now)
    return Receipt("ignored", why="conflict")


def _count_again(session: Session, keys: Collection[str]) -> set[str]:
    """Note on the event that is known by these keys that it was delivered once more.

    Returns the header ids it came with before; none for what was read back from AgentPhone.
    """
    it = select(EventKey.event_id).where(col(EventKey.key).in_(keys))
    more = {"duplicates": col(Event.duplicates) + 1}
    session.exec(update(Event).where(col(Event.id).in_(it)).values(more))
    return set(session.exec(select(Event.webhook_id).where(col(Event.id).in_(it)))) - {""}


def _why_ignored(inbound: Inbound, own_numbers: Collection[str]) -> str | None:
    if isinstance(inbound, Ignored):
        return inbound.why
    if inbound.is_test:
        return "test"
    return "own_number" if inbound.from_handle in own_numbers else None


def _put_text(
    session: Session,
    inbound: InboundMessage,
    known: Known,
    *,
    event_id: int | None,
    ears: Ears,
    outcome: str | None,
    now: float,
) -> Receipt:
    word, how = consent_word(inbound.text, in_group=inbound.group is not None, ears=ears)
    is_crisis = word is Keyword.CRISIS
    if word in (Keyword.STOP, Keyword.START) and has_a_later_word(session, inbound):
        outcome = outcome or DROPPED_OUTDATED
    else:
        word = obey(session, inbound, word, how=how, was_out=known.opted_out, now=now)
    tells_child = ears.ages and hear_age(session, inbound, now=now)
    if tells_child and word is None and not (inbound.group or known.opted_out):
        word = Keyword.CHILD
    silenced = inbound.group is not None and opted_out(session, inbound.group.group_id)
    if (known.opted_out and word in (None, Keyword.STOP)) or (silenced and word is None):
        outcome = DROPPED_OPTED_OUT
    elif word is None and (known.is_child or tells_child):
        outcome = outcome or DROPPED_CHILD
    elif not inbound.text.strip() and not inbound.media_urls:
        outcome = outcome or DROPPED_EMPTY
    if known.is_earlier_talk:
        _forget(session, inbound.message_id)
    mailbox_id, ref = arrive(
        session, inbound, is_due=outcome is None, is_urgent=word is not None, now=now
    )
    text = take_code(session, inbound, mailbox_id, event_id=event_id, now=now)
    if is_crisis:
        call_a_person(session, inbound, mailbox_id, now=now)
    if tells_child:
        call_for_child(session, inbound, mailbox_id, now=now)
    values = {
        "mailbox_id": mailbox_id,
        "ref": ref,
        "message_id": inbound.message_id,
        "sender": inbound.from_handle,
        "sender_name": inbound.sender_name,
        "text": text,
        "media": inbound.media_urls,
        "channel": inbound.channel,
        "keyword": word,
        "event_id": event_id,
        "received_at": inbound.received_at,
    }
    return _put(session, values, outcome=outcome, now=now)


def _put_tapback(
    session: Session,
    inbound: InboundReaction,
    mailbox: Mailbox,
    known: Known,
    *,
    event_id: int | None,
    now: float,
) -> Receipt:
    outcome = None
    if not _answers_us(session, mailbox, inbound):
        outcome = NOTED
    elif known.opted_out or known.is_child:
        outcome = DROPPED_OPTED_OUT if known.opted_out else DROPPED_CHILD
    else:
        mailbox.claim_at = of_a_tapback(mailbox, now=now)
        mailbox.due_at = mailbox.due_at or utc(now)
    ref, mailbox.next_ref = mailbox.next_ref, mailbox.next_ref + 1
    session.flush()
    values = {
        "mailbox_id": mailbox.id,
        "ref": ref,
        "kind": "tapback",
        "sender": inbound.from_handle,
        "channel": inbound.channel,
        "reaction": inbound.reaction,
        "target_message_id": inbound.message_id,
        "target_text": inbound.target_text,
        "event_id": event_id,
        "received_at": inbound.created_at,
    }
    return _put(session, values, outcome=outcome, now=now)


def _put(session: Session, values: dict[str, Any], *, outcome: str | None, now: float) -> Receipt:
    """Store a message: settled when it has an outcome already, else waiting, and announced."""
    state = MessageState.SETTLED if outcome else MessageState.WAITING
    fate = {"outcome": outcome, "state": state, "stored_at": utc(now)}
    session.connection().execute(_INSERT_MESSAGE, values | fate)
    if outcome is None:
        announce(session, values["mailbox_id"])
    return Receipt("accepted", values["mailbox_id"], values["ref"], is_due=outcome is None)


def _keep_event(
    session: Session,
    inbound: Inbound,
    *,
    body: bytes,
    keys: list[str],
    why: str | None,
    name: str | None,
    now: float,
) -> int | None:
    told = inbound.event if isinstance(inbound, Ignored) else f"agent.{inbound.kind}"
    event = {
        "webhook_id": inbound.webhook_id,
        "event": name or told,
        "body": body,
        "why": why,
        "received_at": utc(now),
    }
    connection = session.connection()
    stored = connection.execute(_INSERT_EVENT, event).inserted_primary_key
    if stored and keys:
        rows = [{"key": key, "event_id": stored.id} for key in dict.fromkeys(keys)]
        connection.execute(_INSERT_KEY, rows)
    return stored.id if stored else None


def _forget(session: Session, message_id: str | None) -> None:
    """Earlier talk whose webhook comes after all is stored anew, to be answered."""
    session.exec(delete(Message).where(col(Message.message_id) == message_id))


def _answers_us(session: Session, mailbox: Mailbox, inbound: InboundReaction) -> bool:
    landed = (BubbleState.CONFIRMED, BubbleState.CONFIRMED_LATE)
    target = select(Bubble.text).where(
        Bubble.mailbox_id == mailbox.id,
        Bubble.message_id == inbound.message_id,
        col(Bubble.state).in_(landed),
    )
    text = session.exec(target).first()
    return text is not None and is_answer(text)
