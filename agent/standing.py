"""Where each limit stands, and what has come near one of late: for the command and the console."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from agent.settings_limits import setting_of
from memory.admission import muted
from memory.spending import alerts, nearest
from phone.clock import utc
from safety.limits import WORDS, Limit, Limits, level, window

NEAREST = 3
"""Of each limit, those who have used most of it; the first is shown."""

ALERTS_SHOWN = timedelta(days=7)
"""How far back alerts are shown."""


def standing(session: Session, *, limits: Limits, now: float) -> dict[str, Any]:
    """Every limit with what is used of it, alerts and mutes, as JSON."""
    return {
        "limits": [row for limit in limits.standing for row in _rows(session, limit, now=now)],
        "alerts": [
            {
                "limit": alert.limit,
                "whose": alert.subject.partition(":")[2] or None,
                "level": alert.level,
                "at": alert.at.isoformat(),
            }
            for alert in alerts(session, since=utc(now) - ALERTS_SHOWN)
        ],
        "muted": [
            {
                "whose": one.subject.partition(":")[2],
                "until": one.until.isoformat(),
                "is_over": one.until <= utc(now),
                "reason": one.reason,
            }
            for one in muted(session, since=utc(now) - ALERTS_SHOWN)
        ],
    }


def _rows(session: Session, limit: Limit, *, now: float) -> Iterator[dict[str, Any]]:
    found = nearest(session, limit, most=NEAREST, now=now)
    for subject, used in (found or {f"{limit.scope}:": Decimal(0)}).items():
        yield {
            "limit": str(limit),
            "setting": setting_of(limit),
            "whose": subject.partition(":")[2] or None,
            "measure": WORDS[limit.measure],
            "used": float(used),
            "allowed": float(limit.rate.most),
            "level": level(limit, used),
            "ends_at": window(limit.rate.per, utc(now))[1].isoformat(),
            "at_the_end": limit.at_the_end,
            "in_short": limit.in_short,
        }


def of_a_turn(limits: Limits) -> dict[str, float | None]:
    """What one turn may use up; None where there is no limit."""
    turn = limits.turn
    most = {
        "tool_calls": turn.tool_calls,
        "bubbles": turn.bubbles,
        "segments_of_a_text": turn.segments,
        "answer_tokens": turn.tokens,
        "cost_usd": turn.cost_usd,
    }
    return {name: None if amount is None else float(amount) for name, amount in most.items()}
