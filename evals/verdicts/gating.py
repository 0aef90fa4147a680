"""Whether a run may pass, held against a baseline: yes, no, or the suite cannot tell.

decide(compare(baseline, run), at_least=0.05)  →  Decision(code, why)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from evals.runs.files import Expected, RunLine
from evals.verdicts.comparing import Comparison, Pair
from evals.verdicts.statistics import needed
from evals.verdicts.words import named, points, span


class Gate(IntEnum):
    """What the gate says, as its exit code."""

    OPEN = 0
    CLOSED = 1
    CANNOT_TELL = 2


SAID = {Gate.OPEN: "Pass", Gate.CLOSED: "Fail", Gate.CANNOT_TELL: "Cannot tell"}
"""How a line begins."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate says and why, in a line."""

    gate: Gate
    why: str

    def __str__(self) -> str:
        return f"{SAID[self.gate]}: {self.why}."

    def as_json(self) -> dict[str, Any]:
        """As `--json` tells it."""
        return {"code": int(self.gate), "gate": self.gate.name.lower(), "why": self.why}


@dataclass(frozen=True, slots=True)
class Critical:
    """A critical expectation which the baseline never failed.

    Attributes:
        fate: How it went since: `held`, `fell`, or `unknown` when nobody looked or judged.
    """

    scenario: str
    expectation: Expected
    fate: str
    found: str = ""

    def __str__(self) -> str:
        told = self.expectation
        return f"{self.scenario}: {told.place}: {told.what}: expected {told.expected}"


def decide(comparison: Comparison, *, at_least: float) -> Decision:
    """What the gate says of B, with A as the baseline.

    It closes only when the interval of the difference lies below zero, or when an expectation that
    is critical and held in every run of the baseline failed in any run. It opens when a drop of
    `at_least` is ruled out, or would have been seen four times in five.

    Args:
        at_least: The smallest drop in score that matters, between 0 and 1.
    """
    known = list(criticals(comparison))
    gate, why = _by_score(comparison, at_least)
    if fallen := [one for one in known if one.fate == "fell"]:
        gate, why = Gate.CLOSED, f"a critical expectation fell: {_told(fallen)}"
    elif gate is not Gate.CLOSED and (unknown := [one for one in known if one.fate == "unknown"]):
        gate = Gate.CANNOT_TELL
        why = f"nothing is known of a critical expectation: {_told(unknown)}"
    if left := [*comparison.only_a, *comparison.only_b]:
        why += f"; in one file only, left out: {named(left)}"
    return Decision(gate, why)


def _told(found: Sequence[Critical]) -> str:
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return f"{found[0]}; {found[0].found}{more}"


def _by_score(comparison: Comparison, at_least: float) -> tuple[Gate, str]:
    interval, seen = comparison.interval, comparison.smallest_seen
    told = f"({span(interval)})"
    if interval.is_below_zero:
        return Gate.CLOSED, f"the score fell by {points(-comparison.difference)} {told}"
    if interval.low > -at_least:
        return Gate.OPEN, f"a drop of {points(at_least)} or more is ruled out {told}"
    if seen <= at_least:
        often = "would have been four times in five"
        return Gate.OPEN, f"no drop is sure, and one of {points(seen)} {often} {told}"
    return Gate.CANNOT_TELL, _too_little(comparison, at_least)


def criticals(comparison: Comparison) -> Iterator[Critical]:
    """The critical expectations that held in every run of A, and what became of them in B."""
    for pair in comparison.pairs:
        for expectation in _held(pair.runs_a):
            yield _critical(pair, expectation)
    for scenario in comparison.only_a:
        for expectation in _held(comparison.left_out[scenario]):
            yield Critical(scenario, expectation, "unknown", "the scenario was not played")


def _held(runs: Sequence[RunLine]) -> list[Expected]:
    """What is critical and held in every run, in the order in which it is expected."""
    found: dict[tuple[str, str, str], list[Expected]] = {}
    for run in runs:
        for verdict in run.verdicts:
            if verdict.critical:
                found.setdefault(verdict.key, []).append(verdict)
    # A run that broke off shows nothing of what was to come after: it has not held there.
    return [
        verdicts[0]
        for verdicts in found.values()
        if len(verdicts) >= len(runs) and all(verdict.passed for verdict in verdicts)
    ]


def _critical(pair: Pair, expectation: Expected) -> Critical:
    """The worst that became of it in any run."""
    unknown = ""
    for run in pair.runs_b:
        verdicts = [verdict for verdict in run.verdicts if verdict.key == expectation.key]
        failed = next((verdict for verdict in verdicts if verdict.passed is False), None)
        if failed is not None:
            return Critical(pair.scenario, expectation, "fell", f"found {failed.found}")
        if not verdicts and run.problem is not None:
            return Critical(pair.scenario, expectation, "fell", f"it broke off: {run.problem}")
        if not verdicts:
            unknown = "it is expected no more; take a new baseline"
        elif any(verdict.passed is None for verdict in verdicts):
            unknown = "nobody judged it; give a model with --judge"
    return Critical(pair.scenario, expectation, "unknown" if unknown else "held", unknown)


def _too_little(comparison: Comparison, at_least: float) -> str:
    more = needed(comparison.tallies, at_least)
    runs = comparison.runs_of_all
    ways = []
    if more.runs is not None:
        ways.append(f"{more.runs} runs of each (--repeat {more.runs})")
    if more.scenarios is not None:
        times = "" if runs == 1 else f" with {runs} runs of each"
        ways.append(f"{more.scenarios} scenarios{times}")
    enough = (
        f"about {' or '.join(ways)} would be enough, in both files"
        if ways
        else "more runs are not enough"
    )
    return (
        f"{span(comparison.interval)}; these {len(comparison.pairs)} scenarios show a drop of "
        f"{points(comparison.smallest_seen)}, not of {points(at_least)}; {enough}"
    )
