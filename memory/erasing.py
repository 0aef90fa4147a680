"""Erasing a person: their conversations whole, and their words in groups, so that nothing returns.

    stop ─▶ nobody works for them any more ─▶ still_leaving? ─▶ erase, in one transaction

Whoever worked on a conversation has lost it with `stop`: what he would write is refused. What stays
is a hash in the opt-out ledger and in the list of erasures, and the ids by which a webhook that
comes again is known for one, with an empty body.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, delete, select

from memory import belongings, erasures
from memory.bubbles import abandon, finish
from memory.consents import keep_hashed
from memory.erasing_group import ERASED, WORDS, clean
from memory.persons import Person
from memory.tables import (
    Bubble,
    BubbleState,
    DeadLetter,
    Event,
    EventKey,
    Mailbox,
    Message,
    MessageState,
    ToolCall,
    Transcript,
    Turn,
    TurnState,
)
from memory.turns import LEASE, Claim, settle
from phone.clock import utc

OWNER = "erasing"
"""Who holds a conversation while it is erased."""

SENDING = timedelta(seconds=35)
"""How long a POST may be on its way; after that nobody waits for its answer any more."""


def stop(session: Session, person: Person, *, now: float) -> None:
    """Take their conversations from whoever works on them, and let nothing leave that has not."""
    held = {
        "lease_owner": OWNER,
        "lease_epoch": Mailbox.lease_epoch + 1,
        "leased_until": utc(now + 4 * LEASE),
    }
    session.exec(update(Mailbox).where(col(Mailbox.id).in_(_places(person))).values(held))
    waiting = select(Bubble).where(
        col(Bubble.mailbox_id).in_(person.mailbox_ids), Bubble.state == BubbleState.PREPARED
    )
    for bubble in session.exec(waiting):
        finish(bubble, BubbleState.CANCELLED, now, ERASED, "They were erased before it left.")
        session.add(bubble)


def let_go(session: Session, person: Person) -> None:
    """Give their conversations back: the erasure did not come about."""
    mine = (col(Mailbox.id).in_(_places(person)), col(Mailbox.lease_owner) == OWNER)
    free = {"lease_owner": None, "leased_until": None}
    session.exec(update(Mailbox).where(*mine).values(free))


def still_leaving(session: Session, person: Person, *, now: float) -> bool:
    """Whether a message to them is on the wire, whose answer somebody is about to write down."""
    on_its_way = select(Bubble.id).where(
        col(Bubble.mailbox_id).in_(_places(person)),
        Bubble.state == BubbleState.DISPATCHED,
        col(Bubble.dispatched_at) > utc(now) - SENDING,
    )
    return session.exec(on_its_way.limit(1)).first() is not None


def erase(session: Session, person: Person, *, now: float) -> dict[str, int]:
    """Delete everything that is about them; how many rows of each table went or were emptied.

    Raises:
        memory.belongings.Unsorted: A table of which it is not known whose it is; nothing is erased.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete = ON")  # or the words stay
    done = Counter[str]()
    done["dead_letter"] = _delete(session, DeadLetter, belongings.letters(session, person))
    done["event"] = _empty_webhooks(session, person)
    _keep_keys(session, person, now=now)
    for mailbox_id in person.group_ids:
        done["message"] += _leave_group(session, person, mailbox_id, now=now)
    done["message"] += _delete(session, Message, belongings.own_messages(person))
    turns = belongings.turns_of(session, person)
    for table in belongings.tables_by_column():  # bubbles and calls before the turns they point to
        theirs = belongings.is_theirs(table, person, turns)
        if table.name in belongings.OUTLIVING:
            nobodys = dict.fromkeys((*belongings.whose(table), *belongings.OUTLIVING[table.name]))
            session.connection().execute(table.update().where(theirs).values(nobodys))
            continue
        done[table.name] += session.connection().execute(table.delete().where(theirs)).rowcount
    done["mailbox"] = _delete(session, Mailbox, col(Mailbox.id).in_(person.mailbox_ids))
    whom = sorted({*person.names, *person.handles})
    done["consent"] = sum(keep_hashed(session, name) for name in whom)
    erasures.note(session, (*person.names, *person.conversation_ids), now=now)
    return {name: count for name, count in sorted(done.items()) if count}


def _places(person: Person) -> tuple[int, ...]:
    return (*person.mailbox_ids, *person.group_ids)


def _delete(session: Session, table: Any, which: ColumnElement[bool]) -> int:
    gone = delete(table).where(which).execution_options(synchronize_session=False)
    return int(session.exec(gone).rowcount)


def _empty_webhooks(session: Session, person: Person) -> int:
    """The bodies go; the ids stay, so that one which comes once more is known."""
    theirs = belongings.webhooks(session, person) & (col(Event.body) != b"")
    empty = update(Event).where(theirs).values(body=b"")
    return session.exec(empty.execution_options(synchronize_session=False)).rowcount


