"""How many crises there were in each year, and nobody's name: what an annual report asks for."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlmodel import Session, select

from memory.alerts import Alert


def crises_by_year(session: Session, *, year: int | None = None) -> list[dict[str, Any]]:
    """The crises of each year (UTC), or of this one, newest first, as JSON values.

    People who were erased since are still counted: their alerts stay, without whom they were about.

    Returns:
        Of each year: how many `crises`; in how many the static words with where to find help were
        sent (`referred`); how often a person was called, once more each time somebody said it again
        (`calls`); how many have been `seen_to`, and how many are still `open`.
    """
    found: defaultdict[int, list[Alert]] = defaultdict(list)
    if year is not None:
        found[year] = []
    for alert in session.exec(select(Alert).where(Alert.kind == "crisis")):
        if year in (None, alert.at.year):
            found[alert.at.year].append(alert)
    return [_counted(each, found[each]) for each in sorted(found, reverse=True)]


def _counted(year: int, alerts: list[Alert]) -> dict[str, Any]:
    seen_to = sum(alert.resolved_at is not None for alert in alerts)
    return {
        "year": year,
        "crises": len(alerts),
        "referred": sum(alert.referred_at is not None for alert in alerts),
        "calls": sum(alert.times for alert in alerts),
        "seen_to": seen_to,
        "open": len(alerts) - seen_to,
    }
