"""What `/readyz` says: whether webhooks can be stored, turns be taken and bubbles be sent.

Anybody can ask, so asking is cheap: the one write is made every few seconds at most.
"""

from __future__ import annotations

import asyncio
import shutil
from functools import cache, partial
from pathlib import Path
from typing import Any

from agent.deployment import Deployment
from memory.inbox import try_to_keep
from memory.schema import revisions, stands_at
from memory.store import StoreUnavailable
from memory.turns import oldest_due
from phone.clock import utc

SLOW = 60.0
"""Seconds the oldest work may have waited before the server calls itself not ready."""

DISK_FREE = 0.05
"""Part of the disk that must be free for the server to call itself ready."""

SKEW = 60.0
"""Seconds our clock may be from AgentPhone's; beyond 300 every webhook is refused."""

PROBE_EVERY = 5.0
"""Seconds for which a write that worked is believed to work again."""

TROUBLES = (
    "starting", "database", "schema", "disk", "late", "sending", "key", "clock", "secret",
)  # fmt: skip
"""What `/readyz` may name; any of them makes the server not ready."""


class Readiness:
    """Finds out how a deployment is, and remembers for a moment that it could be written to."""

    def __init__(self) -> None:
        self._believed_until = float("-inf")
        self._one_at_a_time = asyncio.Lock()

    def doubt(self) -> None:
        """Something could not be stored: the next who asks makes the write."""
        self._believed_until = float("-inf")

    async def of(self, deployment: Deployment) -> dict[str, Any]:
        """Each key names a trouble, and is empty where there is none."""
        now = deployment.clock.now()
        try:
            await self._probe(deployment)
            oldest = await deployment.store.read(oldest_due)
            stands = await deployment.store.read(stands_at)
        except StoreUnavailable as error:
            return {"database": str(error)}
        waited = (utc(now) - oldest).total_seconds() if oldest else 0.0
        disk = shutil.disk_usage(deployment.store.folder or Path.cwd())
        return {
            "oldest_waiting_seconds": round(max(waited, 0.0), 1),
            "late": waited > SLOW,
            "disk": disk.free / disk.total < DISK_FREE,
            "sending": deployment.outbox.paused_by,
            "schema": None if stands == _newest() else _changed(stands),
            "key": _key(deployment),
            "clock": _clock(deployment),
        }

    async def _probe(self, deployment: Deployment) -> None:
        """Make the write; whoever asks meanwhile waits for this one instead of making another."""
        async with self._one_at_a_time:
            now = deployment.clock.now()
            if now < self._believed_until:
                return
            await deployment.store.write(partial(try_to_keep, now=now))
            self._believed_until = now + PROBE_EVERY


@cache
def _newest() -> str:
    return revisions()[-1]


def _changed(stands: str | None) -> str:
    return (
        f"the database is at schema {stands} and this process works with {_newest()}: "
        "another version of Threedots has changed it; start the same one here"
    )


def _key(deployment: Deployment) -> str | None:
    if not deployment.phone.refuses_the_key:
        return None
    return "AgentPhone refuses AGENTPHONE_API_KEY; make another one there, set it and restart"


def _clock(deployment: Deployment) -> str | None:
    """Told by the Date of AgentPhone's answers; at home clocks may be moved on purpose."""
    skew = deployment.phone.skew
    if deployment.session != "live" or skew is None or abs(skew) <= SKEW:
        return None
    return f"our clock is {skew:+.0f} s from AgentPhone's; set this machine's clock (NTP)"
