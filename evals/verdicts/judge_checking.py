"""A judge held against what people say: labelled texts, judged or still to be judged.

{"text": "Sure, which size?", "rubric": "Asks for the size.", "label": "pass"}
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_ai.models import Model

from evals.judging.checking import Verdict
from evals.judging.judge import judge
from evals.playing.seen import Seen, Shown
from evals.runs.files import BadRuns, objects, problem_of
from evals.verdicts.agreement import Confusion, confusion

Word = Literal["pass", "fail"]

AT_ONCE = 4
"""How many texts are judged at a time."""


class Labelled(BaseModel):
    """A text of the agent's, and whether a person found that the rubric is true of it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(description="What the agent texted.")
    rubric: str = Field(min_length=1, description="The statement to judge it by.")
    label: Word = Field(description="What a person says.")
    verdict: Word | None = Field(default=None, description="What the judge said.")
    heard: list[str] = Field(default=[], description="What people wrote before it, if it matters.")


@dataclass(frozen=True, slots=True)
class Checked:
    """Labels beside verdicts.

    Attributes:
        not_judged: Why the judge did not judge, one for each text; these count nowhere.
    """

    confusion: Confusion
    not_judged: Sequence[str]


def labels_of(path: Path) -> list[Labelled]:
    """Read a file of labels. Raises `BadRuns`."""
    try:
        with path.open("rb") as lines:
            return labels_in(lines, name=str(path))
    except OSError as error:
        raise BadRuns(f"{path}: cannot be read ({error.strerror})") from error


def labels_in(lines: Iterable[bytes], *, name: str) -> list[Labelled]:
    """Labelled texts, one a line. Raises `BadRuns` at the first that is none."""
    found = []
    for number, _, value in objects(lines, name=name, what="a labelled text"):
        try:
            found.append(Labelled.model_validate(value))
        except ValidationError as error:
            raise BadRuns(f"{name}:{number}: is no labelled text: {problem_of(error)}") from error
    if not found:
        raise BadRuns(f'{name}: has no label in it; a line is {{"text", "rubric", "label"}}')
    return found


async def check_judge(
    labelled: Sequence[Labelled],
    model: Model | None,
    *,
    ended: Callable[[], object] = lambda: None,
) -> Checked:
    """Hold a judge against these labels.

    Args:
        model: Judges all of them anew; without one their own verdicts count.
        ended: Called after each.
    """
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: Labelled) -> tuple[bool | None, str]:
        async with room:
            told = await _judged(each, model)
            ended()
            return told

    async with asyncio.TaskGroup() as tasks:
        under_way = [tasks.create_task(one(each)) for each in labelled]
    verdicts = [task.result() for task in under_way]
    pairs = [
        (each.label == "pass", passed)
        for each, (passed, _) in zip(labelled, verdicts, strict=True)
        if passed is not None
    ]
    return Checked(confusion(pairs), [why for passed, why in verdicts if passed is None])


async def _judged(each: Labelled, model: Model | None) -> tuple[bool | None, str]:
    if model is None:
        if each.verdict is None:
            return None, "no verdict"
        return each.verdict == "pass", ""
    # As in a scenario, so that it is this judge who is measured and not one like it.
    asked = Verdict("the end", "judged", None, each.rubric, "")
    [verdict] = await judge([asked], _seen(each), model)
    return verdict.passed, verdict.found


def _seen(each: Labelled) -> Seen:
    at = datetime(2026, 3, 3, tzinfo=UTC)
    bubble = Shown("m1", each.text, "imessage", None, 0, at)
    return Seen(
        place="the end",
        records=[],
        bubbles=[bubble],
        tapbacks=[],
        answered_after=None,
        metadata={},
        begun_with={},
        ids={},
        refs={},
        heard=each.heard,
    )
