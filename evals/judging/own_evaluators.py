"""Evaluators of your own, and those of pydantic-evals, by the names that scenarios give them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic_evals import Dataset
from pydantic_evals.evaluators import Evaluator, EvaluatorSpec
from pydantic_evals.evaluators.common import DEFAULT_EVALUATORS

from evals import custom
from evals.format.filed import Filed
from evals.format.files import BadScenario


def named_by(filed: Filed) -> list[Evaluator[Any, Any, Any]]:
    """The evaluators a scenario names. Raises `BadScenario` for those it cannot have.

    They are written as in a dataset of pydantic-evals: `- Name`, `- Name: argument`, or
    `- Name: {argument: value}`.
    """
    specs = filed.scenario.evaluators
    if not specs:
        return []
    if wrong := list(_unknown(filed)):
        raise BadScenario("\n".join(wrong))
    case = {"name": filed.scenario.name, "inputs": None, "evaluators": specs}
    try:
        dataset = Dataset[Any, Any, Any].from_dict(
            {"name": "one", "cases": [case]}, custom_evaluator_types=custom.EVALUATORS
        )
    except ExceptionGroup as errors:
        told = [f"{filed.file}: evaluators: {error}" for error in errors.exceptions]
        raise BadScenario("\n".join(told)) from errors
    return dataset.cases[0].evaluators


def all_named_by(wanted: Iterable[Filed]) -> None:
    """Raise `BadScenario` for everything that is wrong with the evaluators these name."""
    wrong = []
    for filed in wanted:
        try:
            named_by(filed)
        except BadScenario as error:
            wrong.append(str(error))
    if wrong:
        raise BadScenario("\n".join(wrong))


def _unknown(filed: Filed) -> Iterator[str]:
    own = [kind.get_serialization_name() for kind in custom.EVALUATORS]
    theirs = [kind.get_serialization_name() for kind in DEFAULT_EVALUATORS]
    for spec in filed.scenario.evaluators:
        name = EvaluatorSpec.model_validate(spec).name
        if name not in (*own, *theirs):
            known = f"{', '.join(own) or 'none'}, and pydantic-evals has {', '.join(theirs)}"
            yield (
                f"{filed.file}: evaluators: there is no {name}; put it into EVALUATORS in "
                f"evals/custom.py, which has {known}"
            )
