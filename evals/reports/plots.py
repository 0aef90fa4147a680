"""Small plots as SVG in a page: a figure of each side, with the interval in which it may lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from evals.verdicts.statistics import Interval

LEFT, WIDTH, HEIGHT = 10, 620, 34
"""Where the scale begins, how wide it is, and how high a row is: units of the drawing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One side's figure.

    Attributes:
        name: Of the side; empty where there is only one.
        interval: Where it may lie; None when too little was measured to say.
        most: The end of the scale, where it has one of its own.
    """

    name: str
    value: float
    interval: Interval | None
    most: float | None = None

    @property
    def words(self) -> str:
        """The figure as text."""
        told = figure(self.value)
        if self.interval is not None:
            low, high = figure(self.interval.low), figure(self.interval.high)
            told += f" (95 % interval {low} to {high})"
        return f"{self.name}: {told}" if self.name else told


def figure(value: float) -> str:
    """A number with the three digits that count: `0.92`, `3.35`, `1,570`."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plot(title: str, rows: Sequence[Row]) -> str:
    """The rows on one scale that begins at zero; the figures stand under it as text."""
    ends = [row.most or max(row.value, row.interval.high if row.interval else 0) for row in rows]
    most = max([*ends, 1e-9])
    high = HEIGHT * len(rows) + 20
    right, ground = LEFT + WIDTH, high - 16
    drawn = "".join(_row(row, nth, most) for nth, row in enumerate(rows))
    told = " · ".join(row.words for row in rows)
    return (
        f"<figure><figcaption><b>{escape(title)}</b>: {escape(told)}</figcaption>"
        f'<svg viewBox="0 0 {WIDTH + 2 * LEFT} {high}" role="img" '
        f'aria-label="{escape(f"{title}: {told}")}">'
        f'<line x1="{LEFT}" y1="{ground}" x2="{right}" y2="{ground}" stroke="currentColor"/>'
        f'<text x="{LEFT}" y="{high - 3}">0</text>'
        f'<text x="{right}" y="{high - 3}" text-anchor="end">{figure(most)}</text>'
        f"{drawn}</svg></figure>"
    )


def _row(row: Row, nth: int, most: float) -> str:
    """A dot for the figure, a line for its interval, the side's first letter before it."""
    middle = HEIGHT * nth + HEIGHT / 2
    line = ""
    if row.interval is not None:
        low, high = _at(max(row.interval.low, 0), most), _at(row.interval.high, most)
        line = (
            f'<line x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}" '
            'stroke="currentColor" stroke-width="3" opacity="0.45"/>'
        )
    x = _at(row.value, most)
    letter = (
        f'<text x="{x:.1f}" y="{middle - 9}" text-anchor="middle">{escape(row.name[:1])}</text>'
    )
    return f'{line}<circle cx="{x:.1f}" cy="{middle}" r="6" fill="var(--blue)"/>{letter}'


def _at(value: float, most: float) -> float:
    return LEFT + WIDTH * min(value, most) / most
