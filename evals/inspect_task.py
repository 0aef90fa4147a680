"""Scenarios as a task of Inspect, for whoever runs everything with it.

    inspect eval evals/inspect_task.py --model none -T agent=scripted
    inspect view

The agent is asked by the harness, as on a line, and not by Inspect: `agent` names its model,
THREEDOTS_MODEL when left out. Needs the extra `inspect`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver

from agent.models import model_for
from agent.settings import HOME, SCRIPTED, Settings
from evals.format.filed import Filed
from evals.local import local_settings
from evals.playing.stillness import StillLoop
from evals.runs.collecting import collect
from evals.runs.evaluating import run_all
from evals.runs.results import Run
from memory.exports.inspect_sample import messages_of
from memory.exports.talk import Told

if TYPE_CHECKING:
    from pydantic_ai.models import Model

SCENARIOS = HOME / "evals" / "scenarios"


@task
def scenarios(
    paths: str | list[str] = str(SCENARIOS),
    agent: str | None = None,
    prompts: str | None = None,
    judge: str | None = None,
) -> Task:
    """Every scenario is a sample; it is correct when nothing that was expected failed.

    Args:
        paths: Files and folders of scenarios; Inspect makes a list of what has commas.
        agent: Which model answers; THREEDOTS_MODEL when left out, or the demo.
        prompts: Folder of prompts.
        judge: The model that judges what needs a judge.
    """
    given = {"threedots_model": agent, "threedots_prompts_dir": prompts and Path(prompts).resolve()}
    settings = local_settings().model_copy(update={k: v for k, v in given.items() if v})
    answers = model_for(settings, or_scripted=True)
    filed = collect(map(Path, [paths] if isinstance(paths, str) else paths))
    wanted = [one for one in filed if not (one.needs_a_model and answers.model_name == SCRIPTED)]
    return Task(
        dataset=MemoryDataset(list(map(_sample, wanted)), name="threedots"),
        solver=played({str(one.file): one for one in wanted}, settings, answers, judge),
        scorer=as_expected(),
    )


def _sample(filed: Filed) -> Sample:
    scenario = filed.scenario
    said = scenario.description or scenario.name
    return Sample(id=scenario.name, input=said, metadata={"file": str(filed.file)})


@solver
def played(
    filed: dict[str, Filed], settings: Settings, answers: Model, judge: str | None
) -> Solver:
    """Play the scenario on the twin; its talk becomes the sample's messages."""
    judge_model = judge and model_for(settings.model_copy(update={"threedots_model": judge}))

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        one = filed[state.metadata["file"]]

        def play() -> Run:
            # A loop of its own: the clock of a run is moved on only while everything is still.
            with asyncio.Runner(loop_factory=StillLoop) as runner:
                how: dict[str, Any] = {"seed": state.epoch, "judge_model": judge_model or None}
                [run] = runner.run(run_all([one], settings, answers, **how))
            return run

        run = await asyncio.to_thread(play)
        records = [record.model_dump(mode="json") for record in run.records]
        state.messages = [message for record in records for message in messages_of(Told(record))]
        state.metadata["run"] = {**run.as_json(), "records": records}
        state.completed = True
        return state

    return solve


@scorer(metrics=[mean(), stderr()])
def as_expected() -> Scorer:
    """1 when all went as expected, 0 with the first failure otherwise."""

    async def score(state: TaskState, target: Target) -> Score:
        run = state.metadata["run"]
        failures = [one for one in run["verdicts"] if one["passed"] is False]
        why = run["invalid"] or run["problem"] or "\n".join(map(_told, failures))
        return Score(value=float(run["passed"]), explanation=why or "as expected")

    return score


def _told(verdict: dict[str, Any]) -> str:
    where, what = verdict["place"], verdict["what"]
    return f"{where}: {what}: expected {verdict['expected']}; found {verdict['found']}"
