"""What the line will do later: a message that arrives, a bubble that fades, a retry."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Any

from phone.clock import Clock


class Agenda:
    """Things to do at a time of the twin's clock.

    `run` does them as they fall due. Whoever reads the line calls `catch_up` first, so that what is
    seen never lags behind a clock that somebody has just moved.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._items: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._sooner = asyncio.Event()

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Call `act` once that time has come, Unix seconds."""
        heapq.heappush(self._items, (when, next(self._order), act))
        if self._items[0][2] is act:
            self._sooner.set()

    def clear(self) -> None:
        """Forget everything that was to come."""
        self._items.clear()

    def catch_up(self) -> None:
        """Do everything that is due, in the order it fell due."""
        while self._items and self._items[0][0] <= self.clock.now():
            heapq.heappop(self._items)[2]()

    async def run(self) -> None:
        """Do things as they fall due, for ever."""
        while True:
            self.catch_up()
            self._sooner.clear()
            waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._sooner.wait())]
            if self._items:
                left = self._items[0][0] - self.clock.now()
                waits.append(asyncio.ensure_future(self.clock.sleep(left)))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for waiting in waits:
                    waiting.cancel()
