"""A mailbox as work: one worker at a time holds it under a lease and takes what waits as a burst.

    due ─▶ claim (epoch + 1) ─▶ take ─▶ a turn runs ─▶ settle ─▶ take … ─▶ None: nothing waits

A worker that was paused past its lease finds its epoch outrun: whatever it would write is refused
with `LeaseLost`, and it must drop everything it was about to do.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, bindparam, or_, type_coerce, update
from sqlalchemy import select as columns
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from memory.in_line import AT_ONCE
from memory.notes import Notes
from memory.queues import newest_of
from memory.recording import keep_record
from memory.spending import count_turn
from memory.tables import (
    AS_WRITTEN,
    Bubble,
    BubbleState,
    Mailbox,
    Message,
    MessageState,
    Turn,
    TurnState,
)
from memory.transcript import SessionKind
from phone.clock import utc
from safety.limits import Allowance

LEASE = 15.0
"""Seconds a claim lasts unless renewed; after that any worker may take over."""


CRASHES = 3
"""How often a turn may break, or a worker die in it, before it is put aside. Before the last of
these tries nobody knows whether it brought the worker down or was only under way beside what did:
so that try is made alone."""

TRIED_AGAIN_IN = 2.0
"""Seconds until a turn that had to wait for another's last try is looked at again."""


class LeaseLost(Exception):
    """Somebody else may be working on this mailbox: stop, write nothing, send nothing."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a mailbox, until it expires and somebody else claims it."""

    mailbox_id: int
    owner: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Burst:
    """What one turn is about.

    Attributes:
        messages: Oldest first, as they reached AgentPhone.
        resumed: The turn was begun by a worker that did not finish it; see `turn.attempts`.
        notes: What its run sees and no other row tells, to be handed to `settle`.
        allowance: What it may use up.
    """

    turn: Turn
    messages: list[Message]
    resumed: bool
    notes: Notes = field(default_factory=Notes)
    allowance: Allowance = field(default_factory=Allowance)


def claim(
    session: Session, *, owner: str, now: float, lease: float = LEASE, only_urgent: bool = False
) -> Claim | None:
    """Take hold of the mailbox that is next in line and that nobody holds; None without one.

    Args:
        only_urgent: Only of one with words that are answered at once, whoever else waits.
        owner: Names the worker, uniquely among all processes.
        lease: Seconds until others may take over; `renew` in time.
    """
    session.flush()  # the statement goes past the session
    times = {"present": utc(now), "until": utc(now + lease)}
    statement = _CLAIM_URGENT if only_urgent else _CLAIM
    held = session.connection().execute(statement, {"claimant": owner, **times}).first()
    session.expire_all()  # and what it has read of mailboxes before is no longer so
    return Claim(held.id, owner, held.lease_epoch) if held else None


