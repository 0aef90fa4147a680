"""Two files of runs, side by side: what flipped, and what the difference in score may be.

compare(runs_of(a), runs_of(b))  →  Comparison
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any

from evals.judging.scores import pass_hat_k
from evals.runs.files import BadRuns, RunLine, Runs, all_expected
from evals.verdicts.statistics import (
    Interval,
    Tally,
    chance_of_gain,
    interval_of_gain,
    interval_of_mean,
    mcnemar,
    smallest_seen,
)

FIGURES: dict[str, Callable[[RunLine], float | None]] = {
    "cost_usd": lambda run: run.figures.cost_usd,
    "seconds_to_first_bubble": lambda run: run.scores.seconds_to_first_bubble,
    "tokens": lambda run: run.figures.tokens,
}
"""What is compared beside the score."""


@dataclass(frozen=True)
class Pair:
    """One scenario in both files."""

    scenario: str
    runs_a: Sequence[RunLine]
    runs_b: Sequence[RunLine]

    @cached_property
    def tally(self) -> Tally:
        """Its passes."""
        a, b = self.runs_a, self.runs_b
        return Tally(sum(r.passed for r in a), len(a), sum(r.passed for r in b), len(b))

    @property
    def passed(self) -> tuple[bool, bool]:
        """Whether more than half of its runs did, in each file."""
        return self.tally.score_a > 0.5, self.tally.score_b > 0.5

    @property
    def change(self) -> str:
        """`fell` or `rose` if most runs went another way, `weaker` or `stronger` if some did."""
        match self.passed:
            case True, False:
                return "fell"
            case False, True:
                return "rose"
        gain = self.tally.gain
        return "weaker" if gain < 0 else "stronger" if gain > 0 else "same"

    @property
    def first_failure(self) -> str:
        """That of the first run that failed, in the file in which more did."""
        runs = self.runs_a if self.tally.gain > 0 else self.runs_b
        return next((run.first_failure for run in runs if not run.passed), "")

    @property
    def expects_the_same(self) -> bool:
        """Whether the scenario is the same in both, as far as the runs tell."""
        a, b = all_expected(self.runs_a), all_expected(self.runs_b)
        return not a or not b or a == b

    @property
    def is_judged_alike(self) -> bool:
        """Whether no expectation waits for a judge in one file only."""
        a, b = (
            any(verdict.passed is None for run in runs for verdict in run.verdicts)
            for runs in (self.runs_a, self.runs_b)
        )
        return a == b

    def as_json(self) -> dict[str, Any]:
        """As `--json` tells it."""
        tally = self.tally
        return {
            "scenario": self.scenario,
            "a": {"passes": tally.passes_a, "runs": tally.runs_a},
            "b": {"passes": tally.passes_b, "runs": tally.runs_b},
            "change": self.change,
            "first_failure": self.first_failure or None,
        }


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that is measured, over the scenarios that have it in both files.

    Attributes:
        a, b: The medians of the scenarios' means.
        difference: The mean of the paired differences, B less A.
        count: Over how many scenarios.
    """

    a: float
    b: float
    difference: float
    interval: Interval | None
    count: int

    def as_json(self) -> dict[str, Any]:
        """As `--json` tells it."""
        return {
            "median_a": _rounded(self.a),
            "median_b": _rounded(self.b),
            "difference": _rounded(self.difference),
            "interval": bounds(self.interval),
            "scenarios": self.count,
        }


