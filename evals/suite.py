"""Many scenarios, each played once or several times, several at once."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic_ai.models import Model

from agent.settings import Settings
from evals.checking import Verdict, check
from evals.judging import judge
from evals.playing import Played, play
from evals.scenario import Scenario
from evals.scenario_files import BadScenario, load
from evals.scores import cost, pass_hat_k, scores, tokens
from evals.standing import new_database
from memory.transcript import TurnRecord

REAL_MODEL = "real-model"
"""The tag of scenarios that only a real model can pass: the offline demo is a script."""

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Filed:
    """A scenario and the file it is in."""

    file: Path
    scenario: Scenario

    @property
    def needs_a_model(self) -> bool:
        """Whether only a real model can pass it."""
        return REAL_MODEL in self.scenario.tags


@dataclass(frozen=True)
class Run:
    """What one run of a scenario came to.

    Attributes:
        number: Which of its runs, from 1.
        problem: Why it broke off; None when it was played to its end.
        seconds: How much time passed on its clock.
        invalid: Why it says nothing of the agent; None when it does.
    """

    filed: Filed
    number: int
    verdicts: Sequence[Verdict]
    records: Sequence[TurnRecord]
    seconds: float
    problem: str | None = None
    invalid: str | None = None

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

    @cached_property
    def figures(self) -> dict[str, Any]:
        """How long it took on its clock, and what was spent."""
        return {
            "seconds": round(self.seconds, 3),
            "tokens": tokens(self.records),
            "cost_usd": cost(self.records),
        }

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
            "figures": self.figures,
            "scores": scores([self.records]),
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
            "figures": [run.figures for run in self.runs],
        }


def collect(paths: Iterable[Path], *, with_people: bool = False) -> list[Filed]:
    """The scenarios of these files and folders, by their file's name, each once.

    Args:
        with_people: Whether there is a model to play simulated people.

    Raises `BadScenario`, which names everything that is wrong with any of them.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        found = [path]
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix in ENDINGS)
        if not found:
            raise BadScenario(f"{path}: has no scenario in it; they are files that end in .yaml")
        files |= {file.resolve(): file for file in found}
    filed, wrong = [], []
    for file in files.values():
        try:
            scenario = load(file)
            if scenario.simulated is not None and not with_people:
                raise BadScenario(f"{file}: has a simulated person; say who plays it with --person")
            filed.append(Filed(file, scenario))
        except BadScenario as error:
            wrong.append(str(error))
    if wrong:
        raise BadScenario("\n".join(wrong))
    return filed


async def run_all(
    wanted: Sequence[Filed],
    settings: Settings,
    model: Model,
    *,
    repeat: int = 1,
    at_once: int = 1,
    judge_model: Model | None = None,
    person_model: Model | None = None,
    ended: Callable[[Run], object] = lambda run: None,
) -> list[Run]:
    """Play each of these so many times. Needs a `StillLoop`.

    Args:
        settings: From `evals.local.local_settings`; its database is never used.
        at_once: How many are played at the same time.
        judge_model: Decides what needs a judge; without one that stays not judged.
        person_model: Plays simulated people; needed when there are any.
        ended: Called with each run as it ends.
    """
    with tempfile.TemporaryDirectory(prefix="threedots-eval-") as folder:
        empty = Path(folder) / "empty.db"
        await asyncio.to_thread(new_database, empty)
        room = asyncio.Semaphore(at_once)

        async def one(filed: Filed, number: int) -> Run:
            async with room:
                with tempfile.TemporaryDirectory(dir=folder) as own:
                    played = await play(
                        filed.scenario,
                        settings,
                        model,
                        folder=Path(own),
                        empty=empty,
                        pictures=filed.file.parent,
                        person_model=person_model,
                    )
                verdicts = await _verdicts(filed.scenario, played, judge_model)
            run = Run(
                filed,
                number,
                verdicts,
                played.records,
                played.seconds,
                problem=played.problem,
                invalid=played.invalid,
            )
            ended(run)
            return run

        async with asyncio.TaskGroup() as tasks:
            under_way = [
                tasks.create_task(one(filed, number))
                for number in range(1, repeat + 1)
                for filed in wanted
            ]
        return [task.result() for task in under_way]


def results_of(runs: Iterable[Run], wanted: Sequence[Filed]) -> list[Result]:
    """The runs, scenario by scenario, in the order in which these were wanted."""
    of: dict[Path, list[Run]] = {filed.file: [] for filed in wanted}
    for run in sorted(runs, key=lambda run: run.number):
        of[run.filed.file].append(run)
    return [Result(filed, of[filed.file]) for filed in wanted]


async def _verdicts(scenario: Scenario, played: Played, judge_model: Model | None) -> list[Verdict]:
    """What was expected of each turn that was played, and of the whole when it was."""
    if played.invalid is not None:
        return []
    pairs = [(turn.expect, seen) for turn, seen in zip(scenario.turns, played.turns, strict=False)]
    if played.whole is not None:
        pairs.append((scenario.expect, played.whole))
    verdicts: list[Verdict] = []
    for expect, seen in pairs:
        told = check(expect, seen)
        verdicts += told if judge_model is None else await judge(told, seen, judge_model)
    return verdicts
