"""Whether a judge judges as people do: agreement, and what of it is more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from evals.verdicts.statistics import ALPHA, Interval, wilson

Z = 1.959963984540054
"""Standard errors to either side of a figure that hold it 19 times in 20."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many texts got which label from people and which verdict from the judge.

    Attributes:
        too_mild: Labelled fail, judged pass: what is bad and goes through.
        too_strict: Labelled pass, judged fail.
    """

    both_pass: int
    too_mild: int
    too_strict: int
    both_fail: int

    @property
    def count(self) -> int:
        """All of them."""
        return self.both_pass + self.too_mild + self.too_strict + self.both_fail

    @property
    def agreement(self) -> float:
        """The share on which they agree."""
        return (self.both_pass + self.both_fail) / self.count

    @property
    def by_chance(self) -> float:
        """The share on which two would agree who pass as many as they do, blindly."""
        labelled, judged = self._passed
        return (labelled * judged + (1 - labelled) * (1 - judged)) if self.count else 0.0

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: 0 is chance, 1 perfect. None when all were labelled and judged alike."""
        if self.both_pass == self.count or self.both_fail == self.count:
            return None
        return (self.agreement - self.by_chance) / (1 - self.by_chance)

    @property
    def interval(self) -> Interval | None:
        """Where kappa may lie, by Fleiss, Cohen and Everitt's standard error (1969).

        It is zero where they agree on all; the interval is then that of the agreement.
        """
        kappa, chance = self.kappa, self.by_chance
        if kappa is None:
            return None
        if self.agreement == 1:
            low = wilson(self.count, self.count).low
            return Interval((low - chance) / (1 - chance), 1.0)
        reach = Z * self._standard_error(kappa)
        return Interval(max(-1.0, kappa - reach), min(1.0, kappa + reach))

    def as_json(self) -> dict[str, Any]:
        """As `--json` tells it."""
        kappa, interval, agreed = self.kappa, self.interval, self.both_pass + self.both_fail
        share = wilson(agreed, self.count)
        return {
            "count": self.count,
            "agreement": round(self.agreement, 6),
            "agreement_interval": [round(share.low, 6), round(share.high, 6)],
            "kappa": None if kappa is None else round(kappa, 6),
            "kappa_interval": interval and [round(interval.low, 6), round(interval.high, 6)],
            "confidence": 1 - ALPHA,
            "confusion": {
                "label_pass": {"judge_pass": self.both_pass, "judge_fail": self.too_strict},
                "label_fail": {"judge_pass": self.too_mild, "judge_fail": self.both_fail},
            },
        }

    @property
    def _passed(self) -> tuple[float, float]:
        """The share that people passed, and that the judge did."""
        labelled = (self.both_pass + self.too_strict) / self.count
        return labelled, (self.both_pass + self.too_mild) / self.count

    def _standard_error(self, kappa: float) -> float:
        labelled, judged = self._passed
        chance, rest = self.by_chance, 1 - kappa
        cells = (
            (self.both_pass, labelled, judged, True),
            (self.both_fail, 1 - labelled, 1 - judged, True),
            (self.too_mild, 1 - labelled, judged, False),
            (self.too_strict, labelled, 1 - judged, False),
        )
        total = 0.0
        for count, row, column, is_agreed in cells:
            # The margins cross: a cell off the diagonal counts with the other's row and column.
            if is_agreed:
                total += count / self.count * (1 - (row + column) * rest) ** 2
            else:
                total += count / self.count * rest**2 * ((1 - row) + (1 - column)) ** 2
        variance = total - (kappa - chance * rest) ** 2
        return sqrt(max(0.0, variance) / self.count) / (1 - chance)


def confusion(pairs: Sequence[tuple[bool, bool]]) -> Confusion:
    """Counted from labels and verdicts; True is pass."""
    return Confusion(
        both_pass=pairs.count((True, True)),
        too_mild=pairs.count((False, True)),
        too_strict=pairs.count((True, False)),
        both_fail=pairs.count((False, False)),
    )
