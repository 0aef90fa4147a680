"""How long a turn has thought and acted: the one thing a model or a tool that hangs uses up.

Waiting for AgentPhone to take a bubble, for people to finish writing, or for a model that is down
has bounds of its own, so the stopwatch stands meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from phone.clock import Clock


class Stopwatch:
    """The time of one turn, in seconds; it stands until somebody says that it is `going`."""

    def __init__(self, clock: Clock, *, most: float | None = None) -> None:
        """Begin at nothing.

        Args:
            most: Seconds after which the time is up; None for never.
        """
        self._clock = clock
        self._most = most
        self._before = 0.0
        self._since: float | None = None
        self._goes = asyncio.Event()

    @property
    def seconds(self) -> float:
        """How long it has gone so far."""
        going = 0.0 if self._since is None else self._clock.now() - self._since
        return self._before + going

    @property
    def goes(self) -> bool:
        """Whether it does just now."""
        return self._since is not None

    @contextmanager
    def going(self) -> Iterator[None]:
        """Within this, it goes."""
        self._start()
        try:
            yield
        finally:
            self._stop()

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Within this, it stands; behind it, it goes on if it did."""
        was_going = self._since is not None
        self._stop()
        try:
            yield
        finally:
            if was_going:
                self._start()

    async def up(self) -> None:
        """Return when the time is up, which it never is while the stopwatch stands."""
        if self._most is None:
            await asyncio.Event().wait()
        while True:
            await self._goes.wait()
            if (left := (self._most or 0) - self.seconds) <= 0:
                return
            await self._clock.sleep(left)

    def _start(self) -> None:
        self._since = self._clock.now()
        self._goes.set()

    def _stop(self) -> None:
        self._before, self._since = self.seconds, None
        self._goes.clear()
