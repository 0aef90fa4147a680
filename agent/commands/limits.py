"""`threedots limits`: where each limit stands, and what has come near one of late."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table
from sqlmodel import Session

from agent.commands.database import read
from agent.commands.terminal import WIDE, console, json_instead
from agent.settings import Settings
from agent.settings_limits import setting_of
from memory.admission import muted
from memory.spending import alerts, nearest
from phone.clock import utc
from safety.limits import WORDS, Limit, Limits, level, window

NEAREST = 3
"""Of each limit, those who have used most of it; the table shows the first."""

ALERTS_SHOWN = timedelta(days=7)
"""How far back alerts are shown."""


def limits(
    json_output: Annotated[bool, json_instead("a table")] = False,
) -> None:
    """Show where each limit stands and what happens at its end

    Of limits for each person, group or number those who have used most of it. Each limit is one
    line of .env; docs/limits.md explains them.
    """
    settings = Settings()
    told = read(partial(standing, limits=settings.limits, now=time.time()))
    told["turn"] = _of_a_turn(settings.limits)
    told["price_known"] = _price_known(settings)
    out = console(width=WIDE)
    if json_output:
        out.print_json(data=told)
    else:
        _show(out, told)


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


def _plain(amount: float) -> str:
    """`2,000,000`, `0.076`"""
    return f"{amount:,.3f}".rstrip("0").rstrip(".")


def _of_a_turn(limits: Limits) -> dict[str, float | None]:
    turn = limits.turn
    most = {
        "tool_calls": turn.tool_calls,
        "bubbles": turn.bubbles,
        "segments_of_a_text": turn.segments,
        "answer_tokens": turn.tokens,
        "cost_usd": turn.cost_usd,
    }
    return {name: None if amount is None else float(amount) for name, amount in most.items()}


def _price_known(settings: Settings) -> bool | None:
    """Whether money can be counted; None when there is no model yet."""
    from agent.models import NoModel, model_for  # half a second, which no other command is to bear
    from agent.restraint import is_priced

    try:
        return is_priced(model_for(settings))
    except NoModel:
        return None


def _show(out: Console, told: dict[str, Any]) -> None:
    table = Table("Limit", "Whose", "Used", "Allowed", "Ends (UTC)", "At 100 %", box=None)
    shown: set[str] = set()
    for row in told["limits"]:
        if row["limit"] in shown:
            continue
        shown.add(row["limit"])
        mark = {"warned": " (80 %)", "reached": " (all)"}.get(row["level"] or "", "")
        ends = row["ends_at"][5:16].replace("T", " ")
        table.add_row(
            row["limit"], row["whose"] or "", f"{_plain(row['used'])}{mark}",
            _plain(row["allowed"]), ends, row["in_short"],
        )  # fmt: skip
    out.print(table)
    turn = [
        f"{_plain(amount)} {name.replace('_', ' ').replace('cost usd', 'dollars')}"
        for name, amount in told["turn"].items()
        if amount is not None
    ]
    out.print(f"\nIn one turn: {', '.join(turn) or 'no limits'}.")
    if told["price_known"] is False:
        out.print("The price of the model is not known: dollars cannot be counted, tokens are.")
    for one in told["muted"]:
        until = f"{'Was muted' if one['is_over'] else 'MUTED'} until {one['until'][:16]} UTC"
        out.print(f"{until}: {one['whose']}, {one['reason']}")
    for alert in told["alerts"]:
        whose = f" ({alert['whose']})" if alert["whose"] else ""
        out.print(f"{alert['at'][:16]} UTC  {alert['limit']}{whose}: {alert['level']}")
