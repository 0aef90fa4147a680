"""`threedots eval`: scenarios played against the harness on the twin."""

from __future__ import annotations

import asyncio
import logging
import os
import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.commands.terminal import WIDE, console, json_instead, progress
from evals.commands.given import Prompts, settings_of

if TYPE_CHECKING:  # the command line loads what a command needs when it is called
    from pydantic_ai.models import Model

    from agent.settings import Settings
    from evals.format.filed import Filed
    from evals.runs.results import Result, Run

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH",
        help="Scenarios: files, folders of them, or tasks of a benchmark, `tau2:airline`.",
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option(help="Which model answers; THREEDOTS_MODEL when left out, or the demo."),
]
Repeat = Annotated[int, typer.Option(help="How often each is played.", min=1, max=1000)]
AtOnce = Annotated[
    int | None, typer.Option(help="How many at a time; one a processor when left out.", min=1)
]
Seed = Annotated[
    int, typer.Option(help="Makes the ids: the same seed and the same answers, the same files.")
]
Judge = Annotated[str | None, typer.Option(help="The model that judges what needs a judge.")]
Person = Annotated[str | None, typer.Option(help="The model that plays simulated people.")]
Out = Annotated[
    Path | None,
    typer.Option("--out", help="File for all runs with their records, a line of JSON each."),
]
Junit = Annotated[Path | None, typer.Option(help="File for the results as JUnit's XML.")]
Html = Annotated[Path | None, typer.Option(help="File for the results as a page.")]
Open = Annotated[
    bool, typer.Option("--open", help="Open that page in a browser; report.html when not named.")
]
Json = Annotated[bool, json_instead("a table")]


def evaluate(
    paths: Paths,
    prompts: Prompts = None,
    model: ModelName = None,
    repeat: Repeat = 1,
    at_once: AtOnce = None,
    seed: Seed = 0,
    judge: Judge = None,
    person: Person = None,
    output: Out = None,
    junit: Junit = None,
    html: Html = None,
    open_it: Open = False,
    json_output: Json = False,
) -> None:
    """Play scenarios and say what was not as expected

    On the twin, by a clock of its own; ignores AGENTPHONE_* and DATABASE_URL. Exit code 0 when all
    of them passed every time, 1 when something failed, 2 when nothing could be run.
    """
    from agent.models import model_for
    from agent.settings import SCRIPTED
    from evals.judging.own_evaluators import all_named_by
    from evals.playing.stillness import StillLoop
    from evals.runs.collecting import collect
    from evals.runs.results import results_of
    from evals.runs.tau2 import is_named

    settings = settings_of(prompts=prompts, model=model)
    answers = model_for(settings, or_scripted=True)
    helpers: dict[str, Any] = {
        "judge_model": model_for(settings_of(model=judge)) if judge else None,
        "person_model": model_for(settings_of(model=person)) if person else None,
    }
    for path in paths:
        if not (path.exists() or is_named(path)):
            raise typer.BadParameter(f"{path} does not exist")
    filed = collect(paths, with_people=person is not None)
    is_demo = answers.model_name == SCRIPTED
    wanted = [each for each in filed if not (is_demo and each.needs_a_model)]
    skipped = [each for each in filed if is_demo and each.needs_a_model]
    if not wanted:
        raise typer.BadParameter("all of these need a real model; give one with --model")
    all_named_by(filed)
    with ExitStack() as files:
        html = html or (Path("report.html") if open_it else None)
        opened = [_opened(path, files) for path in (output, junit, html)]
        _say_nothing(files)
        how: dict[str, Any] = {
            "repeat": repeat,
            "at_once": at_once or os.cpu_count() or 1,
            "seed": seed,
        }
        run = _play(wanted, settings, answers, **how, **helpers)
        with asyncio.Runner(loop_factory=StillLoop) as runner:
            results = results_of(runner.run(run), wanted)
        _write(results, skipped, *opened)
    _tell(results, skipped, model=answers.model_name, repeat=repeat, as_json=json_output)
    if open_it and html is not None:
        webbrowser.open(html.resolve().as_uri())
    raise typer.Exit(not all(result.passed for result in results))


def _opened(path: Path | None, files: ExitStack) -> Any:
    """A file to write, opened before anything is run: its trouble is said at once."""
    if path is None:
        return None
    try:
        return files.enter_context(path.open("w", encoding="utf-8"))
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written ({error.strerror})") from error


def _say_nothing(files: ExitStack) -> None:
    """Keep the terminal for the results.

    What goes wrong on purpose in a scenario is no news for whoever looks at its verdict.
    """
    quiet = logging.NullHandler()
    logging.getLogger().addHandler(quiet)
    files.callback(logging.getLogger().removeHandler, quiet)


async def _play(
    wanted: Sequence[Filed], settings: Settings, model: Model, *, repeat: int, **how: Any
) -> list[Run]:
    from evals.runs.evaluating import run_all

    with progress("Playing scenarios", len(wanted) * repeat) as ended:
        return await run_all(wanted, settings, model, repeat=repeat, ended=ended, **how)


def _write(
    results: Sequence[Result],
    skipped: Sequence[Filed],
    output: Any,
    junit_file: Any,
    html_file: Any,
) -> None:
    from evals.reports.junit import junit
    from evals.reports.page import report_of
    from evals.runs.results import write_runs

    if output is not None:
        write_runs((run for result in results for run in result.runs), output)
    if junit_file is not None:
        junit_file.write(junit(results, skipped))
    if html_file is not None:
        html_file.write(report_of(results))


def _tell(
    results: Sequence[Result], skipped: Sequence[Filed], *, model: str, repeat: int, as_json: bool
) -> None:
    from evals.reports.table import as_table, foot, summary

    out = console(width=WIDE)
    if as_json:
        out.print_json(data=summary(results, skipped, model=model, repeat=repeat))
        return
    out.print(as_table(results, repeat=repeat))
    out.print()
    for line in foot(results, skipped, repeat=repeat, model=model):
        out.print(line, markup=False)