def _keep_keys(session: Session, person: Person, *, now: float) -> None:
    """What AgentPhone holds of them under these ids is never to be read back in as news."""
    heard = session.exec(select(Message.message_id).where(belongings.own_messages(person))).all()
    bubbles = select(Bubble.message_id).where(col(Bubble.mailbox_id).in_(person.mailbox_ids))
    said = session.exec(bubbles).all()
    keys = {f"msg:{one}" for one in (*heard, *said) if one}
    known = session.exec(select(EventKey.key).where(col(EventKey.key).in_(keys))).all()
    new = keys - set(known)
    if new:
        event = Event(webhook_id="", event=ERASED, body=b"", why=ERASED, received_at=utc(now))
        session.add(event)
        session.flush()
        session.add_all(EventKey(key=key, event_id=event.id or 0) for key in sorted(new))
        session.flush()


def _leave_group(session: Session, person: Person, mailbox_id: int, *, now: float) -> int:
    """Put a mark where their words stood; the others' words stay, and so does what was answered."""
    clean(session, person, mailbox_id)
    theirs = belongings.group_messages(person) & (col(Message.mailbox_id) == mailbox_id)
    messages = session.exec(select(Message).where(theirs)).all()
    ids = {message.message_id for message in messages if message.message_id}
    _end_turn(session, mailbox_id, {message.turn_id for message in messages}, now=now)
    for message in messages:
        message.sender, message.sender_name, message.media = ERASED, None, []
        message.text = WORDS if message.kind == "text" else ""
        message.target_text = None
        if message.state != MessageState.SETTLED:
            message.state, message.outcome = MessageState.SETTLED, f"dropped({ERASED})"
        session.add(message)
    quoting = (col(Message.mailbox_id) == mailbox_id, col(Message.target_message_id).in_(ids))
    session.exec(update(Message).where(*quoting).values(target_text=None))
    session.flush()
    _clean_turns(session, person, mailbox_id)
    mailbox = session.get_one(Mailbox, mailbox_id)
    if mailbox.participant in person.handles:
        mailbox.participant = ERASED
    mailbox.lease_owner = mailbox.leased_until = None
    session.add(mailbox)
    return len(messages)


def _end_turn(session: Session, mailbox_id: int, turn_ids: set[str | None], *, now: float) -> None:
    """A turn under way that was about their words ends here; whoever ran it has lost it."""
    running = select(Turn).where(Turn.mailbox_id == mailbox_id, Turn.state == TurnState.RUNNING)
    turn = session.exec(running).first()
    if turn is None or turn.id not in turn_ids:
        return
    mailbox = session.get_one(Mailbox, mailbox_id)
    turn.epoch, turn.notes = mailbox.lease_epoch, None
    session.add(turn)
    for bubble in abandon(session, turn_id=turn.id, now=now):
        finish(bubble, BubbleState.CANCELLED, now, ERASED, "They were erased before it left.")
        session.add(bubble)
    claim = Claim(mailbox_id, mailbox.lease_owner or "", mailbox.lease_epoch)
    settle(session, claim, turn.id, outcome="dropped", reason=ERASED, now=now)


def _clean_turns(session: Session, person: Person, mailbox_id: int) -> None:
    """What a model read and called in a turn of a group goes with the words it was about."""
    kept = select(Transcript).where(Transcript.mailbox_id == mailbox_id)
    touched = set[str]()
    for transcript in session.exec(kept):
        record = json.loads(transcript.record)
        if _cleaned(record, person.handles):
            transcript.record = json.dumps(record, ensure_ascii=False)
            touched.add(transcript.turn_id)
            session.add(transcript)
    wrote = select(Message.turn_id).where(
        Message.sender == ERASED, Message.mailbox_id == mailbox_id
    )
    touched |= {turn_id for turn_id in session.exec(wrote) if turn_id}
    for turn in session.exec(select(Turn).where(col(Turn.id).in_(touched))):
        turn.messages = []
        turn.notes = None if turn.state == TurnState.SETTLED else turn.notes
        session.add(turn)
    calls = update(ToolCall).where(col(ToolCall.turn_id).in_(touched))
    session.exec(calls.values(arguments={}, result=None))


def _cleaned(record: dict[str, Any], handles: Sequence[str]) -> bool:
    """Whether there was anything of theirs in it; what there was is gone."""
    theirs = [heard for heard in record["heard"] if heard["sender"] in handles]
    theirs += [heard for heard in record["heard"] if heard["sender"] == ERASED]
    ids = {heard["message_id"] for heard in theirs if heard["message_id"]}
    if not theirs and record["conversation"]["participant"] not in handles:
        return False
    for heard in theirs:
        heard |= {"sender": ERASED, "sender_name": None, "media": [], "target_text": None}
        heard["text"] = WORDS if heard["kind"] == "text" else ""
    for heard in record["heard"]:
        if heard["target_message_id"] in ids:
            heard["target_text"] = None
    if record["conversation"]["participant"] in handles:
        record["conversation"]["participant"] = ERASED
    if theirs:
        record["messages"] = []
        for call in record["tool_calls"]:
            call |= {"arguments": {}, "result": None}
    return True
