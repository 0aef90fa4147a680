"""The time, as something to hand on: the machine's clock, a shifted one, or one a test holds."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where a room learns the time and how it waits."""

    def now(self) -> float:
        """The present, Unix seconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when this clock has moved on by so many seconds; at once for zero or less."""
        ...


def utc(seconds: float) -> datetime:
    """Unix seconds as the aware UTC time that rows and payloads carry."""
    return datetime.fromtimestamp(seconds, UTC)


class SystemClock:
    """The machine's own clock, which can be moved forward for a line that lives here only."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._moved = asyncio.Event()

    def now(self) -> float:
        """The machine's time, and as much ahead as it was moved."""
        return time.time() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`; a move of the clock shortens it."""
        until = self.now() + seconds
        while (left := until - self.now()) > 0:
            moved = self._moved
            try:
                async with asyncio.timeout(left):
                    await moved.wait()
            except TimeoutError:
                return

    def advance(self, seconds: float) -> None:
        """Move the clock forward; sleepers whose time has come wake up."""
        self.ahead += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class HeldClock:
    """A clock that stands still until somebody moves it: what tests hold."""

    def __init__(self, start: float = 1_800_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """The time it was last moved to."""
        return self._now

    @property
    def sleepers(self) -> list[float]:
        """For how many seconds more each of those sleeps who wait for it to move on."""
        return [until - self._now for until, _, _ in self._sleepers]

    async def sleep(self, seconds: float) -> None:
        """As `Clock.sleep`: only `advance` ends it."""
        if seconds <= 0:
            return
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + seconds, next(self._order), waker))
        await waker

    def advance(self, seconds: float) -> None:
        """Move the clock forward; sleepers whose time has come wake up, earliest first."""
        self._now += seconds
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, waker = heapq.heappop(self._sleepers)
            if not waker.done():
                waker.set_result(None)
