"""Turns that were not finished: handed back when interrupted, put aside when they are poison.

A turn that breaks, or in which the process dies, is taken up again when its lease has run out. What
broke three times would break for ever and cost a model call each time: it becomes a dead letter.
What was under way beside it each time does not: the last try of each is made alone (`turns.take`).
"""

from __future__ import annotations

import hashlib

from sqlmodel import Session, select

from memory.bubbles import abandon
from memory.tables import (
    BubbleState,
    DeadLetter,
    Event,
    Mailbox,
    Message,
    Turn,
    TurnState,
)
from memory.turns import CRASHES, Claim, held, let_go, settle
from phone.clock import utc

POISON = "poison"
"""The reason of a turn that was put aside."""

PAUSE = 5.0
"""Seconds until a turn that was handed back is taken up: the database may need a moment."""


def broke(session: Session, claim: Claim, *, error: str, now: float) -> bool:
    """Note that the running turn broke; whether it is poison, and the mailbox free for the rest.

    The lease of one that may be tried again is left to run out: that is the wait before it.

    Args:
        error: The exception's class. Its text may quote what people wrote.
    """
    turn = _running(session, claim)
    if turn is None:
        return False
    turn.reason = f"broke: {error}"
    session.add(turn)
    if turn.attempts < CRASHES:
        return False
    put_aside(session, claim, turn_id=turn.id, now=now)
    let_go(session, claim, now=now)
    return True


def put_aside(session: Session, claim: Claim, *, turn_id: str, now: float) -> None:
    """Settle a turn as poison and keep its messages as dead letters. Raises LeaseLost."""
    turn = session.get_one(Turn, turn_id)
    why = turn.reason or "the process died in it"
    for bubble in abandon(session, turn_id=turn_id, now=now):
        bubble.state, bubble.finished_at = BubbleState.CANCELLED, utc(now)
        bubble.code, bubble.reason = POISON, "The turn it belongs to kept breaking."
        session.add(bubble)
    for message in session.exec(select(Message).where(Message.turn_id == turn_id)):
        _bury(session, message, reason=f"poison ({why})", now=now)
    settle(session, claim, turn_id, outcome="failed", reason=POISON, now=now)


def hand_back(session: Session, claim: Claim, *, now: float) -> None:
    """Give back what was interrupted through no fault of its own: that is not counted against it.

    Nothing happens when the claim is lost already.
    """
    if not held(session, claim):
        return
    turn = _running(session, claim)
    if turn is not None:
        turn.attempts -= 1
        session.add(turn)
    let_go(session, claim, now=now)
    mailbox = session.get_one(Mailbox, claim.mailbox_id)
    mailbox.leased_until = utc(now + PAUSE)
    session.add(mailbox)


def hand_back_all(session: Session, owner: str, *, now: float) -> None:
    """Give back everything a worker still holds, when it has to stop."""
    for mailbox in session.exec(select(Mailbox).where(Mailbox.lease_owner == owner)).all():
        hand_back(session, Claim(mailbox.id or 0, owner, mailbox.lease_epoch), now=now)


def _running(session: Session, claim: Claim) -> Turn | None:
    """The turn that runs under this claim; None when there is none, or the claim is lost."""
    if not held(session, claim):
        return None
    running = select(Turn).where(
        Turn.mailbox_id == claim.mailbox_id,
        Turn.epoch == claim.epoch,
        Turn.state == TurnState.RUNNING,
    )
    return session.exec(running).first()


def _bury(session: Session, message: Message, *, reason: str, now: float) -> None:
    event = session.get(Event, message.event_id) if message.event_id else None
    letter = DeadLetter(
        webhook_id=event.webhook_id if event else "",
        reason=reason,
        body=event.body if event else b"",
        digest=hashlib.sha256(f"message {message.id}".encode()).hexdigest(),
        inbound_id=message.id,
        received_at=message.received_at,
    )
    session.add(letter)
