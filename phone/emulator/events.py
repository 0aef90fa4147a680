"""The log of what happened on the line, which the page, tests and scenarios follow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

KEPT = 20_000
"""How many events are remembered at least; older ones are forgotten, their numbers never reused."""

PAGE = 1_000
"""How many events one long poll answers at most."""

HEARTBEAT = 1.0
"""Seconds after which a silent stream yields None, so that its end is noticed on either side."""


class EventLog:
    """Numbered events, oldest first; readers may wait for the next one."""

    def __init__(self, last: int = 0) -> None:
        self.last = last
        self.closed = False
        self._events: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    def append(self, type: str, *, at: str, conversation_id: str | None, **fields: Any) -> None:
        """Add an event and wake whoever waits."""
        self.last += 1
        event = {"seq": self.last, "type": type, "at": at, "conversation_id": conversation_id}
        self._events.append(fields | event)
        if len(self._events) > 2 * KEPT:
            del self._events[:KEPT]
        self._wake()

    def after(self, seq: int) -> list[dict[str, Any]]:
        """The next events after that number, `PAGE` at most.

        A number never given out is another line's: such a reader begins at the beginning.
        """
        first = self.last - len(self._events) + 1
        start = max(0, seq - first + 1) if seq <= self.last else 0
        return self._events[start : start + PAGE]

    async def wait(self, seq: int, *, seconds: float) -> list[dict[str, Any]]:
        """As `after`, waiting so many seconds of the machine's time for the first one."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := self.after(seq)) and not self.closed:
                    await self._news.wait()
                return found
        except TimeoutError:
            return []

    async def stream(self, seq: int) -> AsyncIterator[dict[str, Any] | None]:
        """Every event after that number until the log is closed; None now and then when silent."""
        while not self.closed:
            events = await self.wait(seq, seconds=HEARTBEAT)
            if not events:
                yield None
            for event in events:
                seq = event["seq"]
                yield event

    def close(self) -> None:
        """Send every reader home."""
        self.closed = True
        self._wake()

    def reopen(self) -> None:
        """Let readers wait again after `close`."""
        self.closed = False

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()
