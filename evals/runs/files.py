"""The runs that `threedots eval --out` wrote, read back for comparing and for reports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from memory.transcript import TurnRecord


class BadRuns(Exception):
    """A file does not hold runs; the message names the file and the line and says what is right."""


class Expected(BaseModel):
    """One expectation and whether it held; None while nobody judged it."""

    place: str
    what: str
    passed: bool | None
    expected: str
    found: str
    critical: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {self.what}: expected {self.expected}; found {self.found}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What it has in common with itself in another run."""
        return self.place, self.what, self.expected


class Figures(BaseModel):
    """What a run took, in seconds on its clock, in tokens and in dollars."""

    seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    tokens: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    cost_usd: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class Scores(BaseModel):
    """How the agent texted in it; what is compared is checked, the rest is kept as it is."""

    model_config = ConfigDict(extra="allow")

    seconds_to_first_bubble: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class Evaluation(BaseModel):
    """What an evaluator of the owner's says of a run, in a figure or a word, and why."""

    value: float | str
    reason: str | None = None

    def __str__(self) -> str:
        value = self.value if isinstance(self.value, str) else f"{self.value:g}"
        return f"{value} ({self.reason})" if self.reason else value


class RunLine(BaseModel):
    """One run, as far as it is compared."""

    model_config = ConfigDict(strict=True)

    scenario: str = Field(min_length=1)
    file: str
    run: int
    passed: bool
    problem: str | None
    verdicts: list[Expected]
    figures: Figures = Figures()
    scores: Scores = Scores()
    evaluations: dict[str, Evaluation] = {}

    @property
    def first_failure(self) -> str:
        """What to tell of it in a line; empty when it passed."""
        failed = (str(verdict) for verdict in self.verdicts if verdict.passed is False)
        return self.problem or next(failed, "")


@dataclass(frozen=True)
class Runs:
    """All runs of a file, scenario by scenario, in the order in which they stand there."""

    name: str
    by_scenario: dict[str, list[RunLine]]

    @property
    def count(self) -> int:
        """How many runs there are."""
        return sum(map(len, self.by_scenario.values()))


def runs_of(path: Path) -> Runs:
    """Read a file of runs. Raises `BadRuns`."""
    try:
        with path.open("rb") as lines:
            return runs_in(lines, name=str(path))
    except OSError as error:
        raise BadRuns(f"{path}: cannot be read ({error.strerror})") from error


def runs_in(lines: Iterable[bytes], *, name: str) -> Runs:
    """Runs, one a line. Raises `BadRuns` at the first that is none, and when there are none."""
    by_scenario: dict[str, list[RunLine]] = {}
    known: dict[bytes, int] = {}
    for number, line, value in objects(lines, name=name, what="a run"):
        if value.get("invalid"):  # the played person left the part: it says nothing of the agent
            continue
        if value.get("records") and (same := known.setdefault(line, number)) != number:
            raise BadRuns(f"{name}:{number}: is line {same} once more; leave one of them out")
        run = _run(value, f"{name}:{number}")
        before = by_scenario.setdefault(run.scenario, [])
        if before and before[0].file != run.file:
            raise BadRuns(
                f"{name}:{number}: {run.scenario!r} is the name of {before[0].file} and of "
                f"{run.file}; scenarios are told apart by their names, so give each its own"
            )
        before.append(run)
    if not by_scenario:
        raise BadRuns(f"{name}: has no run in it; `threedots eval PATH… --out {name}` writes them")
    return Runs(name, by_scenario)


def with_records(path: Path) -> dict[str, list[tuple[RunLine, list[TurnRecord]]]]:
    """The same with the records of each, by scenario. Raises `BadRuns`."""
    runs_of(path)  # says what is wrong with the file
    told: dict[str, list[tuple[RunLine, list[TurnRecord]]]] = {}
    with path.open("rb") as lines:
        for number, _, value in objects(lines, name=str(path), what="a run"):
            if not value.get("invalid"):
                run = _run(value, f"{path}:{number}")
                records = _records(value, f"{path}:{number}")
                told.setdefault(run.scenario, []).append((run, records))
    return told


def objects(
    lines: Iterable[bytes], *, name: str, what: str
) -> Iterator[tuple[int, bytes, dict[str, Any]]]:
    """The objects of JSON lines, with the number of each. Raises `BadRuns` at one that is none."""
    for number, line in enumerate(lines, start=1):
        if not (line := line.strip()):
            continue
        try:
            value = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise BadRuns(f"{name}:{number}: is not UTF-8") from error
        except (ValueError, RecursionError) as error:
            raise BadRuns(
                f"{name}:{number}: is not JSON ({_why(error)}); a line is {what} as one JSON object"
            ) from error
        if not isinstance(value, dict):
            raise BadRuns(f"{name}:{number}: is no object; a line is {what} as one JSON object")
        yield number, line, value


def problem_of(error: ValidationError) -> str:
    """The first thing that is wrong, with its place."""
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"


def all_expected(runs: Sequence[RunLine]) -> list[tuple[str, str, str]]:
    """What a scenario expects, from its runs that did not break off; empty when all did."""
    whole = next((run for run in runs if run.problem is None), None)
    return [] if whole is None else [verdict.key for verdict in whole.verdicts]


def _run(value: dict[str, Any], place: str) -> RunLine:
    try:
        return RunLine.model_validate(value)
    except ValidationError as error:
        raise BadRuns(
            f"{place}: is no run of `threedots eval --out`: {problem_of(error)}"
        ) from error


def _records(value: dict[str, Any], place: str) -> list[TurnRecord]:
    try:
        return [TurnRecord.model_validate(record) for record in value.get("records") or []]
    except ValidationError as error:
        raise BadRuns(f"{place}: records: {problem_of(error)}") from error


def _why(error: Exception) -> str:
    return error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
