"""Who has the floor: our first word waits until they have finished, and then it is ours.

We think while they may still be writing, so the wait hides behind the thinking. What they write
before our first act makes us think again; what they write after it, we hear before we go on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from memory.tables import Message
from phone.clock import Clock
from tools.pause import pause_after
from tools.stopwatch import Stopwatch

TIMES = 3
"""How often in a turn we may be interrupted; then we answer, and take the rest next."""

AT_ONCE = 0.25
"""Seconds within which texts that follow each other are one interruption: all of them are waited
for before all is thought anew, and they do not use up how often we may be interrupted."""

SECONDS = 8.0
"""Seconds from the turn's start during which we may: who never stops still gets an answer."""


class Floor:
    """The floor in one turn.

    Attributes:
        clock: What the turn lives by.
        ours: Whether something of ours has become visible in this turn, or is about to.
        acted: Whether a tool has started that does more than read: the thinking is not repeated.
        closing: Whether the last words are being said: no more typing bubble after them.
        watch: How long this turn has thought and acted.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        quiet_for: float,
        asked_by: Collection[str] | None = None,
        seconds: float | None = None,
    ) -> None:
        """Begin a turn.

        Args:
            quiet_for: Seconds without a text after which somebody counts as having finished.
            asked_by: In a group, who spoke to us: they may correct themselves before we answer,
                while what the others write among themselves holds up nobody. None: anybody may.
            seconds: How long it may think and act; None for as long as it takes.
        """
        self.ours = False
        self.acted = False
        self.closing = False
        self.clock = clock
        self.watch = Stopwatch(clock, most=seconds)
        self._quiet_for = quiet_for
        self.asked_by = asked_by
        self._began = clock.now()
        self._quiet_at = 0.0
        self._newest_at = 0.0
        self._is_flurry = False
        self._interruptions = 0
        self._heard_at = clock.now()

    def heard(self, messages: Sequence[Message]) -> None:
        """Count the pause from the newest of these texts, by when we stored it."""
        self._heard_at = self.clock.now()
        for message in messages:
            pause = pause_after(
                message.text, has_media=bool(message.media), quiet_for=self._quiet_for
            )
            stored_at = message.stored_at.timestamp()
            self._quiet_at = max(self._quiet_at, stored_at + pause)
            if stored_at > self._newest_at:
                self._is_flurry = stored_at - self._newest_at < AT_ONCE
                self._newest_at = stored_at

    @property
    def gives_way(self) -> bool:
        """Whether somebody who writes now still comes before what we were about to say."""
        soon = self.clock.now() - self._began < SECONDS
        return soon and self._interruptions < TIMES

    @property
    def gives_way_to(self) -> Collection[str] | None:
        """The handles of those who do; None means anybody."""
        return self.asked_by if self.gives_way else ()

    @property
    def may_begin_again(self) -> bool:
        """Whether nothing has happened yet, so that the whole turn can be thought anew."""
        return self.gives_way and not self.ours and not self.acted

    def interrupted(self) -> None:
        """Count that they came first, unless that was at once."""
        if self.clock.now() - self._heard_at >= AT_ONCE:
            self._interruptions += 1

    async def quiet(self) -> None:
        """Return when they have been quiet for long enough."""
        while (left := self._quiet_at - self.clock.now()) > 0:
            await self.clock.sleep(left)

    async def breath(self) -> None:
        """Return when nothing more follows at once: a flurry is thought about as one.

        Whoever has written after a moment, to correct themselves say, is not waited for.
        """
        while self._is_flurry:
            until = min(self._quiet_at, self._newest_at + AT_ONCE)
            if (left := until - self.clock.now()) <= 0:
                return
            await self.clock.sleep(left)

    async def take(self) -> None:
        """Wait for our moment before anything becomes visible; after the first time, at once."""
        if not self.ours:
            await self.quiet()
            self.ours = True
