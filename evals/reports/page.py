"""What runs came to as one HTML file: every scenario with its runs, their talk and their figures.

No script and nothing from elsewhere. With a second file both stand side by side, and what may be
said of the difference stands above.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from agent.commands.transcript_page import STYLE as CHAT_STYLE
from agent.commands.transcript_page import chat
from evals.reports.plots import Row, plot
from evals.runs.files import RunLine
from evals.runs.results import Result
from evals.verdicts.comparing import Comparison
from evals.verdicts.statistics import interval_of_mean, wilson
from evals.verdicts.words import verdict
from memory.transcript import TurnRecord

STYLE = """
body { max-width: 64rem; }
h2 { font-size: 1rem; margin: 2rem 0 .6rem; }
.scenario { border: 1px solid var(--line); border-radius: .8rem; padding: 0 1rem; margin: .5rem 0; }
.scenario > summary { padding: .7rem 0; cursor: pointer; }
.mark { font-weight: 700; margin-right: .5rem; }
.mark.no { color: var(--alarm); }
.sides { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); }
.sides > section { min-width: 0; }
h3 { font-size: .9rem; margin: .6rem 0; }
.verdicts { padding-left: 1.2rem; font-size: .85rem; }
.verdicts .no { color: var(--alarm); }
figure { margin: 0 0 1rem; } figcaption { font-size: .85rem; color: var(--quiet); }
svg { width: min(100%, 34rem); height: auto; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
"""


Told = tuple[RunLine, Sequence[TurnRecord]]
"""A run with its records, as `--out` keeps it."""

Scenarios = Mapping[str, Sequence[Told]]
"""Runs by the scenario they are of, in the order of the file."""


def report(runs: Scenarios, *, name: str) -> str:
    """One file of runs: what failed first."""
    passed = {scenario for scenario, told in runs.items() if all(run.passed for run, _ in told)}
    title = f"{len(passed)} of {len(runs)} scenarios passed"
    failed = [scenario for scenario in runs if scenario not in passed]
    return _page(
        title,
        [
            _facts(f"{name} · {_about(runs)}"),
            *_figures({"": runs}),
            *_listed("Failed", failed, {"": runs}),
            *_listed("Passed", [one for one in runs if one in passed], {"": runs}),
        ],
    )


def report_of(results: Sequence[Result]) -> str:
    """What `threedots eval` has just played."""
    runs = {
        result.filed.scenario.name: [
            (RunLine.model_validate(run.as_json()), run.records) for run in result.valid
        ]
        for result in results
        if result.valid
    }
    return report(runs, name="threedots eval")


def comparison_report(a: Scenarios, b: Scenarios, comparison: Comparison) -> str:
    """Two files of runs side by side: what flipped first."""
    sides = {f"A: {comparison.name_a}": a, f"B: {comparison.name_b}": b}
    by_change: dict[str, list[str]] = {}
    for pair in comparison.pairs:
        by_change.setdefault(pair.change, []).append(pair.scenario)
    headings = {
        "fell": "Fell", "rose": "Rose", "weaker": "Fewer runs passed",
        "stronger": "More runs passed", "same": "As before",
    }  # fmt: skip
    return _page(
        "Two evaluations compared",
        [
            *(_facts(f"{name}: {_about(it)}") for name, it in sides.items()),
            *(f"<p>{escape(line)}</p>" for line in verdict(comparison)),
            *_figures(sides),
            *(
                part
                for change, heading in headings.items()
                for part in _listed(heading, by_change.get(change, []), sides)
            ),
        ],
    )


def _page(title: str, parts: Sequence[str]) -> str:
    head = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{CHAT_STYLE}{STYLE}</style></head><body><main>",
        f"<h1>{escape(title)}</h1>",
    ]
    return "\n".join([*head, *parts, "</main></body></html>"]) + "\n"


def _facts(text: str) -> str:
    return f'<p class="facts">{escape(text)}</p>'


def _about(runs: Scenarios) -> str:
    """What was played, under which prompts and by which model."""
    records = [record for told in runs.values() for _, own in told for record in own]
    models = sorted({record.model for record in records if record.model})
    versions = sorted({record.prompts.version for record in records if record.prompts})
    count = sum(map(len, runs.values()))
    parts = [f"{count} runs", *models, *(f"prompts {version}" for version in versions)]
    return " · ".join(parts)


def _figures(sides: Mapping[str, Scenarios]) -> Iterator[str]:
    """Score, wait and cost of each side, with the interval in which they may lie."""
    yield "<h2>Figures</h2>"
    yield plot("Share of runs that passed", [_score(name, it) for name, it in sides.items()])
    measures = [
        ("Seconds to the first bubble", lambda run: run.scores.seconds_to_first_bubble),
        ("Tokens of a run", lambda run: run.figures.tokens),
        ("Dollars of a run", lambda run: run.figures.cost_usd),
    ]
    for title, read in measures:
        rows = [row for name, it in sides.items() if (row := _mean(name, it, read)) is not None]
        if any(row.value for row in rows):
            yield plot(title, rows)


def _score(name: str, runs: Scenarios) -> Row:
    every = [run.passed for told in runs.values() for run, _ in told]
    return Row(name, sum(every) / len(every), wilson(sum(every), len(every)), most=1.0)


def _mean(name: str, runs: Scenarios, read: Any) -> Row | None:
    """The mean of the scenarios' means, for those in which it was measured."""
    means = []
    for told in runs.values():
        values = [value for run, _ in told if (value := read(run)) is not None]
        if values:
            means.append(sum(values) / len(values))
    if not means:
        return None
    return Row(name, sum(means) / len(means), interval_of_mean(means))


def _listed(
    heading: str, scenarios: Sequence[str], sides: Mapping[str, Scenarios]
) -> Iterator[str]:
    if scenarios:
        yield f"<h2>{heading} ({len(scenarios)})</h2>"
        yield from (_scenario(name, sides) for name in scenarios)


def _scenario(name: str, sides: Mapping[str, Scenarios]) -> str:
    """One scenario, closed; its runs on each side are inside."""
    told = [runs[name] for runs in sides.values() if name in runs]
    passed = all(run.passed for runs in told for run, _ in runs)
    first = next((run.first_failure for runs in told for run, _ in runs if not run.passed), "")
    mark = "<span class='mark'>✓</span>" if passed else "<span class='mark no'>✗</span>"
    said = f" <span class='facts'>{escape(first)}</span>" if first else ""
    inside = [_side(side, runs[name]) for side, runs in sides.items() if name in runs]
    return (
        f'<details class="scenario"><summary>{mark}{escape(name)}{said}</summary>'
        f'<div class="sides">{"".join(inside)}</div></details>'
    )


def _side(name: str, runs: Sequence[Told]) -> str:
    heading = f"<h3>{escape(name)}</h3>" if name else ""
    return f"<section>{heading}{''.join(map(_run, runs))}</section>"


def _run(told: Told) -> str:
    """One run: what was expected, and the talk."""
    run, records = told
    marks = {True: "✓", False: "✗", None: "?"}
    verdicts = "".join(
        f"<li{' class=no' if it.passed is False else ''}>{marks[it.passed]} {escape(str(it))}</li>"
        for it in run.verdicts
    )
    verdicts += "".join(
        f"<li>{escape(f'{name}: {it}')}</li>" for name, it in run.evaluations.items()
    )
    problem = f'<p class="no">{escape(run.problem)}</p>' if run.problem else ""
    talk = "".join(map(chat, records))
    return f"<h3>Run {run.run}</h3>{problem}<ul class='verdicts'>{verdicts}</ul>{talk}"
