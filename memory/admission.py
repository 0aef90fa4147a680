"""What is to be known before a turn begins: what was used up, who is muted, how the talk has gone.

Facts only; the rules that judge them are in `safety/`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, null, or_, union_all
from sqlalchemy import select as columns
from sqlalchemy.orm import aliased
from sqlmodel import Field, Session, SQLModel, col, delete, select

from memory.columns import UTCDateTime
from memory.spending import ALERTS_KEPT_FOR, subjects_of, used
from memory.tables import Bubble, Mailbox, Message, Turn, TurnState
from phone.clock import utc
from safety.limits import Amounts, Limits, Scope
from safety.loops import LOOKED_AT as LOOPS_LOOKED_AT
from safety.loops import MUTED_FOR, Heard

LOOKED_AT = 24
"""Newest texts, and newest bubbles, of a conversation in which a loop is looked for."""


class Muted(SQLModel, table=True):
    """Somebody whom the loop breaker has silenced for a while.

    Attributes:
        subject: `sender:…` or `group:…`, as in `memory.spending.Spent`.
    """

    subject: str = Field(primary_key=True)
    until: datetime = Field(sa_type=UTCDateTime)
    reason: str
    at: datetime = Field(sa_type=UTCDateTime)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a turn that is about to begin is judged by.

    Attributes:
        subjects: Whose allowance it uses up.
        used: By whom and in which window, with the turns that began before and still run.
        is_newcomer: Whether nothing was ever answered in this conversation.
        muted_until: When it ends, if the loop breaker silenced them; why is `muted_because`.
        heard: The newest texts of whoever wrote last, oldest first.
    """

    subjects: dict[Scope, str]
    used: dict[Any, Amounts]
    is_newcomer: bool
    muted_until: datetime | None
    muted_because: str
    heard: list[Heard]


def facts(session: Session, *, mailbox: Mailbox, turn_id: str, limits: Limits, now: float) -> Facts:
    """Everything about one turn, in a few cheap questions; the dear one only where it matters."""
    subjects = subjects_of(mailbox)
    amounts = used(session, subjects, now=now)
    connection, about = session.connection(), {"turn": turn_id, "mailbox": mailbox.id}
    is_newcomer = bool(connection.execute(_IS_NEW, about).scalar_one())
    measures = ("turns", "newcomers") if is_newcomer else ("turns",)
    if any(limits.of(("number", "block", "deployment"), measures)):
        _add(amounts, subjects, connection.execute(_RUNNING, about).all())
    muted = connection.execute(_MUTED, {"subject": next(iter(subjects.values()))}).first()
    is_muted = muted is not None and muted.until > utc(now)
    return Facts(
        subjects=subjects,
        used=amounts,
        is_newcomer=is_newcomer,
        muted_until=muted.until if muted is not None and is_muted else None,
        muted_because=muted.reason if muted is not None and is_muted else "",
        heard=_heard(session, mailbox.id or 0, now=now),
    )


def _add(amounts: dict[Any, Amounts], subjects: dict[Scope, str], running: Sequence[Any]) -> None:
    """Count turns that still run, as if they had ended now."""
    scopes = {subject: scope for scope, subject in subjects.items()}
    turns: Counter[Scope] = Counter()
    newcomers: Counter[Scope] = Counter()
    for row in running:
        for subject in subjects_of(row).values():
            if (scope := scopes.get(subject)) is not None:
                turns[scope] += scope != "block"
                newcomers[scope] += row.is_new
    for scope in turns:
        more = Amounts(turns=turns[scope], newcomers=newcomers[scope])
        for per in ("hour", "day"):
            amounts[scope, per] = amounts.get((scope, per), Amounts()) + more


_MINE = aliased(Turn)

# Prepared once: to build a statement costs more than to run it, and every turn asks these.
_RUNNING = (
    columns(
        col(Mailbox.number),
        col(Mailbox.participant),
        col(Mailbox.is_group),
        col(Mailbox.group_id),
        (
            ~exists().where(
                col(Bubble.mailbox_id) == col(Turn.mailbox_id),
                col(Bubble.kind) == "reply",
                col(Bubble.turn_id) != col(Turn.id),
            )
        ).label("is_new"),
    )
    .select_from(Turn)
    .join(Mailbox, col(Mailbox.id) == Turn.mailbox_id)
    .join(_MINE, col(_MINE.id) == bindparam("turn"))
    .where(
        col(Turn.state) == TurnState.RUNNING.value,
        or_(
            col(Turn.started_at) < _MINE.started_at,
            and_(col(Turn.started_at) == _MINE.started_at, col(Turn.id) < _MINE.id),
        ),
    )
)
_IS_NEW = columns(
    ~exists().where(
        col(Bubble.mailbox_id) == bindparam("mailbox"),
        col(Bubble.kind) == "reply",
        col(Bubble.turn_id) != bindparam("turn"),
    )
)
_MUTED = columns(col(Muted.until), col(Muted.reason)).where(
    col(Muted.subject) == bindparam("subject")
)
_TEXTS = (
    columns(
        col(Message.sender).label("sender"),
        col(Message.text).label("text"),
        col(Message.stored_at).label("at"),
    )
    .where(
        col(Message.mailbox_id) == bindparam("mailbox"),
        col(Message.direction) == "inbound",
        col(Message.kind) == "text",
    )
    .order_by(col(Message.ref).desc())
    .limit(LOOKED_AT)
    .subquery()
)
_LEFT = (
    columns(col(Bubble.dispatched_at).label("at"))
    .where(col(Bubble.mailbox_id) == bindparam("mailbox"), col(Bubble.dispatched_at).is_not(None))
    .order_by(col(Bubble.ref).desc())
    .limit(LOOKED_AT)
    .subquery()
)
_SAID_OF_LATE = union_all(
    columns(_TEXTS.c.sender, _TEXTS.c.text, _TEXTS.c.at).where(_TEXTS.c.at >= bindparam("since")),
    columns(null(), null(), _LEFT.c.at).where(_LEFT.c.at >= bindparam("since")),
)


def _heard(session: Session, mailbox_id: int, *, now: float) -> list[Heard]:
    about = {"mailbox": mailbox_id, "since": utc(now) - LOOPS_LOOKED_AT}
    rows = session.connection().execute(_SAID_OF_LATE, about).all()
    texts = sorted((row for row in rows if row.sender is not None), key=lambda row: row.at)
    left = sorted(row.at for row in rows if row.sender is None)
    return [
        Heard(row.text, row.at, left[before - 1] if before else None)
        for row in texts
        if row.sender == texts[-1].sender
        for before in (bisect_right(left, row.at),)
    ]


def mute(session: Session, subject: str, *, reason: str, now: float) -> None:
    """Silence us towards them for an hour, from now."""
    until = utc(now) + MUTED_FOR
    session.merge(Muted(subject=subject, until=until, reason=reason, at=utc(now)))


def muted(session: Session, *, since: datetime) -> list[Muted]:
    """Whom the loop breaker has silenced, newest first; those that are over as well."""
    late = select(Muted).where(col(Muted.at) >= since)
    return list(session.exec(late.order_by(col(Muted.at).desc())).all())


def forget_mutes(session: Session, *, now: float) -> None:
    """Delete those that nobody looks at any more."""
    session.exec(delete(Muted).where(col(Muted.at) < utc(now) - ALERTS_KEPT_FOR))
