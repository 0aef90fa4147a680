"""Whether our clock and AgentPhone's agree, told by when the webhooks were signed that reach us."""

from __future__ import annotations

from phone.webhook import MAX_AGE

ENOUGH = 3
"""Rightly signed webhooks of the wrong time before we call a clock wrong."""

REMEMBERED = 600.0
"""Seconds a webhook counts."""

MANY = 200
"""Webhooks that count at most."""


class Punctuality:
    """Counts rightly signed webhooks that came in time, and those that did not.

    Each signature counts once: whoever replays a recorded webhook over and over proves nothing
    about the clocks.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, bool]] = {}

    def note(self, signature: str, *, in_time: bool, now: float) -> None:
        """Count a webhook whose signature was right."""
        self._seen.setdefault(signature, (now, in_time))
        if len(self._seen) > MANY:
            del self._seen[next(iter(self._seen))]

    def trouble(self, now: float) -> str | None:
        """What is wrong with the clocks, for the operator; None while most come in time."""
        recent = [in_time for at, in_time in self._seen.values() if abs(now - at) <= REMEMBERED]
        late = recent.count(False)
        if late < ENOUGH or late * 2 <= len(recent):
            return None
        return (
            f"{late} of the last {len(recent)} webhooks were signed more than {MAX_AGE} s away from"
            " our clock and were refused; set this machine's clock (NTP)"
        )
