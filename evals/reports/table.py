"""What an evaluation came to: a table for people, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from evals.format.filed import Filed
from evals.judging.scores import pass_hat_k, scores
from evals.runs.results import Result


def summary(
    results: Sequence[Result], skipped: Sequence[Filed], *, model: str, repeat: int
) -> dict[str, Any]:
    """All of it but the records, for `--json`."""
    return {
        "model": model,
        "repeat": repeat,
        "passed": sum(result.passed for result in results),
        "failed": sum(not result.passed for result in results),
        "pass_hat_k": overall_pass_hat_k(results, repeat),
        "not_judged": sum(run.not_judged for result in results for run in result.runs),
        "skipped": [{"scenario": f.scenario.name, "file": str(f.file)} for f in skipped],
        "scores": scores([run.records for result in results for run in result.runs]),
        "scenarios": [result.as_json() for result in results],
    }


def overall_pass_hat_k(results: Sequence[Result], k: int) -> float | None:
    """The mean over the scenarios of the chance that k runs all pass.

    Over those with so many valid runs; None when there is none.
    """
    counts = [(result.passes, len(result.valid)) for result in results]
    each = [pass_hat_k(passes, valid, k) for passes, valid in counts if valid >= k]
    return sum(each) / len(each) if each else None


def as_table(results: Sequence[Result], *, repeat: int) -> Table:
    """A row a scenario."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Scenario", max_width=44)
    table.add_column("Passed", no_wrap=True)
    table.add_column("First failure", max_width=72, overflow="fold")
    for name in ("Seconds", "Tokens", "Cost"):
        table.add_column(name, justify="right", no_wrap=True)
    for result in results:
        table.add_row(
            escape(result.filed.scenario.name),
            _passed(result, repeat=repeat),
            escape(result.first_failure),
            f"{sum(run.seconds for run in result.runs):.1f}",
            str(sum(run.figures["tokens"] for run in result.runs)),
            _dollars(run.figures["cost_usd"] for run in result.runs),
        )
    return table


def foot(
    results: Sequence[Result], skipped: Sequence[Filed], *, repeat: int, model: str
) -> Iterator[str]:
    """What stands below the table."""
    passed = sum(result.passed for result in results)
    yield f"{passed} of {len(results)} scenarios passed with {model}."
    if repeat > 1:
        whole = overall_pass_hat_k(results, repeat)
        yield f"pass^{repeat}, all of {repeat} runs: {'?' if whole is None else f'{whole:.2f}'}"
    if invalid := sum(len(result.runs) - len(result.valid) for result in results):
        yield f"{invalid} runs are invalid: who played a person left the part. They do not count."
    if skipped:
        names = ", ".join(filed.scenario.name for filed in skipped)
        yield f"Skipped, for they need a real model: {names}."
    if unjudged := sum(run.not_judged for result in results for run in result.runs):
        yield f"{unjudged} expectations were not judged: give a model with --judge."
    told = scores([run.records for result in results for run in result.runs])
    yield " · ".join(f"{name.replace('_', ' ')} {_figure(value)}" for name, value in told.items())


def _passed(result: Result, *, repeat: int) -> str:
    if not result.valid:
        return "[red]invalid[/red]"
    yes_or_no = "yes" if result.passed else "no"
    told = f"{result.passes}/{len(result.valid)}" if repeat > 1 else yes_or_no
    return told if result.passed else f"[red]{told}[/red]"


def _dollars(costs: Iterable[float | None]) -> str:
    known = list(costs)
    return "" if None in known else f"${sum(cost or 0.0 for cost in known):.4f}"


def _figure(value: Any) -> str:
    return "?" if value is None else f"{value:g}"
