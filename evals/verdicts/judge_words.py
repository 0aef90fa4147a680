"""How a judge's measure is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.table import Table

from evals.verdicts.agreement import Confusion
from evals.verdicts.judge_checking import Checked
from evals.verdicts.statistics import wilson


def as_json(checked: Checked) -> dict[str, Any]:
    """For `--json`."""
    return {
        **checked.confusion.as_json(),
        "not_judged": dict(sorted(Counter(checked.not_judged).items())),
    }


def as_table(confusion: Confusion) -> Table:
    """Labels down, verdicts across."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("judge: pass", justify="right")
    table.add_column("judge: fail", justify="right")
    table.add_row("label: pass", str(confusion.both_pass), str(confusion.too_strict))
    table.add_row("label: fail", str(confusion.too_mild), str(confusion.both_fail))
    return table


def foot(checked: Checked) -> Iterator[str]:
    """What stands below the table."""
    confusion = checked.confusion
    share = wilson(confusion.both_pass + confusion.both_fail, confusion.count)
    yield (
        f"Agreement: {100 * confusion.agreement:.1f} % of {confusion.count} texts "
        f"(95 % interval {100 * share.low:.1f} to {100 * share.high:.1f})."
    )
    kappa, interval = confusion.kappa, confusion.interval
    if kappa is None or interval is None:
        yield "Kappa cannot be said: all have one label and one verdict; label some of the other."
    else:
        yield (
            f"Cohen's kappa: {kappa:.2f} (95 % interval {interval.low:.2f} to {interval.high:.2f});"
            " 0 is chance, 1 is perfect."
        )
        yield from _leaning(confusion)
    for why, count in sorted(Counter(checked.not_judged).items()):
        yield f"Left out, {count}: {why}."


def _leaning(confusion: Confusion) -> Iterator[str]:
    """Which of its errors is the commoner one."""
    if confusion.too_mild > confusion.too_strict:
        yield f"It errs on the mild side: it passed {confusion.too_mild} that people failed."
    elif confusion.too_strict > confusion.too_mild:
        yield f"It errs on the strict side: it failed {confusion.too_strict} that people passed."
