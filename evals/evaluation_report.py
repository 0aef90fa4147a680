"""A file of runs as a report of pydantic-evals: to print, to compare, to go on with.

from evals.evaluation_report import evaluation_report

evaluation_report(Path("run.jsonl")).print(baseline=evaluation_report(Path("main.jsonl")))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_evals.evaluators import EvaluationResult, EvaluatorSpec
from pydantic_evals.reporting import EvaluationReport, ReportCase

from evals.judging.evaluators import NOT_JUDGED, Expected, PlayedToItsEnd, Texting
from evals.records.landed import landed
from evals.runs.files import RunLine, with_records
from memory.transcript import BubbleSent, TurnRecord

Report = EvaluationReport[dict[str, str], str, None]


def evaluation_report(path: Path) -> Report:
    """What `threedots eval --out` wrote. Raises `BadRuns`.

    A case is a run, its output the talk; `attributes` name the turns, whose records are in the
    file. Durations are seconds on the scenario's clock. Runs that say nothing of the agent are left
    out, as they are when files are compared.
    """
    cases = [
        _case(run, records, of=len(told))
        for told in with_records(path).values()
        for run, records in told
    ]
    return Report(name=path.name, cases=cases, dataset_name="scenarios")


def _case(
    run: RunLine, records: Sequence[TurnRecord], *, of: int
) -> ReportCase[dict[str, str], str, None]:
    seconds = run.figures.seconds or 0.0
    own = [_result(name, e.value, e.reason, name) for name, e in run.evaluations.items()]
    return ReportCase(
        name=f"{run.scenario} [{run.run}/{of}]" if of > 1 else run.scenario,
        source_case_name=run.scenario if of > 1 else None,
        inputs={"scenario": run.scenario, "file": run.file},
        metadata=None,
        expected_output=None,
        output="\n".join(_talk(records)),
        metrics=_numbers(run.figures.model_dump()),
        attributes={"run": run.run, "turns": [record.turn_id for record in records]},
        scores={
            name: _result(name, value, None, Texting.get_serialization_name())
            for name, value in _numbers(run.scores.model_dump()).items()
        }
        | {each.name: each for each in own if not isinstance(each.value, str)},
        labels={each.name: each for each in own if isinstance(each.value, str)}
        | {each.name: each for each in _expected(run) if each.value == NOT_JUDGED},
        assertions={each.name: each for each in _expected(run) if isinstance(each.value, bool)},
        task_duration=seconds,
        total_duration=seconds,
    )


def _expected(run: RunLine) -> Iterator[EvaluationResult[Any]]:
    names: list[str] = []
    for verdict in run.verdicts:
        name = ": ".join(verdict.key)
        names.append(name)
        name = f"{name} ({names.count(name)})" if names.count(name) > 1 else name
        value = NOT_JUDGED if verdict.passed is None else verdict.passed
        yield _result(name, value, verdict.found, Expected.get_serialization_name())
    ended = run.problem is None
    source = PlayedToItsEnd.get_serialization_name()
    yield _result("played to its end", ended, run.problem, source)


def _result(name: str, value: Any, reason: str | None, evaluator: str) -> EvaluationResult[Any]:
    source = EvaluatorSpec(name=evaluator, arguments=None)
    return EvaluationResult(name=name, value=value, reason=reason, source=source)


def _numbers(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if isinstance(value, int | float)}


def _talk(records: Sequence[TurnRecord]) -> Iterator[str]:
    for record in records:
        for heard in record.heard:
            if heard.in_turn:
                words = heard.text if heard.kind == "text" else f"[{heard.reaction}]"
                yield f"They wrote: {words}"
        for act in landed(record):
            if isinstance(act, BubbleSent):
                yield f"The agent texted: {act.text or '[a picture]'}"
            else:
                yield f"The agent tapped back: {act.landed}"
