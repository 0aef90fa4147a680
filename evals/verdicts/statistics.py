"""How sure one can be of a difference: pure functions over passes and runs, seeded.

A scenario is what is drawn: its runs stand and fall together, so they are kept together here. All
intervals are of 95 %, all tests two-sided at 5 %.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb, inf, lcm, sqrt
from random import Random
from statistics import NormalDist, fmean, variance

RESAMPLES = 10_000
"""How often the scenarios are drawn again."""

SEED = 20_260_303
"""What every drawing begins with: the same files give the same figures."""

ALPHA = 0.05
"""How often there may be an alarm where nothing differs."""

POWER = 0.8
"""How often a difference is to be seen that is as large as `smallest_seen` says."""

MOST = 1_000
"""Scenarios, or runs of each, beyond which nobody is asked to go."""

FINEST_GRID = 1_000
"""Parts into which a score is divided at most where chances are counted out."""

NEGLIGIBLE = 1e-12
"""A chance that is not counted out any further."""

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Interval:
    """From where to where a figure may lie."""

    low: float
    high: float

    @property
    def is_below_zero(self) -> bool:
        """Whether all of it is."""
        return self.high < 0

    @property
    def is_above_zero(self) -> bool:
        """Whether all of it is."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Tally:
    """How one scenario went in both files: passes of so many runs."""

    passes_a: int
    runs_a: int
    passes_b: int
    runs_b: int

    @property
    def score_a(self) -> float:
        """The share of runs that passed in the first."""
        return self.passes_a / self.runs_a

    @property
    def score_b(self) -> float:
        """The share of runs that passed in the second."""
        return self.passes_b / self.runs_b

    @property
    def gain(self) -> float:
        """How much better the second is."""
        return self.score_b - self.score_a

    def gain_in(self, parts: int) -> int:
        """The same in parts of one score, which add up without a rounding error."""
        up, down = self.passes_b * self.runs_a, self.passes_a * self.runs_b
        return round((up - down) * parts / (self.runs_a * self.runs_b))


def interval_of_gain(tallies: Sequence[Tally], *, resamples: int = RESAMPLES) -> Interval:
    """Where the mean gain of the scenarios may lie.

    The percentiles of a cluster bootstrap, widened for few scenarios as Student's t is, which has
    two weaknesses where little differs. It sees a difference in four scenarios of which all happen
    to go one way, which chance does one time in eight: so zero stays inside unless dealing the runs
    anew (`chance_of_gain`) says otherwise as well. And where no run got worse it says that none
    ever will: so an end that nothing was seen of lies where so many runs could have missed it.
    """
    parts = _grid(tallies)
    gains = [tally.gain_in(parts) for tally in tallies]
    sums = _resampled(gains, resamples)
    low, high = (bound / (parts * len(gains)) for bound in _percentiles(sums, len(gains)))
    if chance_of_gain(tallies) > ALPHA:
        low, high = min(low, 0.0), max(high, 0.0)
    mean = fmean(tally.gain for tally in tallies)
    missed = unseen_share(sum(min(tally.runs_a, tally.runs_b) for tally in tallies))
    if min(gains) >= 0:
        low = min(low, mean - missed)
    if max(gains) <= 0:
        high = max(high, mean + missed)
    return Interval(max(low, -1.0), min(high, 1.0))


def interval_of_mean(values: Sequence[float], *, resamples: int = RESAMPLES) -> Interval | None:
    """Where the mean of such values may lie, one value a scenario; None with fewer than two."""
    if len(values) < 2:
        return None
    low, high = _percentiles(_resampled(values, resamples), len(values))
    return Interval(low / len(values), high / len(values))


def chance_of_gain(tallies: Sequence[Tally]) -> float:
    """How often chance alone makes a mean gain as far from zero, to either side.

    If it made no difference in which file a run is, each scenario's runs could be dealt anew to the
    two. All ways of dealing are counted out, so this holds for few scenarios and for many.
    """
    parts = min(_grid(tallies), FINEST_GRID)
    reached = sum(tally.gain_in(parts) for tally in tallies)
    chances = {0: 1.0}
    for tally in tallies:
        outcomes = _dealt(tally, parts)
        after: dict[int, float] = {}
        for total, chance in chances.items():
            for gain, share in outcomes:
                after[total + gain] = after.get(total + gain, 0.0) + chance * share
        chances = after
    above = sum(chance for total, chance in chances.items() if total >= reached)
    below = sum(chance for total, chance in chances.items() if total <= reached)
    return min(1.0, 2 * min(above, below))


def mcnemar(fell: int, rose: int) -> float:
    """The exact chance of so one-sided a split, or a more one-sided one, if both were as likely."""
    flips, fewer = fell + rose, min(fell, rose)
    return min(1.0, 2 * sum(comb(flips, i) for i in range(fewer + 1)) / (1 << flips))


def unseen_share(runs: int) -> float:
    """The largest share of runs that may go another way when none of so many did."""
    return 1.0 - float((ALPHA / 2) ** (1 / runs))


def smallest_seen(tallies: Sequence[Tally]) -> float:
    """The smallest drop that so many scenarios and runs would have shown four times in five.

    From the variance of the gains, and from how it grows with a drop: where everything passed it is
    zero, and is so no more once something fails.
    """
    return _seen(len(tallies), _runs(tallies), _variance(tallies), _room(tallies))


@dataclass(frozen=True, slots=True)
class Needed:
    """How much more would show a drop: one of the two is enough. None when `MOST` is not.

    Attributes:
        scenarios: With as many runs of each as now.
        runs: Of each of the present scenarios.
    """

    scenarios: int | None
    runs: int | None


