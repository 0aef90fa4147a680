"""`threedots limits`: where each limit stands, and what has come near one of late."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any

from rich.console import Console
from rich.table import Table

from agent.commands.database import read
from agent.commands.terminal import WIDE, console, json_instead
from agent.settings import Settings
from agent.standing import of_a_turn, standing


def limits(
    json_output: Annotated[bool, json_instead("a table")] = False,
) -> None:
    """Show where each limit stands and what happens at its end

    Of limits for each person, group or number those who have used most of it. Each limit is one
    line of .env; docs/limits.md explains them.
    """
    settings = Settings()
    told = read(partial(standing, limits=settings.limits, now=time.time()))
    told["turn"] = of_a_turn(settings.limits)
    told["price_known"] = _price_known(settings)
    out = console(width=WIDE)
    if json_output:
        out.print_json(data=told)
    else:
        _show(out, told)


def _plain(amount: float) -> str:
    """`2,000,000`, `0.076`"""
    return f"{amount:,.3f}".rstrip("0").rstrip(".")


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
