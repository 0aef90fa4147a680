"""How much is allowed, of what, to whom and in which window; and what is left of it. Pure.

    sender      one person, in their own conversations
    group       one group
    number      everybody on one of our numbers together
    block       numbers that differ in their last four digits only: bought by the thousand
    deployment  all of it

Windows are hours and days by UTC, as clocks show them, so that everybody can say when one ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from decimal import Decimal
from operator import attrgetter
from typing import Literal

from safety.verdicts import Allowed, Refused, Verdict

Scope = Literal["sender", "group", "number", "block", "deployment"]
Measure = Literal[
    "turns", "newcomers", "bubbles", "segments", "tool_calls", "tokens", "cost_usd"
]  # fmt: skip
Per = Literal["hour", "day"]

OVER_LIMIT = "over_limit"
"""The code of what a limit refused."""

BEFORE_A_TURN: tuple[Measure, ...] = ("turns", "tool_calls", "tokens", "cost_usd")
"""Used up, any of these lets no more turn begin. Newcomers count only against newcomers."""

BEFORE_A_BUBBLE: tuple[Measure, ...] = ("bubbles", "segments")
"""Used up, any of these lets no more bubble leave, and no turn begin that could say nothing."""

WARNED_AT = Decimal("0.8")
"""The part of a limit at which the operator is warned."""

LOPSIDED = 6
"""Bubbles for each text heard beyond which something is wrong: a loop, or unasked-for texts."""

LOPSIDED_FROM = 60
"""Bubbles of a number in a day before that is looked at."""

WORDS: dict[Measure, str] = {
    "turns": "turns", "newcomers": "new people", "bubbles": "bubbles", "segments": "SMS segments",
    "tool_calls": "tool calls", "tokens": "tokens", "cost_usd": "dollars",
}  # fmt: skip
"""What is measured, in words."""

WHOSE: dict[Scope, str] = {
    "sender": "this person", "group": "this group", "number": "this number of ours",
    "block": "this block of numbers", "deployment": "the whole deployment",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in one window."""

    most: Decimal
    per: Per

    def __str__(self) -> str:
        return f"{self.most.normalize():f}/{self.per}"


_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(hour|day)")


def rates(written: str) -> tuple[Rate, ...]:
    """`30/hour 150/day` as rates; none for `0`, which means no limit.

    Raises:
        ValueError: It is written otherwise; the text says how to write it.
    """
    if written.strip() in ("", "0"):
        return ()
    parts = [part for part in re.split(r"[,\s]+", re.sub(r"\s*/\s*", "/", written)) if part]
    found = [_RATE.fullmatch(part) for part in parts]
    if not all(found):
        raise ValueError(
            f"{written!r} is no limit; write 30/hour, 150/day, both with a space between them,"
            " or 0 for no limit."
        )
    return tuple(Rate(Decimal(one[1]), one[2]) for one in found if one)  # type: ignore[arg-type]


