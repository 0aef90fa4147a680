"""What a server costs while nobody texts: processor, statements, bytes written, calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bench.figures import Figures
from bench.processes import cpu_seconds, peak_memory_mb, written_bytes
from bench.stand import Stand, stand
from bench.turns import QUESTION, WITHIN

SETTLED = 5.0
"""Seconds after its one text in which the server still does what it does after a start."""

PERSON = "+15554000000"


async def one_run(
    database_url: str, *, database_processes: Callable[[], list[int]], seconds: float
) -> Figures:
    """Start a harness, let it answer one text, leave it alone, and look what it does."""
    async with stand(database_url, "--count-statements") as it:
        await it.deliver(PERSON, QUESTION)
        await it.line.until_sent([PERSON], within=WITHIN)
        await asyncio.sleep(SETTLED)
        before = await _spent(it, database_processes)
        await asyncio.sleep(seconds)
        after = await _spent(it, database_processes)
        memory = peak_memory_mb(it.process_id)
    spent = {f"{name}, per minute": (after[name] - before[name]) / seconds * 60 for name in before}
    return {**spent, "peak memory of the server, MB": memory}


async def _spent(it: Stand, database_processes: Callable[[], list[int]]) -> Figures:
    counted = await it.counted()
    everything = [it.process_id, *database_processes()]
    return {
        "processor time of the server, s": cpu_seconds(it.process_id),
        "processor time with the database's processes, s": sum(map(cpu_seconds, everything)),
        "SQL statements": counted["statements"],
        "SQL statements that write": counted["writes"],
        "written to the disk, kB": sum(map(written_bytes, everything)) / 1000,
        "calls to AgentPhone": it.line.calls,
    }
