"""What the turns of each day have cost: tokens, money, bubbles. Read off what turns have noted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Numeric, cast, func
from sqlalchemy import select as columns
from sqlmodel import Session, col

from memory.bubbles import LANDED
from memory.tables import Bubble, Transcript, Turn
from phone.clock import utc


def spent(session: Session, *, days: int, now: float) -> list[dict[str, Any]]:
    """One entry for each of the last days, UTC, the newest first; days without a turn are zeros."""
    today = utc(now).replace(hour=0, minute=0, second=0, microsecond=0)
    return [_of(session, today - timedelta(days=back)) for back in range(days)]


def _of(session: Session, day: datetime) -> dict[str, Any]:
    begun = (
        col(Transcript.started_at) >= day,
        col(Transcript.started_at) < day + timedelta(days=1),
    )
    usage = col(Turn.usage)
    tokens = [func.coalesce(func.sum(usage[name].as_integer()), 0) for name in _COUNTED]
    cost = func.coalesce(func.sum(cast(usage["cost_usd"].as_string(), Numeric(20, 10))), 0)
    priced = func.count(usage["cost_usd"].as_string())
    turns = columns(func.count(), *tokens, cost, priced).select_from(Transcript)
    turns = turns.join(Turn, col(Turn.id) == col(Transcript.turn_id)).where(*begun)
    bubbles = (
        columns(func.count())
        .select_from(Transcript)
        .join(Bubble, col(Bubble.turn_id) == col(Transcript.turn_id))
        .where(*begun, col(Bubble.state).in_(LANDED))
    )
    connection = session.connection()
    count, *counted, money, with_price = connection.execute(turns).one()
    return {
        "day": date.isoformat(day.date()),
        "turns": count,
        **dict(zip(_COUNTED, counted, strict=True)),
        "cost_usd": float(Decimal(str(money))) if with_price else None,
        "bubbles": connection.execute(bubbles).scalar_one(),
    }


_COUNTED = ("requests", "input_tokens", "output_tokens")


def total(days: list[dict[str, Any]]) -> dict[str, Any]:
    """All of these days together."""
    known = [day["cost_usd"] for day in days if day["cost_usd"] is not None]
    sums = {name: sum(day[name] for day in days) for name in ("turns", "bubbles", *_COUNTED)}
    return sums | {"cost_usd": sum(known) if known else None}
