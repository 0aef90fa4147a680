"""Whether two machines talk to each other, or one to itself: told by its pace and its words. Pure.

A person reads before answering. What answers each bubble within five seconds, time after time, or
says the same thing again and again whatever we say, is not answered for an hour.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher

from safety.verdicts import Allowed, Refused, Verdict

LOOKED_AT = timedelta(minutes=10)
"""How far back is looked."""

QUICK = timedelta(seconds=5)
"""Sooner after our bubble nobody has read it and answered."""

QUICK_ANSWERS = 8
"""Quick texts that got an answer of ours each; one more is a loop."""

ALIKE = 3
"""Texts nearly the same, each after an answer of ours to the one before, that are a loop."""

NEARLY = 0.9
"""Part of two texts that has to be the same for that; 1 is all of it."""

LONG_ENOUGH = 16
"""Characters from which a text counts as said again whatever its pace: people do write "ok" and
"hello?" three times, and nobody the same sentence."""

COMPARED = 400
"""Characters of a text that are compared."""

MUTED_FOR = timedelta(hours=1)
"""How long nothing is answered then."""

LOOP = "loop"
"""The code of what the loop breaker refused."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A text of theirs.

    Attributes:
        after: When our last bubble before it had left; None when there was none.
    """

    text: str
    at: datetime
    after: datetime | None

    @property
    def is_quick(self) -> bool:
        """Whether it came too soon after ours to be an answer somebody typed."""
        return self.after is not None and timedelta(0) <= self.at - self.after < QUICK


def no_loop(heard: Sequence[Heard], *, now: datetime) -> Verdict:
    """Whether what one sender wrote of late, oldest first, may come from a person."""
    late = [one for one in heard if now - one.at <= LOOKED_AT]
    quick = len({one.after for one in late if one.is_quick})  # nine photos at once are one
    if quick > QUICK_ANSWERS:
        why = f"{quick} answers of ours in 10 minutes were answered within 5 s each: a machine"
        return Refused(LOOP, why)
    alike = _alike(late)
    if alike >= ALIKE:
        return Refused(LOOP, f"{alike} texts nearly the same, each after an answer: a machine")
    return Allowed()


def _alike(heard: Sequence[Heard]) -> int:
    """How many texts are like the newest, each of which came after another bubble of ours."""
    if not heard:
        return 0
    newest = _folded(heard[-1].text)
    rounds: set[datetime | None] = set()
    for one in heard:
        counts = one.is_quick or len(newest) >= LONG_ENOUGH
        if counts and _is_near(_folded(one.text), newest):
            rounds.add(one.after)
    return len(rounds)


def _is_near(one: str, other: str) -> bool:
    """Whether two folded texts are nearly the same; a cheap look spares most the dear one."""
    if not one or not other:
        return False
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    ratios = (matcher.real_quick_ratio, matcher.quick_ratio, matcher.ratio)
    return one == other or all(ratio() >= NEARLY for ratio in ratios)


def _folded(text: str) -> str:
    """Lower case, digits alike (a clock or a counter changes), spaces single."""
    folded = unicodedata.normalize("NFKC", text[:COMPARED]).casefold()
    return " ".join("".join("0" if char.isdigit() else char for char in folded).split())
