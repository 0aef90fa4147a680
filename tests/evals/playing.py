"""Scenarios for tests: written as YAML, played once by a scripted model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

from pydantic_ai.models import Model

from evals.format.filed import Filed
from evals.format.files import loads
from evals.local import local_settings
from evals.playing.stillness import StillLoop
from evals.runs.evaluating import run_all
from evals.runs.results import Run

START = """
name: Planted
start:
  clock: "2026-03-03T18:00:00Z"
  people:
  - name: Ana
    handle: "+15555550124"
  - name: Ben
    handle: "+15555550125"
"""


def scenario(turns: str, *, start: str = "", end: str = "") -> Filed:
    """A scenario of these turns, in the middle of an evening."""
    text = START + indent(dedent(start).strip("\n"), "  ") + "\nturns:\n" + dedent(turns).strip()
    return Filed(Path("planted.yaml"), loads(text + "\n" + dedent(end)))


def played(filed: Filed, model: Model, **settings: Any) -> Run:
    """One run of it."""
    [run] = run_suite([filed], model, **settings)
    return run


def run_suite(
    filed: Sequence[Filed],
    model: Model,
    *,
    repeat: int = 1,
    at_once: int = 1,
    judge: Model | None = None,
    person: Model | None = None,
    seed: int = 0,
    **settings: Any,
) -> list[Run]:
    """All runs of these, as they ended."""
    chosen = local_settings().model_copy(update=settings)
    playing = run_all(
        filed,
        chosen,
        model,
        repeat=repeat,
        at_once=at_once,
        seed=seed,
        judge_model=judge,
        person_model=person,
    )
    with asyncio.Runner(loop_factory=StillLoop) as runner:
        return runner.run(playing)
