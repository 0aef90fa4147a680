"""What was used up, hour by hour: counted in the transaction that uses it, asked by primary key.

Each process counts in rows of its own, so that replicas never wait for each other, and a window is
the sum of a few rows, however many turns there are. A replica does not see what another commits at
that very moment: limits of a number and of all may be passed by that much, those of a person not.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, get_args

from sqlalchemy import BigInteger, bindparam, case, delete, func
from sqlalchemy import select as columns
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, Session, SQLModel, col, select

from memory.columns import UTCDateTime
from memory.tables import Bubble, Mailbox, Turn
from memory.transcript import TurnRecord
from phone.clock import utc
from safety.limits import (
    BEFORE_A_BUBBLE,
    Amounts,
    Level,
    Limit,
    Limits,
    Measure,
    Per,
    Scope,
    Used,
    allows,
    is_lopsided,
    level,
    window,
)
from safety.verdicts import Allowed, Verdict

HOUR = 3600
"""Seconds."""

KEPT_FOR = timedelta(days=8)
"""How long the hours are kept: a day is the longest window, a week what one looks back to."""

ALERTS_KEPT_FOR = timedelta(days=30)
"""How long the operator can see what reached its limit."""

LOPSIDED = "number bubbles for each text heard 6/day"
"""Stands for a limit in the alert of a number that says far more than it hears."""

MICROS = 1_000_000
"""Millionths of a dollar: what money is counted in."""


class Spent(SQLModel, table=True):
    """What one process used up in one hour, of one subject.

    Attributes:
        subject: Scope and whose: `sender:+14155550123`, `group:grp_…`, `number:+1…`, `block:+1…`,
            `deployment:`.
        hour: Hours since 1970, UTC.
        owner: The worker that counted.
        cost_micros: Millionths of a dollar; only what had a known price.
    """

    subject: str = Field(primary_key=True)
    hour: int = Field(primary_key=True, index=True, sa_column_kwargs={"autoincrement": False})
    owner: str = Field(primary_key=True)
    turns: int = 0
    newcomers: int = 0
    heard: int = 0
    bubbles: int = 0
    segments: int = 0
    tool_calls: int = 0
    tokens: int = Field(default=0, sa_type=BigInteger)
    cost_micros: int = Field(default=0, sa_type=BigInteger)


class LimitAlert(SQLModel, table=True):
    """A limit of which 80 % or all was used in a window, once for each; the operator's to see.

    Attributes:
        limit: As `safety.limits.Limit` writes itself.
        level: `warned`, `reached`, or `told`: the person got the static notice.
        is_logged: Whether a log line has said so.
    """

    __tablename__ = "limit_alert"

    subject: str = Field(primary_key=True)
    limit: str = Field(primary_key=True)
    starts_at: datetime = Field(sa_type=UTCDateTime, primary_key=True)
    level: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime, index=True)
    is_logged: bool = Field(default=False, index=True)


class Place(Protocol):
    """What is to be known of a conversation: a `Mailbox`, or a row with these columns of one."""

    number: str
    participant: str
    is_group: bool
    group_id: str | None


def subjects_of(mailbox: Place) -> dict[Scope, str]:
    """Whose allowance a turn in this conversation uses up.

    A group has its own: nobody's talk there counts against them alone.
    """
    whose: dict[Scope, str] = {}
    if mailbox.is_group:
        whose["group"] = f"group:{mailbox.group_id}"
    else:
        whose["sender"] = f"sender:{mailbox.participant}"
        if mailbox.participant.startswith("+"):
            whose["block"] = f"block:{mailbox.participant[:-4]}"
    whose["number"] = f"number:{mailbox.number}"
    whose["deployment"] = "deployment:"
    return whose


def used(session: Session, subjects: Mapping[Scope, str], *, now: float) -> dict[Any, Amounts]:
    """What these used in the present hour and day."""
    this_hour = int(now // HOUR)
    about: dict[str, Any] = {
        "hour": this_hour, "day": int(window("day", utc(now))[0].timestamp()) // HOUR,
    }  # fmt: skip
    names = list(subjects.values())
    about |= {f"subject_{n}": names[n] if n < len(names) else "" for n in range(_AT_ONCE)}
    found: dict[Any, Amounts] = {}
    scopes = {subject: scope for scope, subject in subjects.items()}
    for subject, is_now, *amounts, micros in session.connection().execute(_USED, about):
        figures = {name: int(amount) for name, amount in zip(_FIGURES, amounts, strict=True)}
        one = Amounts(**figures, cost_usd=_dollars(int(micros)))
        scope = scopes[subject]
        found[scope, "day"] = found.get((scope, "day"), Amounts()) + one
        if is_now:
            found[scope, "hour"] = one
    return found


_AT_ONCE = 4
"""Subjects a turn has at most."""

_FIGURES = [f.name for f in fields(Amounts) if f.name != "cost_usd"]

_COUNTED = [*_FIGURES, "cost_micros"]

_IS_NOW = case((col(Spent.hour) >= bindparam("hour"), 1), else_=0).label("is_now")

# Prepared once: to build a statement costs more than to run it, and every turn asks these.
_USED = (
    columns(col(Spent.subject), _IS_NOW, *(func.sum(getattr(Spent, name)) for name in _COUNTED))
    .where(
        col(Spent.subject).in_([bindparam(f"subject_{n}") for n in range(_AT_ONCE)]),
        col(Spent.hour) >= bindparam("day"),
    )
    .group_by(col(Spent.subject), _IS_NOW)
)


@functools.cache
def _adding(dialect: str) -> Any:
    """Add to a row of counts, which may not be there yet."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    row = insert(Spent)
    more = {name: getattr(Spent, name) + row.excluded[name] for name in _COUNTED}
    return row.on_conflict_do_update(index_elements=["subject", "hour", "owner"], set_=more)