def window(per: Per, now: datetime) -> tuple[datetime, datetime]:
    """The window that a moment (UTC) lies in: its beginning, and when the next one begins."""
    if per == "hour":
        start = now.replace(minute=0, second=0, microsecond=0)
        return start, start + timedelta(hours=1)
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return start, start + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: at most `rate` of this measure for each of this scope."""

    scope: Scope
    measure: Measure
    rate: Rate

    def __str__(self) -> str:
        """`sender turns 30/hour`, as the operator reads it and as it is stored."""
        return f"{self.scope} {self.measure} {self.rate}"

    @property
    def at_the_end(self) -> str:
        """What happens at 100 %, in one sentence."""
        if self.measure == "newcomers":
            return "Nobody new is answered until the window ends; those known go on."
        what = "no bubble leaves and no turn begins" if self.is_of_words else "no turn begins"
        if self.scope in ("sender", "group"):
            return f"One static notice, then silence: {what} until the window ends."
        return f"A pause without a word: {what} until the window ends."

    @property
    def in_short(self) -> str:
        """The same in a few words."""
        if self.measure == "newcomers":
            return "nobody new is answered"
        own = self.scope in ("sender", "group")
        return "one notice, then silence" if own else "a pause, without a word"

    @property
    def is_of_words(self) -> bool:
        """Whether it is checked before each bubble."""
        return self.measure in BEFORE_A_BUBBLE


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """What one turn may do; None is no limit.

    Attributes:
        tokens: Of the model's answers; what it reads is what a conversation is long.
        segments: SMS segments of one text the model sends.
        seconds: Of thinking and of tools; waiting for AgentPhone and for people does not count.
    """

    tool_calls: int | None = 12
    bubbles: int | None = 12
    segments: int | None = None
    tokens: int | None = 20_000
    cost_usd: Decimal | None = Decimal("0.50")
    seconds: float | None = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """All limits of a deployment. Without any, everything is allowed."""

    standing: tuple[Limit, ...] = ()
    turn: TurnLimits = field(default_factory=TurnLimits)

    def of(self, scopes: Sequence[str], measures: Sequence[str]) -> Iterator[Limit]:
        """Those for these scopes and measures, in the order in which they are to be checked."""
        for limit in self.standing:
            if limit.scope in scopes and limit.measure in measures:
                yield limit


@dataclass(frozen=True, slots=True)
class Amounts:
    """What was used, measure by measure.

    Attributes:
        heard: Texts and tapbacks that turns were about; not limited, but compared with bubbles.
    """

    turns: int = 0
    newcomers: int = 0
    heard: int = 0
    bubbles: int = 0
    segments: int = 0
    tool_calls: int = 0
    tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(*(mine + more for mine, more in zip(_all(self), _all(other), strict=True)))

    def of(self, measure: Measure) -> Decimal:
        """How much of one measure."""
        return Decimal(getattr(self, measure))


_all = attrgetter(*(one.name for one in fields(Amounts)))

Used = Mapping[tuple[Scope, Per], Amounts]
"""What was used in the present windows."""


def allows(limits: Sequence[Limit], used: Used, *, more: Amounts, now: datetime) -> Verdict:
    """Whether so much more fits into all of these limits. What is not said counts as nothing.

    Where `more` has none of a measure, one that is used up refuses all the same.
    """
    for limit in limits:
        taken = used.get((limit.scope, limit.rate.per), Amounts()).of(limit.measure)
        wanted = more.of(limit.measure)
        is_over = taken + wanted > limit.rate.most if wanted else taken >= limit.rate.most
        if is_over:
            return Refused(OVER_LIMIT, f"{limit}: {_why(limit, now)}")
    return Allowed()


def _why(limit: Limit, now: datetime) -> str:
    until = window(limit.rate.per, now)[1]
    most = f"{limit.rate.most.normalize():f} {WORDS[limit.measure]}"
    each = "an hour" if limit.rate.per == "hour" else "a day"
    return f"{WHOSE[limit.scope]} has had its {most} {each}, until {until:%H:%M} UTC"


def refused_by(refused: Refused, limits: Limits) -> Limit | None:
    """The limit that refused it; None when something else did."""
    return next((one for one in limits.standing if refused.reason.startswith(f"{one}: ")), None)


Level = Literal["warned", "reached", "told"]
"""What there is to know of a limit in a window: 80 %, 100 %, and that the person was told."""


def level(limit: Limit, used: Decimal) -> Level | None:
    """`warned` from 80 % of it, `reached` from 100 %."""
    if used >= limit.rate.most:
        return "reached"
    return "warned" if used >= limit.rate.most * WARNED_AT else None


def is_lopsided(day: Amounts) -> bool:
    """Whether a number says far more than it hears."""
    return day.bubbles >= LOPSIDED_FROM and day.bubbles > LOPSIDED * day.heard


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a turn may still use up: of its own limits, and of what is left of the windows.

    Attributes:
        tool_calls, bubbles, segments: Of the turn's own limits and the windows the smaller.
        answer_tokens, cost_usd, seconds: The turn's own limits, at which it is stopped.
        tokens_left: Of the windows: once gone, it has one more request to end with.
    """

    tool_calls: int | None = TurnLimits().tool_calls
    bubbles: int | None = TurnLimits().bubbles
    segments: int | None = None
    answer_tokens: int | None = TurnLimits().tokens
    cost_usd: Decimal | None = TurnLimits().cost_usd
    seconds: float | None = TurnLimits().seconds
    tokens_left: int | None = None

    def is_nearly_spent(self, *, answered: int, tokens: int, cost: Decimal | None) -> bool:
        """Whether the model should come to its end: 80 % of the turn's own, or the windows' all.

        Args:
            answered: Tokens of its answers so far; `tokens` with what it has read.
            cost: Dollars so far; None when the price is not known.
        """
        nearly = (
            (Decimal(answered), self.answer_tokens, WARNED_AT),
            (Decimal(tokens), self.tokens_left, Decimal(1)),
            (cost, self.cost_usd, WARNED_AT),
        )
        return any(
            spent is not None and most is not None and spent >= most * part
            for spent, most, part in nearly
        )


def allowance(limits: Limits, scopes: Sequence[Scope], used: Used) -> Allowance:
    """What a turn that begins now may use up."""

    def left(measure: Measure) -> Decimal | None:
        rooms = [
            limit.rate.most - used.get((limit.scope, limit.rate.per), Amounts()).of(measure)
            for limit in limits.of(scopes, (measure,))
        ]
        return max(min(rooms), Decimal(0)) if rooms else None

    turn = limits.turn
    tokens = left("tokens")
    return Allowance(
        tool_calls=_smaller(turn.tool_calls, left("tool_calls")),
        bubbles=turn.bubbles,
        segments=turn.segments,
        answer_tokens=turn.tokens,
        cost_usd=turn.cost_usd,
        seconds=turn.seconds,
        tokens_left=None if tokens is None else int(tokens),
    )


def _smaller(one: int | None, other: Decimal | None) -> int | None:
    known = [int(each) for each in (one, other) if each is not None]
    return min(known, default=None)