def _claiming(*, only_urgent: bool) -> ReturningUpdate[int, int]:
    free = or_(
        col(Mailbox.leased_until).is_(None), col(Mailbox.leased_until) <= bindparam("present")
    )
    urgent = [col(Mailbox.claim_at) <= AT_ONCE] if only_urgent else []
    next_in_line = (
        columns(col(Mailbox.id))
        .where(col(Mailbox.due_at).is_not(None), free, *urgent)
        .order_by(col(Mailbox.claim_at), col(Mailbox.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (
        update(Mailbox)
        .where(col(Mailbox.id) == next_in_line.scalar_subquery())
        .values(
            lease_owner=bindparam("claimant"),
            lease_epoch=Mailbox.lease_epoch + 1,
            leased_until=bindparam("until"),
        )
        .returning(type_coerce(col(Mailbox.id), Integer), col(Mailbox.lease_epoch))
    )


_CLAIM, _CLAIM_URGENT = _claiming(only_urgent=False), _claiming(only_urgent=True)
"""Prepared once: every idle worker asks it twice a second, and to build it costs most."""


def renew(session: Session, claim: Claim, *, now: float, lease: float = LEASE) -> bool:
    """Hold on for another `lease` seconds. False when the claim is lost: stop at once."""
    if (mailbox := _held_mailbox(session, claim)) is None:
        return False
    mailbox.leased_until = utc(now + lease)
    return True


def held(session: Session, claim: Claim) -> bool:
    """Whether nobody has claimed this mailbox since, nor was it let go.

    In a transaction that then writes, the answer stays true until its end.
    """
    return _held_mailbox(session, claim) is not None


def take(
    session: Session, claim: Claim, *, turn_id: str, kind: SessionKind, now: float
) -> Burst | None:
    """Everything that waits, as one new turn; or the turn that a dead worker left running.

    None when nothing waits: the mailbox is let go in the same transaction, so that a message is
    either in this burst or makes the mailbox due again. So does a bubble outside any turn. None
    also when another turn has its last try in this process: then the mailbox comes up again soon.

    Args:
        kind: Behind which door we are, for the turn's record.

    Raises:
        LeaseLost: The claim is somebody else's now.
    """
    mailbox = _mailbox(session, claim)
    running = session.exec(
        select(Turn).where(Turn.mailbox_id == mailbox.id, Turn.state == TurnState.RUNNING)
    ).first()
    if running is not None:
        if running.attempts == CRASHES - 1 and _has_its_last_try(session, claim, now=now):
            _release(mailbox, due_at=mailbox.due_at)
            mailbox.leased_until = utc(now + TRIED_AGAIN_IN)
            return None
        running.session = running.session or kind  # it may be older than the column
        return _taken_up(session, running, claim, turn_id=turn_id, now=now)
    messages = _waiting(session, claim)
    if not messages:
        _release(mailbox, due_at=utc(now) if _has_loose(session, claim.mailbox_id) else None)
        return None
    turn = Turn(
        id=turn_id,
        mailbox_id=claim.mailbox_id,
        session=kind,
        epoch=claim.epoch,
        channel=mailbox.channel,
        started_at=utc(now),
    )
    session.add(turn)
    mailbox.due_at = utc(now)
    return Burst(turn, _taken(messages, turn_id), resumed=False)


def join(session: Session, claim: Claim, turn_id: str) -> list[Message]:
    """Take what has come since into the running turn, oldest first; empty when nothing has.

    Consent words are left: they get an answer of their own, and no model is asked about them.

    Raises:
        LeaseLost: The claim is somebody else's now.
    """
    _running_turn(session, claim, turn_id)
    words = [message for message in _waiting(session, claim) if message.keyword is None]
    return _taken(words, turn_id)


def wrote_again(session: Session, mailbox_id: int, *, by: Collection[str] | None = None) -> bool:
    """Whether something waits here that a turn under way should hear of.

    Args:
        by: Counts only what these handles wrote; None counts everybody.
    """
    waiting = select(Message.id).where(
        Message.mailbox_id == mailbox_id,
        Message.state == MessageState.WAITING,
        col(Message.keyword).is_(None),
    )
    if by is not None:
        waiting = waiting.where(col(Message.sender).in_(by))
    return session.exec(waiting.limit(1)).first() is not None


def settle(
    session: Session,
    claim: Claim,
    turn_id: str,
    *,
    outcome: str,
    reason: str | None = None,
    notes: Notes | None = None,
    now: float,
    **columns: Any,
) -> None:
    """End a turn and with it every message it took, and write its record: no turn ends without.

    The mailbox stays held: `take` again.

    Args:
        outcome: `answered`, `reacted`, `silent`, `handed_over`, `dropped` or `failed`. Its messages
            get the same, with the reason in brackets: `dropped(opted_out)`.
        notes: What its run has seen; None when it is gone: then what was kept of it counts.
        columns: Other columns of `Turn` to write with it.

    Raises:
        LeaseLost: The claim is somebody else's now.
    """
    turn = _running_turn(session, claim, turn_id)
    mailbox, is_replayed = _mailbox(session, claim), turn.state == TurnState.SETTLED
    notes = notes or Notes.model_validate(turn.notes or {})
    session.exec(
        update(Message)
        .where(col(Message.turn_id) == turn_id)
        .values(state=MessageState.SETTLED, outcome=f"{outcome}({reason})" if reason else outcome)
    )
    turn.state, turn.notes = TurnState.SETTLED, None
    turn.outcome, turn.reason, turn.settled_at = outcome, reason, utc(now)
    for name, value in (notes.columns() | columns).items():
        if name not in Turn.model_fields:
            raise TypeError(f"Turn has no column {name!r}")
        setattr(turn, name, value)
    record = keep_record(session, turn, mailbox, notes)
    if turn.usage is None and record.requests:
        turn.usage = record.usage.model_dump(mode="json")
    if record.requests and not is_replayed:
        count_turn(session, mailbox, turn, record, now=now)


def let_go(session: Session, claim: Claim, *, now: float) -> None:
    """Give the mailbox back before the lease expires; due again if anything is left to do in it.

    Nothing happens when the claim is lost already.
    """
    if (mailbox := _held_mailbox(session, claim)) is None:
        return
    unsettled = select(Message.id).where(
        Message.mailbox_id == mailbox.id, Message.state != MessageState.SETTLED
    )
    is_due = session.exec(unsettled.limit(1)).first() is not None
    is_due = is_due or _has_loose(session, claim.mailbox_id)
    _release(mailbox, due_at=(mailbox.due_at or utc(now)) if is_due else None)


def loose_in(mailbox_id: int) -> SelectOfScalar[Bubble]:
    """Bubbles outside any turn that wait to be sent, or whose sending was cut off, in order."""
    waiting = (BubbleState.PREPARED, BubbleState.DISPATCHED)
    loose = select(Bubble).where(
        Bubble.mailbox_id == mailbox_id,
        col(Bubble.turn_id).is_(None),
        col(Bubble.state).in_(waiting),
    )
    return loose.order_by(col(Bubble.position))


def void_leases(session: Session) -> None:
    """Free every mailbox. For the start of the only worker process: whoever held them is dead."""
    leased = col(Mailbox.leased_until).is_not(None)
    session.exec(update(Mailbox).where(leased).values(lease_owner=None, leased_until=None))


def oldest_due(session: Session) -> datetime | None:
    """Since when the longest-waiting mailbox has been due, or at work; None when nothing is."""
    return session.exec(select(func.min(Mailbox.due_at))).one()


def _held_mailbox(session: Session, claim: Claim) -> Mailbox | None:
    """The claimed mailbox, locked until the transaction ends; None when the claim is lost."""
    mailbox = session.get(Mailbox, claim.mailbox_id, with_for_update=True)
    if mailbox is None:  # folded into another mailbox of the same conversation
        return None
    is_mine = (mailbox.lease_owner, mailbox.lease_epoch) == (claim.owner, claim.epoch)
    return mailbox if is_mine else None


def _mailbox(session: Session, claim: Claim) -> Mailbox:
    mailbox = _held_mailbox(session, claim)
    if mailbox is None:
        raise LeaseLost(f"{claim.owner} no longer holds mailbox {claim.mailbox_id}")
    return mailbox


def _running_turn(session: Session, claim: Claim, turn_id: str) -> Turn:
    _mailbox(session, claim)
    turn = session.get(Turn, turn_id)
    if turn is None or (turn.mailbox_id, turn.epoch) != (claim.mailbox_id, claim.epoch):
        raise LeaseLost(f"{claim.owner} no longer holds turn {turn_id}")
    return turn


def _taken_up(session: Session, turn: Turn, claim: Claim, *, turn_id: str, now: float) -> Burst:
    """The turn that runs here already: left by a dead worker, or begun by this very call.

    The latter when the connection broke during the commit and the work was replayed.
    """
    resumed = turn.id != turn_id
    notes = Notes.model_validate(turn.notes or {})
    if resumed:
        turn.epoch = claim.epoch
        turn.attempts += 1
        notes.taken_up(now=now)
        turn.notes = notes.as_json()
    taken = select(Message).where(Message.turn_id == turn.id).order_by(*AS_WRITTEN)
    messages = session.exec(taken).all()
    return Burst(turn, list(messages), resumed, notes)


def _has_its_last_try(session: Session, claim: Claim, *, now: float) -> bool:
    """Whether this worker is in the middle of another turn's last try."""
    tried = select(Turn.id).join(Mailbox, col(Mailbox.id) == Turn.mailbox_id)
    tried = tried.where(
        Turn.state == TurnState.RUNNING,
        Turn.attempts == CRASHES,
        Mailbox.id != claim.mailbox_id,
        Mailbox.lease_owner == claim.owner,
        col(Mailbox.leased_until) > utc(now),
    )
    return session.exec(tried.limit(1)).first() is not None


def _waiting(session: Session, claim: Claim) -> list[Message]:
    waiting = select(Message).where(
        Message.mailbox_id == claim.mailbox_id, Message.state == MessageState.WAITING
    )
    messages = session.exec(waiting.order_by(*AS_WRITTEN)).all()
    return newest_of(messages, is_group=session.get_one(Mailbox, claim.mailbox_id).is_group)


def _taken(messages: list[Message], turn_id: str) -> list[Message]:
    for message in messages:
        message.state = MessageState.TAKEN
        message.turn_id = turn_id
    return messages


def _has_loose(session: Session, mailbox_id: int) -> bool:
    return session.exec(loose_in(mailbox_id).limit(1)).first() is not None


def _release(mailbox: Mailbox, *, due_at: datetime | None) -> None:
    mailbox.due_at = due_at
    mailbox.lease_owner = mailbox.leased_until = None
