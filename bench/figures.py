"""Figures as tables: medians with smallest and largest, and ratios taken pair by pair."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, float]
"""What one run came to: each figure under its name, which ends with its unit."""


@dataclass(frozen=True)
class Result:
    """What a bench measured on one side, or on two that took turns run by run.

    Attributes:
        title: The heading.
        note: How often, and with what.
        sides: The runs of each side. With two, the nth runs belong together: they are compared.
    """

    title: str
    note: str
    sides: Mapping[str, Sequence[Figures]]


def markdown(result: Result) -> str:
    """The result as a heading, its note and a table."""
    names = list(result.sides)
    ratio = [f"{names[1]} ÷ {names[0]}"] if len(names) == 2 else []
    head = ["figure", *names, *ratio]
    lines = [
        f"### {result.title}",
        "",
        f"{result.note}",
        "",
        f"| {' | '.join(head)} |",
        f"| --- |{' ---: |' * (len(head) - 1)}",
    ]
    runs = list(result.sides.values())
    for figure in runs[0][0]:
        columns = [[run[figure] for run in side] for side in runs]
        cells = [spread(values) for values in columns]
        if ratio:
            cells.append(spread(ratios(*columns), digits=2))
        lines.append(f"| {figure} | {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(values: Sequence[float], *, digits: int | None = None) -> str:
    """`median (smallest…largest)`; the value alone when all are written alike, `-` for none."""
    if not values:
        return "-"
    low, middle, high = (
        _written(value, digits) for value in (min(values), statistics.median(values), max(values))
    )
    return middle if low == high else f"{middle} ({low}…{high})"


def ratios(below: Sequence[float], above: Sequence[float]) -> list[float]:
    """The second of each pair over its first; pairs whose first is nothing say nothing."""
    return [high / low for low, high in zip(below, above, strict=True) if low]


def percentiles(name: str, values: Sequence[float], unit: str) -> dict[str, float]:
    """p50, p95 and p99 of at least two values."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {f"{name} p{p}, {unit}": cuts[p - 1] for p in (50, 95, 99)}


def _written(value: float, digits: int | None) -> str:
    """Three digits that count, or so many after the point."""
    if digits is None:
        if value == int(value):
            digits = 0
        else:
            digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


BEGIN, END = "<!-- results -->", "<!-- end of results -->"
"""What stands between them in the README is written by `python -m bench --write`."""


def put_between_marks(page: str, results: str) -> str:
    """The page with these results in place of the ones it had.

    Raises:
        ValueError: The page has lost its marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the page needs {BEGIN} and, after it, {END}")
    return f"{before}{begin}\n\n{results.strip()}\n\n{end}{after}"
