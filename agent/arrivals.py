"""Tells a turn under way that somebody has just written in its conversation."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Arrivals:
    """One bell for each conversation with a turn under way."""

    def __init__(self) -> None:
        self._bells: dict[int, asyncio.Event] = {}

    def ring(self, mailbox_id: int) -> None:
        """A message of this conversation was committed."""
        if bell := self._bells.get(mailbox_id):
            bell.set()

    def ring_all(self) -> None:
        """Something concerns every conversation."""
        for bell in self._bells.values():
            bell.set()

    async def wait(self, mailbox_id: int, *, at_most: float | None = None) -> None:
        """Return at the next ring for this conversation, or after so many seconds.

        Args:
            at_most: For messages that another process may store, of which no bell here rings.
        """
        bell = self._bells.setdefault(mailbox_id, asyncio.Event())
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(at_most):
                    await bell.wait()
        finally:
            if self._bells.get(mailbox_id) is bell:
                del self._bells[mailbox_id]
