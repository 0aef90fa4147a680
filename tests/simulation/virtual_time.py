"""An event loop whose time passes only when nobody has anything to do: an hour costs nothing."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

BEGIN = 1_800_000_000.0
"""When every simulated line begins, Unix seconds."""


class Stuck(Exception):
    """Nothing is ready and nothing is planned: the simulation would wait for ever."""


class _NoWaiting(selectors.SelectSelector):
    """Where the loop would wait for a socket until a timer is due, it is that time at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Stuck
        self.now += max(timeout, 0.0)
        return []


class VirtualTime(asyncio.SelectorEventLoop):
    """The loop. No sockets and no threads: whatever happens, happens in one order."""

    def __init__(self) -> None:
        self._passing = _NoWaiting()
        super().__init__(self._passing)

    def time(self) -> float:
        return self._passing.now

    def run_in_executor(self, *_: Any) -> Any:
        raise RuntimeError("a thread would make the order of things a matter of chance")


class LoopClock:
    """The clock of everything on a simulated line."""

    def __init__(self, loop: VirtualTime) -> None:
        self._loop = loop

    def now(self) -> float:
        return BEGIN + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))
