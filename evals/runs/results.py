"""What runs of scenarios came to: one run, all runs of a scenario, and their file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from pydantic_evals.evaluators import EvaluationReason

from evals.format.filed import Filed
from evals.judging.checking import Verdict
from evals.judging.scores import pass_hat_k
from memory.transcript import TurnRecord


@dataclass(frozen=True)
class Run:
    """What one run of a scenario came to.

    Attributes:
        number: Which of its runs, from 1.
        problem: Why it broke off; None when it was played to its end.
        invalid: Why it says nothing of the agent; None when it does.
        figures: How long it took on its clock (`seconds`), and what was spent.
        scores: How the agent texted (`evals.judging.scores`).
        evaluations: What evaluators of your own say in figures or words, by name.
    """

    filed: Filed
    number: int
    verdicts: Sequence[Verdict]
    records: Sequence[TurnRecord]
    problem: str | None = None
    invalid: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    scores: Mapping[str, Any] = field(default_factory=dict)
    evaluations: Mapping[str, EvaluationReason] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing that was expected failed. What was not judged has not failed."""
        return self.problem is None and self.invalid is None and not self.failures

    @property
    def failures(self) -> list[Verdict]:
        """What was expected and is not so."""
        return [verdict for verdict in self.verdicts if verdict.passed is False]

    @property
    def not_judged(self) -> int:
        """How many expectations nobody has judged."""
        return sum(verdict.passed is None for verdict in self.verdicts)

    @property
    def first_failure(self) -> str:
        """What to tell of it in a line; empty when it passed."""
        invalid = f"invalid: {self.invalid}" if self.invalid else None
        return invalid or self.problem or next(map(str, self.failures), "")

    @property
    def seconds(self) -> float:
        """How much time passed on its clock."""
        return float(self.figures.get("seconds") or 0.0)

    def as_json(self) -> dict[str, Any]:
        """The run as `--out` keeps it."""
        return {
            "scenario": self.filed.scenario.name,
            "file": str(self.filed.file),
            "run": self.number,
            "passed": self.passed,
            "problem": self.problem,
            "invalid": self.invalid,
            "verdicts": [verdict.as_json() for verdict in self.verdicts],
            "figures": dict(self.figures),
            "scores": dict(self.scores),
            "evaluations": {
                name: {"value": told.value, "reason": told.reason}
                for name, told in self.evaluations.items()
            },
            "records": [record.model_dump(mode="json") for record in self.records],
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What all runs of a scenario came to, in order."""

    filed: Filed
    runs: Sequence[Run]

    @property
    def valid(self) -> list[Run]:
        """Those that say something of the agent."""
        return [run for run in self.runs if run.invalid is None]

    @property
    def passes(self) -> int:
        """How many of them passed."""
        return sum(run.passed for run in self.runs)

    @property
    def passed(self) -> bool:
        """Whether all that say something did, and some do."""
        return 0 < self.passes == len(self.valid)

    @property
    def first_failure(self) -> str:
        """That of the first run that failed; empty when none did."""
        return next((run.first_failure for run in self.runs if not run.passed), "")

    def as_json(self) -> dict[str, Any]:
        """As `--json` tells it, without the records."""
        count = len(self.valid)
        return {
            "scenario": self.filed.scenario.name,
            "file": str(self.filed.file),
            "runs": len(self.runs),
            "valid": count,
            "passes": self.passes,
            "pass_hat_k": {str(k): pass_hat_k(self.passes, count, k) for k in range(1, count + 1)},
            "first_failure": self.first_failure or None,
            "not_judged": sum(run.not_judged for run in self.runs),
            "verdicts": [[verdict.as_json() for verdict in run.verdicts] for run in self.runs],
            "figures": [dict(run.figures) for run in self.runs],
        }


def results_of(runs: Iterable[Run], wanted: Sequence[Filed]) -> list[Result]:
    """The runs, scenario by scenario, in the order in which these were wanted."""
    of: dict[Path, list[Run]] = {filed.file: [] for filed in wanted}
    for run in sorted(runs, key=lambda run: run.number):
        of[run.filed.file].append(run)
    return [Result(filed, of[filed.file]) for filed in wanted]


def write_runs(runs: Iterable[Run], out: TextIO) -> None:
    """One line of JSON a run."""
    for run in runs:
        text = json.dumps(run.as_json(), ensure_ascii=False)
        # Half an emoji, which models may put out, is in no UTF-8 file.
        out.write(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") + "\n")
