"""`threedots compare`, `gate` and `judge-check`: what runs allow to say."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.commands.terminal import WIDE, console, json_instead, progress
from evals.commands.given import settings_of

Json = Annotated[bool, json_instead("tables")]


def _file(metavar: str, said: str) -> Any:
    return typer.Argument(metavar=metavar, help=said, exists=True, dir_okay=False)


def compare(
    a: Annotated[Path, _file("A", "Runs of `threedots eval --out`: what to compare with.")],
    b: Annotated[Path, _file("B", "Runs of the same scenarios: what is compared.")],
    html: Annotated[
        Path | None, typer.Option(help="File for both side by side, as a page.", dir_okay=False)
    ] = None,
    json_output: Json = False,
) -> None:
    """Compare two files of runs and say how sure it is

    Paired by scenario: what flipped, the difference in score with an interval, cost, tokens, wait.
    The same files give the same output. Exit code 0, or 2 when a file cannot be read.
    """
    comparison = _compared(a, b)
    out = console(width=WIDE)
    if html is not None:
        from evals.reports.page import comparison_report
        from evals.runs.files import with_records

        page = comparison_report(with_records(a), with_records(b), comparison)
        html.write_text(page, encoding="utf-8")
    if json_output:
        out.print_json(data=comparison.as_json())
        return
    from evals.verdicts.words import as_table, figures, foot, verdict

    out.print(f"A: {comparison.name_a}\nB: {comparison.name_b}\n", markup=False)
    for table in (as_table(comparison), figures(comparison)):
        if table.row_count:
            out.print(table)
            out.print()
    for line in (*foot(comparison), *verdict(comparison)):
        out.print(line, markup=False)


def gate(
    run: Annotated[Path, _file("RUN", "Runs of `threedots eval --out`: what is to pass.")],
    baseline: Annotated[
        Path,
        typer.Option(
            metavar="BASE",
            help="Runs of the same scenarios to hold it against.",
            exists=True,
            dir_okay=False,
        ),
    ],
    at_least: Annotated[
        float,
        typer.Option(
            help="The smallest drop in score that matters, as a share of 1.", min=0.001, max=1.0
        ),
    ] = 0.05,
    json_output: Annotated[bool, json_instead("a line")] = False,
) -> None:
    """Hold a run against a baseline: pass, fail or cannot tell

    Exit code 1 when the interval of the score lies below zero, or when a critical expectation that
    held in the baseline fell; 2 when the suite cannot tell, or a file cannot be read; 0 otherwise.
    """
    from evals.verdicts.gating import decide

    comparison = _compared(baseline, run)
    decision = decide(comparison, at_least=at_least)
    out = console(width=WIDE)
    if json_output:
        out.print_json(data=decision.as_json() | {"comparison": comparison.as_json()})
    else:
        out.print(str(decision), markup=False)
    raise typer.Exit(int(decision.gate))


def judge_check(
    labels: Annotated[
        Path,
        _file(
            "LABELS.jsonl",
            "Texts with a label of a person's: {text, rubric, label, verdict?, heard?} a line.",
        ),
    ],
    judge: Annotated[
        str | None,
        typer.Option(help="The model that judges them; their own verdicts count when left out."),
    ] = None,
    json_output: Json = False,
) -> None:
    """Measure a judge against what people say

    Agreement, Cohen's kappa with its interval, and who passed what. Exit code 0 when it could be
    measured, 2 when not.
    """
    from evals.runs.files import BadRuns
    from evals.verdicts.judge_checking import labels_of
    from evals.verdicts.judge_words import as_json, as_table, foot

    try:
        labelled = labels_of(labels)
    except BadRuns as error:
        raise typer.BadParameter(str(error), param_hint="LABELS.jsonl") from error
    bare = sum(each.verdict is None for each in labelled)
    if judge is None and bare:
        raise typer.BadParameter(f"{bare} of {len(labelled)} lines have no verdict; give --judge")
    checked = asyncio.run(_check(labelled, judge))
    if not checked.confusion.count:
        raise typer.BadParameter(f"nothing was judged: {checked.not_judged[0]}")
    out = console(width=WIDE)
    if json_output:
        out.print_json(data=as_json(checked))
        return
    out.print(as_table(checked.confusion))
    out.print()
    for line in foot(checked):
        out.print(line, markup=False)


def _compared(a: Path, b: Path) -> Any:
    from evals.runs.files import BadRuns, runs_of
    from evals.verdicts.comparing import compare as compared

    try:
        return compared(runs_of(a), runs_of(b))
    except BadRuns as error:
        raise typer.BadParameter(str(error)) from error


async def _check(labelled: Any, judge: str | None) -> Any:
    from evals.verdicts.judge_checking import check_judge

    with progress("Judging texts", len(labelled)) as ended:
        return await check_judge(labelled, _model(judge), ended=ended)


def _model(judge: str | None) -> Any:
    if judge is None:
        return None
    from agent.models import NoModel, model_for

    try:
        return model_for(settings_of(model=judge))
    except NoModel as error:
        said = str(error).replace("THREEDOTS_MODEL names", "it names")
        raise typer.BadParameter(said, param_hint="--judge") from error
