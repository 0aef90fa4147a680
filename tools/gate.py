"""Whether anybody may send just now: shut by trouble that is everybody's, opened by one probe.

A wrong key or an empty balance shuts it, and so do several lost answers in a row: each is a text
that may be missing on somebody's phone, so no more are risked than one at a time.
"""

from __future__ import annotations

import logging
from collections import deque

from phone.clock import Clock
from phone.errors import CallFailed, PaymentRequired, PhoneError, Refused, Throttled, Unauthorized
from phone.errors import NotSent as NeverLeft
from phone.types import SentMessage

log = logging.getLogger("tools.outbox")
"""What the operator reads about sending comes under one name."""

MENDING = 15.0
"""Seconds between probes while the key or the balance is wrong: ours to mend, so bubbles wait."""

UNKNOWN = 3
"""Lost answers within `UNKNOWN_WITHIN` that shut the gate."""

UNKNOWN_WITHIN = 120.0
"""Seconds in which so many lost answers mean that something is wrong at AgentPhone."""

RESTING = 30.0
"""Seconds between probes after that."""

LOOK_EVERY = 1.0
"""Seconds between looks whether the gate is open again."""

PATIENCE = 5.0
"""Seconds after which who waits is told to see whether its bubble still has to go out."""


SPARING = 10.0
"""Seconds after a throttle, at least, in which no typing, tapback or background is sent."""


class Gate:
    """Lets everybody through, or, while it is shut, one bubble at a time to try.

    Attributes:
        shut_by: Why nobody can send just now, in words for the operator; None when it is open.
    """

    def __init__(self, clock: Clock) -> None:
        self.shut_by: str | None = None
        self._clock = clock
        self._unknown: deque[float] = deque(maxlen=UNKNOWN)
        self._pause = 0.0
        self._next_probe_at = 0.0
        self._probe: str | None = None
        self._spares_until = 0.0

    @property
    def spares(self) -> bool:
        """Whether AgentPhone has asked for fewer calls: only words are sent then."""
        return self._clock.now() < self._spares_until

    async def enter(self, bubble_id: str) -> bool:
        """True when this bubble may go; False when it waited for a while and may not yet.

        Who was let in must call `leave`.
        """
        until = self._clock.now() + PATIENCE
        while not self._lets_in(bubble_id):
            if self._clock.now() >= until:
                return False
            await self._clock.sleep(LOOK_EVERY)
        return True

    def leave(self, bubble_id: str) -> None:
        """The bubble is through, or need not go any more."""
        if self._probe == bubble_id:
            self._probe = None

    def tell(self, outcome: SentMessage | PhoneError) -> None:
        """Learn from what a send came to; say loudly, once, when the gate shuts and opens."""
        match outcome:
            case SentMessage():
                self._open()
            case Unauthorized() | PaymentRequired():
                self._shut(str(outcome), MENDING)
            case Refused():
                log.error("AgentPhone refused a message: %s", outcome)
                if self._pause == RESTING:
                    self._open()
            case Throttled():
                wait = max(outcome.retry_after or 0.0, SPARING)
                self._spares_until = max(self._spares_until, self._clock.now() + wait)
            case NeverLeft():
                pass
            case CallFailed():
                self._count_unknown()

    def _lets_in(self, bubble_id: str) -> bool:
        if self.shut_by is None:
            return True
        if self._probe is not None or self._clock.now() < self._next_probe_at:
            return False
        self._probe = bubble_id
        return True

    def _count_unknown(self) -> None:
        now = self._clock.now()
        self._unknown.append(now)
        many = len(self._unknown) == UNKNOWN and now - self._unknown[0] <= UNKNOWN_WITHIN
        if self.shut_by is not None:
            self._next_probe_at = now + self._pause
        elif many:
            self._shut(f"AgentPhone left {UNKNOWN} sends in a row unanswered.", RESTING)

    def _shut(self, why: str, pause: float) -> None:
        if self.shut_by is None:
            log.error("SENDING IS PAUSED for everybody: %s", why)
        self.shut_by, self._pause = why, pause
        self._next_probe_at = self._clock.now() + pause

    def _open(self) -> None:
        self._unknown.clear()
        if self.shut_by is not None:
            log.warning("sending works again")
            self.shut_by = None
