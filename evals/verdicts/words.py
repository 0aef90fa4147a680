"""How a comparison is told: sentences that say what the runs allow to say, and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.markup import escape
from rich.table import Table

from evals.verdicts.comparing import Comparison, names
from evals.verdicts.statistics import Interval, mcnemar

LABELS = {
    "cost_usd": ("Cost of a conversation", "${:.6f}"),
    "seconds_to_first_bubble": ("Seconds to the first bubble", "{:.3f}"),
    "tokens": ("Tokens of a conversation", "{:.0f}"),
}
"""What a figure is called, and how it is written."""

CHANGES = {
    "fell": "[red]passed → failed[/red]",
    "rose": "[green]failed → passed[/green]",
    "weaker": "weaker",
    "stronger": "stronger",
}
"""What became of a scenario, in the order of the table."""

MOST_NAMES = 5
"""Scenarios that are named in a line; of more, how many more."""


def points(share: float) -> str:
    """A share of one as points of a hundred."""
    return f"{100 * share:.1f} points"


def span(interval: Interval) -> str:
    """An interval of a difference in score, in words."""
    return f"95 % interval {_signed(interval.low)} to {_signed(interval.high)} points"


def verdict(comparison: Comparison) -> Iterator[str]:
    """What may be said of B beside A, and what not."""
    interval, difference = comparison.interval, comparison.difference
    a, b = f"{100 * comparison.score_a:.1f}", f"{100 * comparison.score_b:.1f}"
    yield f"Score: A {a}, B {b}: {_signed(difference)} points ({span(interval)})."
    if all(tally.score_a == tally.score_b for tally in comparison.tallies):
        yield "No scenario went another way."
    if interval.is_below_zero:
        yield f"B is worse than A: by {points(-interval.high)} at the least."
    elif interval.is_above_zero:
        yield f"B is better than A: by {points(interval.low)} at the least."
    else:
        yield (
            "These runs show no difference, which does not say that there is none: B may be worse "
            f"by up to {points(max(0.0, -interval.low))} or better by up to "
            f"{points(max(0.0, interval.high))}."
        )
    yield (
        f"The smallest drop they would have shown four times in five: "
        f"{points(comparison.smallest_seen)}."
    )


def as_table(comparison: Comparison) -> Table:
    """A row for each scenario that went another way, those that fell first."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Scenario", max_width=44)
    table.add_column("What became of it", no_wrap=True)
    table.add_column("A", justify="right", no_wrap=True)
    table.add_column("B", justify="right", no_wrap=True)
    table.add_column("First failure", max_width=72, overflow="fold")
    for change, label in CHANGES.items():
        for pair in comparison.pairs:
            if pair.change == change:
                tally = pair.tally
                table.add_row(
                    escape(pair.scenario),
                    label,
                    f"{tally.passes_a}/{tally.runs_a}",
                    f"{tally.passes_b}/{tally.runs_b}",
                    escape(pair.first_failure),
                )
    return table


def figures(comparison: Comparison) -> Table:
    """What it cost and how long they waited: medians, and the mean of the paired differences."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Median of the scenarios")
    for name in ("A", "B", "B less A, mean", "95 % interval", "Scenarios"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, figure in comparison.figures.items():
        label, form = LABELS[name]
        low_high = ""
        if figure.interval is not None:
            ends = (_nothing(figure.interval.low, form), _nothing(figure.interval.high, form))
            low_high = " to ".join(ends)
        row = [form.format(figure.a), form.format(figure.b), _nothing(figure.difference, form)]
        table.add_row(label, *row, low_high, str(figure.count))
    return table


def foot(comparison: Comparison) -> Iterator[str]:
    """What stands below the tables."""
    fell, rose = comparison.flips
    yield (
        f"{len(comparison.pairs)} scenarios in both: {fell} fell, {rose} rose "
        f"(McNemar, exact: p = {mcnemar(fell, rose):.3f})."
    )
    k = comparison.runs_of_all
    a, b = comparison.pass_hat(k)
    if k > 1:
        yield f"pass^{k}, all of {k} runs: A {a:.2f}, B {b:.2f}."
    for which, left in (("A", comparison.only_a), ("B", comparison.only_b)):
        if left:
            yield f"Only in {which}, left out: {named(left)}."
    if changed := names(comparison.pairs, lambda pair: not pair.expects_the_same):
        yield f"Not the same is expected in A and B, so they hardly compare: {named(changed)}."
    if unjudged := names(comparison.pairs, lambda pair: not pair.is_judged_alike):
        yield f"Judged in one file only, so they hardly compare: {named(unjudged)}."


def named(scenarios: Sequence[str]) -> str:
    """Their names, as many as fit a line."""
    more = len(scenarios) - MOST_NAMES
    return ", ".join(scenarios[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _signed(share: float) -> str:
    return _nothing(100 * share, "{:.1f}")


def _nothing(value: float, form: str) -> str:
    """With its sign, as printed: what is printed as nothing has none."""
    told = form.format(abs(value))
    if not any(digit in told for digit in "123456789"):
        return told
    return ("-" if value < 0 else "+") + told
