"""Scenarios as a dataset of pydantic-evals, played by the harness on the twin.

scenario ─ Case ─┐                       ┌─ ReportCase ─ Run
scenario ─ Case ─┴─ Dataset.evaluate ────┴─ ReportCase ─ Run
                    task: play it · evaluators: what is expected, how it texted, your own
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic_ai.models import Model
from pydantic_evals import Case, Dataset
from pydantic_evals.evaluators import Evaluator
from pydantic_evals.lifecycle import CaseLifecycle

from agent.settings import Settings
from evals import custom
from evals.format.filed import Filed
from evals.judging.evaluators import AtTheEnd, Context, PlayedToItsEnd, Texting, expected_of
from evals.judging.own_evaluators import named_by
from evals.judging.scores import cost, tokens
from evals.local import new_database
from evals.playing.play import play
from evals.playing.seen import Played
from evals.runs.from_cases import runs_of_report
from evals.runs.results import Run

Suite = Dataset[Filed, Played, None]


def dataset_of(wanted: Sequence[Filed], *, judge_model: Model | None = None) -> Suite:
    """A case for each scenario, with an evaluator for each turn in which something is expected.

    Raises `BadScenario` for an evaluator nobody knows.
    """
    return Suite(
        name="scenarios",
        cases=[
            Case(
                name=name,
                inputs=filed,
                evaluators=[*expected_of(filed, judge_model), *map(AtTheEnd, _more(filed))],
            )
            for name, filed in zip(_names(wanted), wanted, strict=True)
        ],
        evaluators=[PlayedToItsEnd(), Texting(), *map(AtTheEnd, custom.FOR_ALL)],
    )


async def run_all(
    wanted: Sequence[Filed],
    settings: Settings,
    model: Model,
    *,
    repeat: int = 1,
    at_once: int = 1,
    seed: int = 0,
    judge_model: Model | None = None,
    person_model: Model | None = None,
    ended: Callable[[], object] = lambda: None,
) -> list[Run]:
    """Play each of these so many times: the runs of the first, those of the second. Needs a
    `StillLoop`.

    Args:
        settings: From `evals.local.local_settings`; its database is never used.
        at_once: How many are played at the same time.
        seed: Makes the ids. The same seed and the same answers of the model give the same runs.
        judge_model: Decides what needs a judge; without one that stays not judged.
        person_model: Plays simulated people; needed when there are any.
        ended: Called as each run ends.
    """
    dataset = dataset_of(wanted, judge_model=judge_model)
    begun: Counter[Path] = Counter()
    with tempfile.TemporaryDirectory(prefix="threedots-eval-") as folder:
        empty = Path(folder) / "empty.db"
        await asyncio.to_thread(new_database, empty)

        async def texting(filed: Filed) -> Played:
            begun[filed.file] += 1
            number = begun[filed.file]
            with tempfile.TemporaryDirectory(dir=folder) as own:
                played = await play(
                    filed.scenario,
                    settings,
                    model,
                    seed=_seed_of(seed, filed, number),
                    folder=Path(own),
                    empty=empty,
                    pictures=filed.file.parent,
                    outfit=filed.outfit,
                    person_model=person_model,
                )
            return replace(played, number=number)

        report = await dataset.evaluate(
            texting,
            name="threedots eval",
            max_concurrency=at_once,
            repeat=repeat,
            progress=False,  # the library's bar is on standard output, where the results go
            lifecycle=lambda case: _Measured(case, ended),
        )
    return runs_of_report(report, wanted, repeat=repeat)


class _Measured(CaseLifecycle[Filed, Played, None]):
    """A run is measured by its own clock, and told of when it ends."""

    def __init__(self, case: Case[Filed, Played, None], ended: Callable[[], object]) -> None:
        super().__init__(case)
        self._ended = ended

    async def prepare_context(self, ctx: Context) -> Context:
        """The machine's time says how busy it was, and nothing of the agent."""
        played = ctx.output
        figures = {
            "seconds": round(played.seconds, 3),
            "tokens": tokens(played.records),
            "cost_usd": cost(played.records),
        }
        known = {name: value for name, value in figures.items() if value is not None}
        return replace(ctx, duration=played.seconds, metrics=ctx.metrics | known)

    async def teardown(self, result: Any) -> None:
        """One more has ended."""
        self._ended()


def _more(filed: Filed) -> list[Evaluator[Any, Any, Any]]:
    """Beyond what is expected: the evaluators it names, and those of what the agent was given."""
    return [*named_by(filed), *(filed.outfit.evaluators if filed.outfit else ())]


def _seed_of(seed: int, filed: Filed, number: int) -> int:
    """A seed of its own for each run, the same whatever else is played and in what order."""
    name = f"{seed}\n{filed.scenario.name}\n{number}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])


def _names(wanted: Sequence[Filed]) -> Iterator[str]:
    """Names for the cases: those of the scenarios, with the file where two have the same."""
    times = Counter(filed.scenario.name for filed in wanted)
    for filed in wanted:
        name = filed.scenario.name
        yield name if times[name] == 1 else f"{name} ({filed.file})"