def needed(tallies: Sequence[Tally], drop: float) -> Needed:
    """How many scenarios, or runs of each, would show such a drop four times in five.

    With one run of each nobody can say what is chance and what is the scenario: it then counts as
    chance, and more runs may do less than is said here.
    """
    count, runs, room = len(tallies), _runs(tallies), _room(tallies)
    spread = _variance(tallies)
    chance = min(spread, _chance(tallies))

    def with_runs(more: int) -> float:
        return _seen(count, more, spread - chance + chance * runs / more, room)

    def with_scenarios(more: int) -> float:
        return _seen(more, runs, spread, room)

    return Needed(_first(with_scenarios, drop), _first(with_runs, drop))


def _first(seen: Callable[[int], float], drop: float) -> int | None:
    """The smallest number with which such a drop is seen; more of them never see less."""
    found = bisect_left(range(1, MOST + 1), True, key=lambda many: seen(many) <= drop) + 1
    return found if found <= MOST else None


def _seen(count: int, runs: float, spread: float, room: float) -> float:
    weight = _reach(count) ** 2
    grows = weight * room / runs
    whole = count + weight / runs
    drop = (grows + sqrt(grows**2 + 4 * whole * weight * spread)) / (2 * whole)
    # Chances that are counted out go in steps, of one run.
    return min(drop + 1 / (count * runs), 1.0)


def wilson(hits: int, of: int) -> Interval:
    """Where a share may lie of which so many of so many were seen."""
    z = _NORMAL.inv_cdf(1 - ALPHA / 2)
    share, grown = hits / of, 1 + z**2 / of
    middle = share + z**2 / (2 * of)
    reach = z * sqrt(share * (1 - share) / of + z**2 / (4 * of**2))
    return Interval(max(0.0, (middle - reach) / grown), min(1.0, (middle + reach) / grown))


def _resampled(values: Sequence[float], resamples: int) -> list[float]:
    """The sums of as many of these values, drawn with putting back; in order."""
    draw, count = Random(SEED).choices, len(values)  # noqa: S311  # statistics, not a secret
    if len(set(values)) == 1:
        return [sum(values)]
    return sorted(sum(draw(values, k=count)) for _ in range(resamples))


def _percentiles(ordered: Sequence[float], count: int) -> tuple[float, float]:
    tail = _tail(count)
    last = len(ordered) - 1
    return ordered[int(tail * last)], ordered[last - int(tail * last)]


def _tail(count: int) -> float:
    """The share beyond each end: 2.5 %, and less for few values, whose spread comes out too small.

    Hesterberg, What Teachers Should Know About the Bootstrap (2015), the expanded percentile.
    """
    if count < 2:
        return ALPHA / 2
    return _NORMAL.cdf(-_student(1 - ALPHA / 2, count - 1) * sqrt(count / (count - 1)))


def _grid(tallies: Sequence[Tally]) -> int:
    """Into how many parts a score falls so that every gain is a whole number of them."""
    return lcm(*(runs for tally in tallies for runs in (tally.runs_a, tally.runs_b)))


def _dealt(tally: Tally, parts: int) -> list[tuple[int, float]]:
    """Each gain there is when the runs of a scenario are dealt anew, and how likely it is."""
    passes, runs_a, runs_b = tally.passes_a + tally.passes_b, tally.runs_a, tally.runs_b
    ways = comb(runs_a + runs_b, runs_b)
    outcomes: Counter[int] = Counter()
    kept: dict[int, float] = {}
    for in_b in range(max(0, passes - runs_a), min(passes, runs_b) + 1):
        gain = Tally(passes - in_b, runs_a, in_b, runs_b).gain_in(parts)
        outcomes[gain] += comb(passes, in_b) * comb(runs_a + runs_b - passes, runs_b - in_b)
    for gain, way in outcomes.items():
        if (share := way / ways) > NEGLIGIBLE:
            kept[gain] = share
    return list(kept.items())


def _reach(count: int) -> float:
    """How many standard errors away a difference must be to be seen as often as `POWER`."""
    if count < 2:
        return _NORMAL.inv_cdf(1 - ALPHA / 2) + _NORMAL.inv_cdf(POWER)
    widened = sqrt(count / (count - 1))
    return _student(1 - ALPHA / 2, count - 1) * widened + _student(POWER, count - 1)


def _student(share: float, free: int) -> float:
    """The quantile of Student's t, from the normal one by Cornish and Fisher's expansion."""
    z = _NORMAL.inv_cdf(share)
    return z + (z**3 + z) / (4 * free) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * free**2)


def _runs(tallies: Sequence[Tally]) -> float:
    """How many runs of each scenario there are, as far as both files have them."""
    return fmean(min(tally.runs_a, tally.runs_b) for tally in tallies)


def _room(tallies: Sequence[Tally]) -> float:
    """How fast the variance of a run grows when a score falls from where it is: 1 from the top."""
    score = fmean((tally.score_a + tally.score_b) / 2 for tally in tallies)
    return max(0.0, 2 * score - 1)


def _variance(tallies: Sequence[Tally]) -> float:
    return float(variance(t.gain for t in tallies)) if len(tallies) > 1 else 0.0


def _chance(tallies: Sequence[Tally]) -> float:
    """How much of the variance is that of the runs; all of it where each was played once."""

    def noise(score: float, runs: int) -> float:
        return score * (1 - score) / (runs - 1) if runs > 1 else inf

    return fmean(
        noise(tally.score_a, tally.runs_a) + noise(tally.score_b, tally.runs_b) for tally in tallies
    )
