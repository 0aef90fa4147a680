"""What pydantic-evals says of a case, as a run: every result by its turn, none of them lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_evals.evaluators import (
    EvaluationReason,
    EvaluationResult,
    Evaluator,
    EvaluatorFailure,
    EvaluatorSpec,
)
from pydantic_evals.reporting import EvaluationReport, ReportCase, ReportCaseFailure

from evals.format.filed import Filed
from evals.judging.checking import Verdict
from evals.judging.evaluators import Expected, PlayedToItsEnd, Texting, expectations
from evals.judging.scores import scores
from evals.playing.seen import Played
from evals.runs.results import Run

OURS = frozenset(kind.get_serialization_name() for kind in (Expected, PlayedToItsEnd, Texting))
"""The names of the evaluators whose results have a place of their own in a run."""

AT_THE_END = "the end"
"""Where an evaluator of your own looks."""

Results = Mapping[str, EvaluationResult[Any]]
"""By the names the library gives them, which no two share."""

Report = EvaluationReport[Filed, Played, None]


def runs_of_report(report: Report, wanted: Sequence[Filed], *, repeat: int) -> list[Run]:
    """Its runs, scenario by scenario, in the order in which these were wanted."""
    runs: list[Run] = []
    for filed in wanted:
        played = [run_of(case) for case in report.cases if case.inputs is filed]
        left = sorted(set(range(1, repeat + 1)) - {run.number for run in played})
        broken = [each for each in report.failures if each.inputs is filed]
        played += [_broken(each, number) for each, number in zip(broken, left, strict=True)]
        runs += sorted(played, key=lambda run: run.number)
    return runs


def run_of(case: ReportCase[Filed, Played, None]) -> Run:
    """A run that was played, with everything that was found of it."""
    filed, played = case.inputs, case.output
    named: dict[str, EvaluationResult[Any]] = {**case.assertions, **case.scores, **case.labels}
    own = {name: each for name, each in named.items() if each.source.name not in OURS}
    known = dict.fromkeys(scores([]))
    return Run(
        filed,
        played.number,
        [
            *_in_order(filed, _of(Expected, named)),
            *(_own(filed, each) for each in own.values() if isinstance(each.value, bool)),
            *(_failed(filed, each) for each in case.evaluator_failures),
        ],
        played.records,
        problem=played.problem,
        invalid=played.invalid,
        figures={name: case.metrics.get(name) for name in ("seconds", "tokens", "cost_usd")},
        scores=known | {each.name: each.value for each in _of(Texting, named)},
        evaluations={
            name: EvaluationReason(each.value, each.reason)
            for name, each in own.items()
            if not isinstance(each.value, bool)
        },
    )


def _of(kind: type[Evaluator[Any, Any, Any]], named: Results) -> list[EvaluationResult[Any]]:
    """The results of one of our evaluators."""
    return [each for each in named.values() if each.source.name == kind.get_serialization_name()]


def _broken(failure: ReportCaseFailure[Filed, Played, None], number: int) -> Run:
    """A run that the harness or the twin broke off, not the agent."""
    told = f"the run broke: {failure.error_message}"
    figures = {"seconds": 0.0, "tokens": 0, "cost_usd": None}
    return Run(failure.inputs, number, [], [], problem=told, figures=figures, scores=scores([]))


def _in_order(filed: Filed, results: Sequence[EvaluationResult[Any]]) -> Iterator[Verdict]:
    """What was expected, turn by turn, in the order of the format.

    The library keeps what nobody judged apart from the rest.
    """
    turns = [*range(1, len(filed.scenario.turns) + 1), None]
    for turn in turns:
        expect = expectations(filed, turn)
        verdicts = [_verdict(each, expect.critical) for each in results if _turn(each) == turn]
        judged = {rubric: nth for nth, rubric in enumerate(expect.judged)}
        rules = [each for each in verdicts if each.what != "judged"]
        asked = [each for each in verdicts if each.what == "judged"]
        yield from rules
        yield from sorted(asked, key=lambda each: judged.get(each.expected, len(judged)))


def _turn(result: EvaluationResult[Any]) -> int | None:
    arguments = result.source.arguments
    return arguments[0] if isinstance(arguments, tuple) else None


def _verdict(result: EvaluationResult[Any], critical: bool) -> Verdict:
    place, what, expected = result.name.split(": ", 2)
    passed = result.value if isinstance(result.value, bool) else None
    return Verdict(place, what, passed, expected, result.reason or "", critical)


def _own(filed: Filed, result: EvaluationResult[Any]) -> Verdict:
    found = result.reason or ("it holds" if result.value else "it does not hold")
    wanted = f"{_spec(result.source)} to hold"
    critical = filed.scenario.expect.critical
    return Verdict(AT_THE_END, result.name, result.value, wanted, found, critical)


def _failed(filed: Filed, failure: EvaluatorFailure) -> Verdict:
    """An evaluator that broke has not passed: what it was to see nobody has seen."""
    found = f"the evaluator broke: {failure.error_message}"
    critical = filed.scenario.expect.critical
    wanted = f"{_spec(failure.source)} to hold"
    return Verdict(AT_THE_END, failure.name, False, wanted, found, critical)


def _spec(spec: EvaluatorSpec) -> str:
    """`FewWords(words=40)`."""
    if not spec.arguments:
        return spec.name
    if isinstance(spec.arguments, tuple):
        return f"{spec.name}({json.dumps(spec.arguments[0], ensure_ascii=False, default=str)})"
    told = [
        f"{name}={json.dumps(value, ensure_ascii=False, default=str)}"
        for name, value in spec.arguments.items()
    ]
    return f"{spec.name}({', '.join(told)})"
