"""What a person has to see to: who is in crisis, a child. Until then the agent is silent there.

intake or the model ─▶ raise_alert ─▶ the agent is silent ─▶ a person is called
                                                                  │
                      the agent speaks again ◀─ resolve ◀─ a person has seen to it
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Field, Session, SQLModel, col, select

from memory.columns import UTCDateTime
from memory.tables import Bubble, BubbleState, Mailbox
from memory.takeovers import flag, hand_back, ongoing
from phone.clock import utc
from phone.explained import Explained


class Alert(SQLModel, table=True):
    """Something in a conversation for which a person is called.

    Attributes:
        mailbox_id: Where; None once whoever it was about was erased: it is still counted.
        kind: `crisis`, or `child`.
        message_id: What it was raised by, at AgentPhone.
        pauses: Whether the agent is silent in the conversation until it is resolved.
        times: How often it was raised while it was open.
        referred_at: When the static words with where to find help were written; None if never.
        called_at: When a person was called last; None while that is still to be done.
        resolved_at, resolved_by: When a person had seen to it, and who.
    """

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int | None = Field(default=None, foreign_key="mailbox.id", index=True)
    kind: str
    message_id: str | None = None
    pauses: bool
    times: int = 1
    at: datetime = Field(sa_type=UTCDateTime)
    referred_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    called_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    resolved_at: datetime | None = Field(default=None, sa_type=UTCDateTime, index=True)
    resolved_by: str | None = None


class NoSuchAlert(Explained, LookupError):
    """There is no open alert of this number; the text says how to see them."""


def raise_alert(
    session: Session,
    mailbox_id: int,
    *,
    kind: str,
    pauses: bool,
    message_id: str | None = None,
    now: float,
) -> bool:
    """Have a person called. What the agent has written and not sent yet is cancelled if it pauses.

    Returns:
        Whether this is new: an alert that is open already only counts, and calls once more.
    """
    if pauses:
        flag(session, mailbox_id, by=kind, why=None, now=now)
    found = _open(session, mailbox_id, kind)
    if found is not None:
        found.times, found.called_at = found.times + 1, None
        session.add(found)
        return False
    session.add(
        Alert(mailbox_id=mailbox_id, kind=kind, message_id=message_id, pauses=pauses, at=utc(now))
    )
    if pauses:
        session.exec(
            update(Bubble)
            .where(
                col(Bubble.mailbox_id) == mailbox_id,
                col(Bubble.state) == BubbleState.PREPARED,
                col(Bubble.kind).not_in(("notice", "crisis", "operator")),
            )
            .values(
                state=BubbleState.CANCELLED,
                code="taken_over",
                reason="A person was called before this left.",
                finished_at=utc(now),
            )
        )
    session.flush()
    return True


def resolve(
    session: Session, mailbox_id: int, *, kind: str | None = None, by: str, now: float
) -> int:
    """A person has seen to everything in this conversation: the agent may speak again.

    Unless somebody has taken it over: that ends when they hand it back.

    Args:
        kind: Only what is of this kind; the agent stays silent while more is open.
        by: Who: `command`, or a name.

    Returns:
        How many alerts were open.
    """
    here = select(Alert).where(Alert.mailbox_id == mailbox_id, col(Alert.resolved_at).is_(None))
    every = session.exec(here).all()
    alerts = [alert for alert in every if kind in (None, alert.kind)]
    for alert in alerts:
        _close(session, alert, by=by, now=now)
    waiting = ongoing(session, mailbox_id)
    if len(alerts) == len(every) and waiting is not None and waiting.claimed_at is None:
        hand_back(session, mailbox_id, by=by, now=now)
    return len(alerts)


def resolve_one(session: Session, alert_id: int, *, by: str, now: float) -> Alert:
    """The same by the number of one alert, which is returned. Raises NoSuchAlert."""
    alert = session.get(Alert, alert_id)
    if alert is None or alert.resolved_at is not None:
        raise NoSuchAlert(f"There is no open alert {alert_id}; see: threedots alerts list")
    if alert.mailbox_id is None:
        _close(session, alert, by=by, now=now)
    else:
        resolve(session, alert.mailbox_id, by=by, now=now)
    return alert


def _close(session: Session, alert: Alert, *, by: str, now: float) -> None:
    alert.resolved_at, alert.resolved_by = utc(now), by
    session.add(alert)


def to_call(session: Session) -> Sequence[Alert]:
    """The alerts for which a person is still to be called, oldest first."""
    waiting = select(Alert).where(col(Alert.called_at).is_(None), col(Alert.resolved_at).is_(None))
    return session.exec(waiting.order_by(col(Alert.id))).all()


def called(session: Session, alert_id: int, *, times: int, now: float) -> None:
    """A person was called for this alert, when it had been raised so often."""
    alert = session.get(Alert, alert_id)
    if alert is not None and alert.times == times:
        alert.called_at = utc(now)
        session.add(alert)


def listed(session: Session, *, every: bool = False) -> list[dict[str, Any]]:
    """The open alerts, or all of them, newest first, as JSON values."""
    rows = select(Alert, Mailbox).outerjoin(Mailbox, col(Mailbox.id) == Alert.mailbox_id)
    if not every:
        rows = rows.where(col(Alert.resolved_at).is_(None))
    found = session.exec(rows.order_by(col(Alert.id).desc()))
    return [_as_json(alert, mailbox) for alert, mailbox in found]


def _as_json(alert: Alert, mailbox: Mailbox | None) -> dict[str, Any]:
    told = alert.model_dump(mode="json", exclude={"mailbox_id"})
    told["conversation_id"] = mailbox.conversation_id if mailbox else None
    told["participant"] = (mailbox.group_id or mailbox.participant) if mailbox else None
    return told


def _open(session: Session, mailbox_id: int, kind: str) -> Alert | None:
    here = select(Alert).where(
        Alert.mailbox_id == mailbox_id, Alert.kind == kind, col(Alert.resolved_at).is_(None)
    )
    return session.exec(here.with_for_update()).first()