@functools.cache
def _noting(dialect: str) -> Any:
    """Keep an alert, unless it is there."""
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(LimitAlert).on_conflict_do_nothing()


def count(session: Session, mailbox: Mailbox, more: Amounts, *, now: float) -> None:
    """Count what was used in this conversation, for everybody whose allowance that is."""
    subjects = subjects_of(mailbox)
    if not more.newcomers:
        subjects.pop("block", None)
    figures = {name: getattr(more, name) for name in _FIGURES}
    figures["cost_micros"] = int(more.cost_usd * MICROS)
    owner = mailbox.lease_owner or ""  # who holds the conversation: nobody else writes its rows
    row = {"hour": int(now // HOUR), "owner": owner, **figures}
    rows = [{"subject": subject, **row} for subject in sorted(subjects.values())]
    connection = session.connection()
    connection.execute(_adding(connection.dialect.name), rows)


def keep_alerts(
    session: Session, subjects: Mapping[Scope, str], amounts: Used, limits: Limits, *, now: float
) -> None:
    """Note every limit of these of which 80 % or all is used, unless it is noted already."""
    for limit in limits.of(list(subjects), get_args(Measure)):
        amount = amounts.get((limit.scope, limit.rate.per), Amounts()).of(limit.measure)
        if found := level(limit, amount):
            keep_alert(session, subjects[limit.scope], limit, found, now=now)
    if limits.standing and is_lopsided(amounts.get(("number", "day"), Amounts())):
        starts_at = window("day", utc(now))[0]
        keep_once(session, subjects["number"], LOPSIDED, starts_at, "reached", now=now)


def keep_alert(session: Session, subject: str, limit: Limit, what: Level, *, now: float) -> bool:
    """Note this of a limit in the present window; False when it was noted before."""
    starts_at = window(limit.rate.per, utc(now))[0]
    return keep_once(session, subject, str(limit), starts_at, what, now=now)


def keep_once(
    session: Session, subject: str, limit: str, starts_at: datetime, what: Level, *, now: float
) -> bool:
    """The same of what is no limit and has no window of its own."""
    row = {
        "subject": subject, "limit": limit, "starts_at": starts_at, "level": what,
        "at": utc(now), "is_logged": what == "told",
    }  # fmt: skip
    connection = session.connection()
    return bool(connection.execute(_noting(connection.dialect.name), row).rowcount)


def count_turn(
    session: Session, mailbox: Mailbox, turn: Turn, record: TurnRecord, *, now: float
) -> None:
    """Count a turn that asked a model and has ended; its bubbles were counted when they left."""
    costs = [request.cost_usd for request in record.requests if request.cost_usd is not None]
    before = select(Bubble.id).where(
        Bubble.mailbox_id == turn.mailbox_id, Bubble.kind == "reply", Bubble.turn_id != turn.id
    )
    more = Amounts(
        turns=1,
        newcomers=int(session.exec(before.limit(1)).first() is None),
        heard=sum(heard.in_turn for heard in record.heard),
        tool_calls=len(record.tool_calls),
        tokens=record.usage.input_tokens + record.usage.output_tokens,
        cost_usd=sum(costs, Decimal()),
    )
    count(session, mailbox, more, now=now)


def spend_on_bubble(
    session: Session,
    mailbox: Mailbox,
    *,
    segments: int,
    limits: Limits,
    bypasses: bool,
    now: float,
) -> Verdict:
    """Whether one more bubble may leave here; if so it is counted, for it leaves now.

    Args:
        bypasses: A static text of ours, or an operator's own order: counted, never refused.
    """
    subjects = subjects_of(mailbox)
    before = used(session, subjects, now=now) if limits.standing else {}
    more = Amounts(bubbles=1, segments=segments)
    if not bypasses:
        held = [
            limit
            for limit in limits.of(list(subjects), BEFORE_A_BUBBLE)
            if limit.measure == "bubbles" or segments  # what is no SMS needs no segments
        ]
        verdict = allows(held, before, more=more, now=utc(now))
        if not isinstance(verdict, Allowed):
            return verdict
    count(session, mailbox, more, now=now)
    if limits.standing:
        after = {key: amounts + more for key, amounts in before.items()}
        for scope in subjects.keys() - {"block"}:
            for per in get_args(Per):
                after.setdefault((scope, per), more)
        keep_alerts(session, subjects, after, limits, now=now)
    return Allowed()


def correct_segments(session: Session, mailbox: Mailbox, by: int, *, now: float) -> None:
    """Count segments that were not expected when a bubble left, or that it did not need."""
    more = Amounts(segments=by)
    count(session, mailbox, more, now=now)


def unlogged(session: Session) -> list[LimitAlert]:
    """Alerts no log line has told yet, oldest first; they count as logged from now on."""
    rows = session.exec(select(LimitAlert).where(col(LimitAlert.is_logged).is_(False))).all()
    for row in rows:
        row.is_logged = True
        session.add(row)
    return sorted(rows, key=lambda row: row.at)


def tell_again(session: Session, alert: LimitAlert) -> None:
    """Count an alert as one that was not told yet."""
    session.merge(alert).is_logged = False


def forget_old(session: Session, *, now: float) -> None:
    """Delete what is older than anybody looks at it."""
    oldest = int((utc(now) - KEPT_FOR).timestamp()) // HOUR
    session.exec(delete(Spent).where(col(Spent.hour) < oldest))
    session.exec(delete(LimitAlert).where(col(LimitAlert.at) < utc(now) - ALERTS_KEPT_FOR))


def alerts(session: Session, *, since: datetime) -> list[LimitAlert]:
    """What came near its limit or reached it, newest first."""
    late = select(LimitAlert).where(col(LimitAlert.at) >= since)
    return list(session.exec(late.order_by(col(LimitAlert.at).desc())).all())


def nearest(session: Session, limit: Limit, *, most: int, now: float) -> dict[str, Decimal]:
    """Who has used most of a limit in the present window, with how much; those first."""
    name = "cost_micros" if limit.measure == "cost_usd" else limit.measure
    start = int(window(limit.rate.per, utc(now))[0].timestamp()) // HOUR
    amount = func.sum(getattr(Spent, name))
    asked = (
        columns(col(Spent.subject), amount)
        .where(
            col(Spent.hour) >= start,
            col(Spent.subject) >= f"{limit.scope}:",
            col(Spent.subject) < f"{limit.scope};",
        )
        .group_by(col(Spent.subject))
        .having(amount > 0)
        .order_by(amount.desc(), col(Spent.subject))
        .limit(most)
    )
    found = {subject: int(value) for subject, value in session.connection().execute(asked)}
    if limit.measure == "cost_usd":
        return {subject: _dollars(value) for subject, value in found.items()}
    return {subject: Decimal(value) for subject, value in found.items()}


def forget_person(session: Session, handle: str) -> None:
    """Delete what was counted of one person: for their erasure."""
    for table in (Spent, LimitAlert):
        session.exec(delete(table).where(col(table.subject) == f"sender:{handle}"))


def _dollars(micros: int) -> Decimal:
    return Decimal(micros) / MICROS
