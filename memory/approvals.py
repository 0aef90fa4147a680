"""What waits for a yes before it is done: one call of one tool, with exactly its arguments.

waiting ─▶ approved ─▶ used
   └─▶ denied | replaced (by a later question)         …and past `expires_at` none of it counts
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from sqlalchemy import JSON, update
from sqlmodel import Field, Session, SQLModel, col, select

from memory import carrying_out
from memory.columns import UTCDateTime
from memory.tables import Mailbox, Message
from memory.turns import Claim, LeaseLost, held
from phone.clock import utc
from safety.approval import ANSWER_WITHIN, OPERATOR_WITHIN, answer_in

Asked = Literal["person", "operator"]
"""Who is asked. The operator may answer in the person's place, never the other way round."""


CLOCKS_APART = timedelta(seconds=5)
"""How far AgentPhone's clock, which says when a yes was written, may be behind ours."""


class ApprovalState(StrEnum):
    """Where a question stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    USED = "used"
    REPLACED = "replaced"


class Approval(SQLModel, table=True):
    """One question: may this tool be called with these arguments, once?

    Attributes:
        digest: What the call is known by (`safety.approval.digest`).
        asked: `person` or `operator`.
        decided_by: The handle of the person, or `operator`.
        message_id: AgentPhone's id of the message that said yes or no.
        used_by: The turn and call that made use of the yes.
    """

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id", index=True)
    turn_id: str
    call_id: str
    tool: str
    arguments: dict[str, Any] = Field(default={}, sa_type=JSON)
    digest: str
    asked: str
    state: str = ApprovalState.WAITING
    decided_by: str | None = None
    message_id: str | None = None
    used_by: str | None = None
    asked_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class NoSuchApproval(LookupError):
    """No question with this number waits for an answer. Says what became of it."""


def ask(
    session: Session,
    *,
    claim: Claim,
    turn_id: str,
    call_id: str,
    tool: str,
    arguments: dict[str, Any],
    digest: str,
    asked: Asked,
    asked_at: float,
) -> Approval:
    """Write a question that was put. An earlier one which waits here for the same ears is replaced:
    a yes must not fall to another call than the one just asked about. Raises LeaseLost."""
    _must_hold(session, claim)
    mine = (Approval.turn_id == turn_id, Approval.call_id == call_id)
    if known := session.exec(select(Approval).where(*mine)).first():
        return known  # the connection broke at the commit, which had happened
    waiting = (
        col(Approval.mailbox_id) == claim.mailbox_id,
        col(Approval.state) == ApprovalState.WAITING,
    )
    if asked == "person":
        earlier = update(Approval).where(*waiting, col(Approval.asked) == asked)
    else:
        earlier = update(Approval).where(*waiting, col(Approval.digest) == digest)
    session.exec(earlier.values(state=ApprovalState.REPLACED))
    approval = Approval(
        mailbox_id=claim.mailbox_id,
        turn_id=turn_id,
        call_id=call_id,
        tool=tool,
        arguments=arguments,
        digest=digest,
        asked=asked,
        asked_at=utc(asked_at),
        expires_at=utc(asked_at) + within(asked),
    )
    session.add(approval)
    session.flush()
    return approval


def spend(session: Session, *, claim: Claim, digest: str, call: str, now: float) -> bool | None:
    """Whether this call was said yes to here, and from now on no longer is; False after a no, None
    when nobody has said anything. Raises LeaseLost.

    Args:
        call: The turn and call that are to be made, so that a replayed commit says the same again.
    """
    _must_hold(session, claim)
    of_it = select(Approval).where(
        Approval.mailbox_id == claim.mailbox_id,
        Approval.digest == digest,
        col(Approval.expires_at) > utc(now),
    )
    for approval in session.exec(of_it.order_by(col(Approval.id).desc())):
        if approval.state == ApprovalState.USED and approval.used_by == call:
            return True
        if approval.state == ApprovalState.DENIED:
            return False
        if approval.state == ApprovalState.APPROVED:
            approval.state, approval.used_by = ApprovalState.USED, call
            session.add(approval)
            session.flush()
            return True
    return None


def are_open(session: Session, *, mailbox_id: int, now: float) -> bool:
    """Whether anything here waits for an answer, or was answered and is not done with."""
    known = select(Approval.id).where(
        Approval.mailbox_id == mailbox_id, col(Approval.expires_at) > utc(now)
    )
    return session.exec(known.limit(1)).first() is not None


def take_answers(
    session: Session, *, claim: Claim, messages: Sequence[Message], now: float
) -> list[Approval]:
    """Take the answer that stands in these messages of theirs; what the model is to know then: what
    was said yes to and not done yet, and what was said no to. Raises LeaseLost.

    Only what was written after the question counts, and only in a conversation with one person.
    """
    _hear(session, claim, messages, now)
    known = select(Approval).where(
        Approval.mailbox_id == claim.mailbox_id,
        col(Approval.state).in_((ApprovalState.APPROVED, ApprovalState.DENIED)),
        col(Approval.expires_at) > utc(now),
    )
    return list(session.exec(known.order_by(col(Approval.id))))


def _hear(session: Session, claim: Claim, messages: Sequence[Message], now: float) -> None:
    _must_hold(session, claim)
    mailbox = session.get_one(Mailbox, claim.mailbox_id)
    answers = [(one, answer_in(one.text)) for one in messages if one.kind == "text"]
    waits = select(Approval).where(
        Approval.mailbox_id == claim.mailbox_id,
        Approval.state == ApprovalState.WAITING,
        Approval.asked == "person",
    )
    approval = session.exec(waits.order_by(col(Approval.id).desc()).limit(1)).first()
    if approval is None or mailbox.is_group:
        return
    for message, is_yes in answers:
        in_time = (
            message.stored_at >= approval.asked_at
            and approval.asked_at - CLOCKS_APART < message.received_at < approval.expires_at
        )
        if is_yes is not None and in_time and message.direction == "inbound":
            _decide(approval, is_yes, by=message.sender, now=now, within=ANSWER_WITHIN)
            approval.message_id = message.message_id
            session.add(approval)
            session.flush()
            return


def listed(session: Session, *, every: bool, now: float) -> list[Approval]:
    """The questions that wait for an answer, oldest first; with `every`, also those that do not."""
    questions = select(Approval).order_by(col(Approval.id))
    if not every:
        waits = col(Approval.state) == ApprovalState.WAITING
        questions = questions.where(waits, col(Approval.expires_at) > utc(now))
    return list(session.exec(questions))


def open_to_the_operator(session: Session, *, now: float) -> list[Approval]:
    """Those of them that nobody but the operator can answer."""
    return [row for row in listed(session, every=False, now=now) if row.asked == "operator"]


@dataclass(frozen=True, slots=True)
class Decided:
    """An operator's answer.

    Attributes:
        later: Why a yes is not carried out at once but when they next write; None when it is, and
            after a no.
    """

    approval: Approval
    later: str | None = None


def decide(session: Session, *, approval_id: int, is_yes: bool, now: float) -> Decided:
    """The operator's answer; a yes begins the turn that makes use of it. Raises NoSuchApproval."""
    approval = session.get(Approval, approval_id, with_for_update=True)
    if approval is None:
        raise NoSuchApproval(f"there is no approval {approval_id}; see `threedots approvals list`")
    if approval.state != ApprovalState.WAITING:
        raise NoSuchApproval(f"approval {approval_id} is {approval.state} already")
    if approval.expires_at <= utc(now):
        raise NoSuchApproval(f"approval {approval_id} has expired; the agent will ask again")
    _decide(approval, is_yes, by="operator", now=now, within=OPERATOR_WITHIN)
    session.add(approval)
    session.flush()
    if not is_yes:
        return Decided(approval)
    begin = carrying_out.begin
    later = begin(session, mailbox_id=approval.mailbox_id, tool=approval.tool, now=now)
    return Decided(approval, later)


def within(asked: Asked) -> timedelta:
    """How long an answer of theirs may take."""
    return ANSWER_WITHIN if asked == "person" else OPERATOR_WITHIN


def _decide(approval: Approval, is_yes: bool, *, by: str, now: float, within: timedelta) -> None:
    approval.state = ApprovalState.APPROVED if is_yes else ApprovalState.DENIED
    approval.decided_by, approval.decided_at = by, utc(now)
    approval.expires_at = utc(now) + within


def _must_hold(session: Session, claim: Claim) -> None:
    if not held(session, claim):
        raise LeaseLost(f"{claim.owner} no longer holds mailbox {claim.mailbox_id}")