@dataclass(frozen=True)
class Comparison:
    """All there is to say of B beside A.

    Attributes:
        pairs: The scenarios that are in both, by name.
        left_out: The runs of scenarios that only A has.
        only_b: The scenarios that only B has.
    """

    name_a: str
    name_b: str
    pairs: Sequence[Pair]
    left_out: Mapping[str, Sequence[RunLine]]
    only_b: Sequence[str]

    @property
    def only_a(self) -> list[str]:
        """The scenarios that only A has."""
        return sorted(self.left_out)

    @property
    def tallies(self) -> list[Tally]:
        """The passes, scenario by scenario."""
        return [pair.tally for pair in self.pairs]

    @property
    def score_a(self) -> float:
        """The mean of the scenarios' scores in A."""
        return fmean(tally.score_a for tally in self.tallies)

    @property
    def score_b(self) -> float:
        """The mean of the scenarios' scores in B."""
        return fmean(tally.score_b for tally in self.tallies)

    @property
    def difference(self) -> float:
        """How much better B is."""
        return fmean(tally.gain for tally in self.tallies)

    @cached_property
    def interval(self) -> Interval:
        """Where that may lie."""
        return interval_of_gain(self.tallies)

    @cached_property
    def smallest_seen(self) -> float:
        """The smallest drop that these runs would have shown four times in five."""
        return smallest_seen(self.tallies)

    @cached_property
    def chance(self) -> float:
        """How often chance alone makes such a difference."""
        return chance_of_gain(self.tallies)

    @property
    def flips(self) -> tuple[int, int]:
        """How many scenarios fell and rose."""
        changes = [pair.change for pair in self.pairs]
        return changes.count("fell"), changes.count("rose")

    @property
    def runs_of_all(self) -> int:
        """So many runs there are of every scenario, in both files."""
        return min(min(tally.runs_a, tally.runs_b) for tally in self.tallies)

    def pass_hat(self, k: int) -> tuple[float, float]:
        """The mean chance that k runs of a scenario all pass, in A and in B."""
        return (
            fmean(pass_hat_k(tally.passes_a, tally.runs_a, k) for tally in self.tallies),
            fmean(pass_hat_k(tally.passes_b, tally.runs_b, k) for tally in self.tallies),
        )

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """What was measured, for those figures that some scenario has in both files."""
        found = {name: _figure(self.pairs, read) for name, read in FIGURES.items()}
        return {name: figure for name, figure in found.items() if figure is not None}

    def as_json(self) -> dict[str, Any]:
        """As `--json` tells it."""
        fell, rose = self.flips
        k = self.runs_of_all
        pass_a, pass_b = self.pass_hat(k)
        return {
            "a": self.name_a,
            "b": self.name_b,
            "scenarios": len(self.pairs),
            "score_a": _rounded(self.score_a),
            "score_b": _rounded(self.score_b),
            "difference": _rounded(self.difference),
            "interval": bounds(self.interval),
            "chance": _rounded(self.chance),
            "smallest_seen": _rounded(self.smallest_seen),
            "fell": fell,
            "rose": rose,
            "mcnemar": _rounded(mcnemar(fell, rose)),
            "pass_hat_k": {"k": k, "a": _rounded(pass_a), "b": _rounded(pass_b)},
            "figures": {name: figure.as_json() for name, figure in self.figures.items()},
            "only_a": self.only_a,
            "only_b": list(self.only_b),
            "expects_otherwise": names(self.pairs, lambda pair: not pair.expects_the_same),
            "judged_in_one_only": names(self.pairs, lambda pair: not pair.is_judged_alike),
            "pairs": [pair.as_json() for pair in self.pairs],
        }


def compare(a: Runs, b: Runs) -> Comparison:
    """Pair the scenarios of two files by their names, in the order of the names.

    Raises `BadRuns` when they have none in common.
    """
    common = sorted(a.by_scenario.keys() & b.by_scenario.keys())
    if not common:
        raise BadRuns(f"{a.name} and {b.name} have no scenario in common; play the same in both")
    return Comparison(
        a.name,
        b.name,
        [Pair(name, a.by_scenario[name], b.by_scenario[name]) for name in common],
        {name: runs for name, runs in a.by_scenario.items() if name not in b.by_scenario},
        sorted(b.by_scenario.keys() - a.by_scenario.keys()),
    )


def names(pairs: Sequence[Pair], is_meant: Callable[[Pair], bool]) -> list[str]:
    """The scenarios of the pairs that are meant."""
    return [pair.scenario for pair in pairs if is_meant(pair)]


def bounds(interval: Interval | None) -> list[float] | None:
    """An interval as JSON."""
    return None if interval is None else [_rounded(interval.low), _rounded(interval.high)]


def _figure(pairs: Sequence[Pair], read: Callable[[RunLine], float | None]) -> Figure | None:
    both = list(_measured(pairs, read))
    if not both:
        return None
    gains = [b - a for a, b in both]
    return Figure(
        median(a for a, _ in both),
        median(b for _, b in both),
        fmean(gains),
        interval_of_mean(gains),
        len(both),
    )


def _measured(
    pairs: Sequence[Pair], read: Callable[[RunLine], float | None]
) -> Iterator[tuple[float, float]]:
    """The means of each scenario's runs, where both files have any."""
    for pair in pairs:
        a, b = (
            [value for run in runs if (value := read(run)) is not None]
            for runs in (pair.runs_a, pair.runs_b)
        )
        if a and b:
            yield fmean(a), fmean(b)


def _rounded(value: float) -> float:
    """Without the last bits of a float; and minus nothing is nothing."""
    return round(value, 6) + 0.0
