"""How long a text takes to be acknowledged and answered, and how many turns fit in a second.

The model answers at once and nobody is waited for (`THREEDOTS_QUIET_FOR=0`): what is left is ours.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from bench.figures import Figures, percentiles
from bench.stand import CONNECTIONS, Stand, stand
from bench.texts import people

QUESTION = "Are you open on Sunday?"
WITHIN = 60.0
"""Seconds in which an answer must come, and as many more as there are answers."""


async def one_run(database_url: str, *, texts: int) -> Figures:
    """Start a harness on an empty database and text it, first one by one, then all at once."""
    async with stand(database_url) as it:
        await _alone(it, people(0, 20))  # warm
        return {**await _alone(it, people(1, texts)), **await _together(it, people(2, texts * 5))}


async def _alone(it: Stand, group: Sequence[str]) -> Figures:
    """One text at a time: what somebody feels who texts a quiet agent."""
    acknowledged, answered = [], []
    for person in group:
        started = time.monotonic()
        await it.deliver(person, QUESTION)
        acknowledged.append((time.monotonic() - started) * 1000)
        await it.line.until_sent([person], within=WITHIN)
        answered.append((it.line.first_sent(person) - started) * 1000)
    return {
        **percentiles("acknowledged", acknowledged, "ms"),
        **percentiles("first bubble", answered, "ms"),
    }


async def _together(it: Stand, group: Sequence[str]) -> Figures:
    """Everybody at once over 32 connections: what the machine can carry."""
    acknowledged: list[float] = []
    gate = asyncio.Semaphore(CONNECTIONS)

    async def text(person: str) -> None:
        async with gate:
            at = time.monotonic()
            await it.deliver(person, QUESTION)
            acknowledged.append((time.monotonic() - at) * 1000)

    started = time.monotonic()
    await asyncio.gather(*(text(person) for person in group))
    all_acknowledged = time.monotonic() - started
    await it.line.until_sent(group, within=WITHIN + len(group))
    all_answered = max(map(it.line.first_sent, group)) - started
    return {
        **percentiles("acknowledged while turns run", acknowledged, "ms"),
        "acknowledged while turns run, per second": len(group) / all_acknowledged,
        "turns, per second": len(group) / all_answered,
    }
