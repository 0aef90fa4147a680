"""Static words that are owed: written in the transaction that makes them due, sent afterwards.

    a STOP is recorded ┐                              ┌─▶ its worker sends them
                       ├─ one commit: words, prepared ┤
    a person is called ┘                              └─▶ or who takes the turn up after a stop

Whoever dies in between has left them in the outbox, so that nobody is opted out without a word, and
nobody in danger is met with silence.
"""

from __future__ import annotations

from sqlmodel import Session, col, select

from memory.alerts import Alert, raise_alert
from memory.bubbles import Draft, prepare
from memory.introductions import NEVER_ARRIVED
from memory.obeying import opted_out_by_model
from memory.permission import CRISIS, NOTICE
from memory.tables import Bubble, BubbleState
from memory.turns import Claim
from phone.clock import utc


def opt_out(
    session: Session,
    *,
    claim: Claim,
    turn_id: str,
    message_id: str | None,
    their_words: str,
    goodbye: str | None,
    bubble_id: str,
    now: float,
) -> None:
    """Record the STOP that the model has heard, and owe the words that confirm it.

    Args:
        goodbye: Those words; None where we do not confirm.

    Raises:
        LeaseLost: The conversation is somebody else's now.
    """
    opted_out_by_model(session, claim=claim, message_id=message_id, words=their_words, now=now)
    is_said = any(bubble.kind == NOTICE for bubble in _of_turn(session, turn_id))
    if goodbye is not None and not is_said:
        _owe(session, claim, turn_id, goodbye, NOTICE, bubble_id, now)


def call_a_person(
    session: Session,
    *,
    claim: Claim,
    turn_id: str,
    message_id: str | None,
    comfort: str | None,
    bubble_id: str,
    now: float,
) -> None:
    """Have a person called for the crisis that the model has heard, and owe the words for it.

    Args:
        comfort: Those words; None when there are none to be had.

    Raises:
        LeaseLost: The conversation is somebody else's now.
    """
    raise_alert(session, claim.mailbox_id, kind=CRISIS, pauses=True, message_id=message_id, now=now)
    if comfort is not None:
        owe_comfort(
            session, claim=claim, turn_id=turn_id, comfort=comfort, bubble_id=bubble_id, now=now
        )


def owe_comfort(
    session: Session, *, claim: Claim, turn_id: str, comfort: str, bubble_id: str, now: float
) -> Bubble | None:
    """Write the words for somebody in crisis, once for each alert; those that wait to leave.

    Returns:
        What is to be sent now; None when they have been sent already.
    """
    waiting = [
        bubble
        for bubble in _of_turn(session, turn_id)
        if bubble.kind == CRISIS and bubble.state == BubbleState.PREPARED
    ]
    if waiting:
        return waiting[0]
    alert = _open_alert(session, claim.mailbox_id)
    if _was_told(session, claim.mailbox_id, alert):
        return None
    if alert is not None:
        alert.referred_at = utc(now)
        session.add(alert)
    return _owe(session, claim, turn_id, comfort, CRISIS, bubble_id, now)


def _owe(
    session: Session, claim: Claim, turn_id: str, text: str, kind: str, bubble_id: str, now: float
) -> Bubble:
    [bubble] = prepare(
        session,
        claim=claim,
        drafts=[Draft(text=text)],
        ids=[bubble_id],
        turn_id=turn_id,
        call_id=None,
        kind=kind,
        now=now,
    )
    return bubble


def _of_turn(session: Session, turn_id: str) -> list[Bubble]:
    return list(session.exec(select(Bubble).where(Bubble.turn_id == turn_id)))


def _open_alert(session: Session, mailbox_id: int) -> Alert | None:
    here = select(Alert).where(
        Alert.mailbox_id == mailbox_id, Alert.kind == CRISIS, col(Alert.resolved_at).is_(None)
    )
    return session.exec(here.order_by(col(Alert.id).desc()).limit(1)).first()


def _was_told(session: Session, mailbox_id: int, alert: Alert | None) -> bool:
    """Whether the words have gone out since the alert that is open was raised."""
    told = select(Bubble.id).where(
        Bubble.mailbox_id == mailbox_id,
        Bubble.kind == CRISIS,
        col(Bubble.state).not_in(NEVER_ARRIVED),
    )
    if alert is not None:
        told = told.where(col(Bubble.created_at) >= alert.at)
    return session.exec(told.limit(1)).first() is not None
