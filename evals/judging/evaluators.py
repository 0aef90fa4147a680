"""What a scenario expects and how an agent texts, as evaluators of pydantic-evals.

A case is a `Filed` scenario and its output what was `Played`. Evaluators of your own stand beside
these (`evals/custom.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_ai.models import Model
from pydantic_evals.evaluators import (
    EvaluationReason,
    Evaluator,
    EvaluatorContext,
    EvaluatorOutput,
    EvaluatorSpec,
)

from evals.format.expectations import Expectations
from evals.format.filed import Filed
from evals.judging.checking import Verdict, check
from evals.judging.judge import judge
from evals.judging.scores import scores
from evals.playing.seen import Played, Seen

NOT_JUDGED = "not judged"
"""The label of an expectation that nobody has judged: it has neither passed nor failed."""

Context = EvaluatorContext[Filed, Played, None]


@dataclass(repr=False)
class Expected(Evaluator[Filed, Played, None]):
    """Everything that is expected of one turn, or of the whole: an assertion for each.

    Attributes:
        turn: Which of the written turns, from 1; None for the whole.
        judge_model: Decides what needs a judge; without one that stays not judged.
    """

    turn: int | None = None
    judge_model: Model | None = None

    async def evaluate(self, ctx: Context) -> EvaluatorOutput:
        """Nothing for a turn that was not played, or by a person who left the part."""
        seen = _seen(ctx.output, self.turn)
        if seen is None or ctx.output.invalid is not None:
            return {}
        verdicts = check(expectations(ctx.inputs, self.turn), seen)
        if self.judge_model is not None:
            verdicts = await judge(verdicts, seen, self.judge_model)
        return dict(_told(verdicts))

    def build_serialization_arguments(self) -> dict[str, Any]:
        """A report names the turn: what the model is called is no part of what was expected."""
        return {} if self.turn is None else {"turn": self.turn}


@dataclass(repr=False)
class PlayedToItsEnd(Evaluator[Filed, Played, None]):
    """Whether nothing broke the run off, and whether it says anything of the agent."""

    def evaluate(self, ctx: Context) -> EvaluatorOutput:
        """An assertion; for a person who left the part a label, which fails nobody."""
        if ctx.output.invalid is not None:
            return {"invalid": EvaluationReason("invalid", ctx.output.invalid)}
        problem = ctx.output.problem
        return {"played to its end": EvaluationReason(problem is None, problem)}


@dataclass(repr=False)
class Texting(Evaluator[Filed, Played, None]):
    """How the agent texted, in figures: a score for each that could be measured."""

    def evaluate(self, ctx: Context) -> EvaluatorOutput:
        """Those of `evals.judging.scores`."""
        told = scores([ctx.output.records])
        return {name: value for name, value in told.items() if value is not None}


@dataclass(repr=False)
class AtTheEnd(Evaluator[Filed, Played, None]):
    """An evaluator that is asked about runs alone that were played to their end.

    In reports it goes by the name and the arguments of the one it asks.
    """

    asked: Evaluator[Any, Any, Any]

    async def evaluate(self, ctx: Context) -> EvaluatorOutput:
        """What the other says; nothing where there is no end to look at."""
        return {} if ctx.output.whole is None else await self.asked.evaluate_async(ctx)

    def get_default_evaluation_name(self) -> str:
        """That of the other."""
        return self.asked.get_default_evaluation_name()

    def get_evaluator_version(self) -> str | None:
        """That of the other."""
        return self.asked.get_evaluator_version()

    def as_spec(self) -> EvaluatorSpec:
        """That of the other."""
        return self.asked.as_spec()


def expectations(filed: Filed, turn: int | None) -> Expectations:
    """What is expected of a turn, from 1, or of the whole."""
    scenario = filed.scenario
    return scenario.expect if turn is None else scenario.turns[turn - 1].expect


def expected_of(filed: Filed, judge_model: Model | None) -> Iterator[Expected]:
    """An evaluator for each turn in which something is expected, and one for the whole."""
    for turn in [*range(1, len(filed.scenario.turns) + 1), None]:
        if expectations(filed, turn) != Expectations():
            yield Expected(turn, judge_model)


def _seen(played: Played, turn: int | None) -> Seen | None:
    if turn is None:
        return played.whole
    return played.turns[turn - 1] if turn <= len(played.turns) else None


def _told(verdicts: Iterable[Verdict]) -> Iterator[tuple[str, EvaluationReason]]:
    """Each by a name of its own, so that no expectation is lost beside one of the same words."""
    names: list[str] = []
    for verdict in verdicts:
        name = f"{verdict.place}: {verdict.what}: {verdict.expected}"
        names.append(name)
        times = names.count(name)
        value = NOT_JUDGED if verdict.passed is None else verdict.passed
        yield f"{name} ({times})" if times > 1 else name, EvaluationReason(value, verdict.found)
