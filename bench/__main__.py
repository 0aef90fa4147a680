"""Measure what a text, a turn and an idle server cost, on SQLite and on Postgres.

python -m bench                          everything, as tables in Markdown
python -m bench scenes --runs 5          one bench
python -m bench --write                  everything, into bench/README.md
"""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from bench import due, idle, recording, records, scenes, start, turns
from bench.databases import SQLITE, Database, postgres
from bench.figures import Figures, Result, markdown, put_between_marks
from bench.machine import machine
from bench.postgres import binaries
from bench.stand import CONNECTIONS

README = Path(__file__).parent / "README.md"


def the_scenes(databases: Sequence[Database], given: argparse.Namespace) -> Iterator[Result]:
    """How it feels to text: eager against patient, on each database."""
    for database in databases:
        _say(f"scenes on {database.name}")
        by_scene = asyncio.run(scenes.measured(database, runs=given.runs))
        for name, sides in by_scene.items():
            note = f"{_times(given.runs)}, patient and eager in turns with the same pauses."
            yield Result(f"{name}, {database.name}", note, sides)


def the_turns(databases: Sequence[Database], given: argparse.Namespace) -> Iterator[Result]:
    """What a text costs us when the model costs nothing, and how much fits in a second."""

    async def run(database: Database, url: str) -> Figures:
        return await turns.one_run(url, texts=given.texts)

    note = (
        f"{_times(given.runs)}, each on an empty database: {given.texts} texts one at a time, then "
        f"{given.texts * 5} at once over {CONNECTIONS} connections."
    )
    yield Result("Texts and turns", note, _sides(databases, given.runs, "turns", run))


def the_due(databases: Sequence[Database], given: argparse.Namespace) -> Iterator[Result]:
    """A start with a full inbox."""

    async def run(database: Database, url: str) -> Figures:
        return await due.one_run(url, conversations=given.due)

    title = f"{given.due:,} conversations due at once"
    note = f"{_times(given.rounds)}. Waiting is counted from the start of the process."
    yield Result(title, note, _sides(databases, given.rounds, "due", run))


def the_idle(databases: Sequence[Database], given: argparse.Namespace) -> Iterator[Result]:
    """What a server costs while nobody texts."""

    async def run(database: Database, url: str) -> Figures:
        return await idle.one_run(url, database_processes=database.processes, seconds=given.idle)

    note = f"{_times(given.rounds)}, {given.idle:g} s each."
    yield Result("Idle", note, _sides(databases, given.rounds, "idle", run))


def the_start(_: Sequence[Database], given: argparse.Namespace) -> Iterator[Result]:
    """How long one waits for the phone."""
    pairs = []
    for nth in range(1, given.runs + 1):
        _say(f"start, run {nth} of {given.runs}")
        pairs.append(start.one_pair())
    sides = {"in an empty folder": [one for one, _ in pairs], "later": [two for _, two in pairs]}
    yield Result("Starting `threedots phone`", f"{_times(given.runs)} of each.", sides)


def the_recording(databases: Sequence[Database], given: argparse.Namespace) -> Iterator[Result]:
    """What the record of a turn adds to its end."""

    async def run(_: Database, url: str) -> Figures:
        return await recording.cost(url, turns=given.texts)

    note = (
        f"{_times(given.runs)} of {given.texts} turns with their record and as many without, in "
        "turns, on the writer's thread and without the commit, which both have."
    )
    yield Result("Recording a turn", note, _sides(databases, given.runs, "recording", run))


def the_export(databases: Sequence[Database], given: argparse.Namespace) -> Iterator[Result]:
    """How long it takes to write everything to a file."""
    for database in databases:
        with database.empty() as url:
            _say(f"export on {database.name}: {given.export:,} turns are made")
            asyncio.run(records.fill(url, given.export))
            for format in recording.FORMATS:
                _say(f"export on {database.name} as {format}")
                title = f"Exporting {given.export:,} turns as {format}, {database.name}"
                yield Result(title, "One run.", {format: [recording.one_export(url, format)]})


BENCHES = {
    "scenes": the_scenes,
    "turns": the_turns,
    "due": the_due,
    "idle": the_idle,
    "start": the_start,
    "recording": the_recording,
    "export": the_export,
}


def _sides(
    databases: Sequence[Database],
    runs: int,
    name: str,
    run: Callable[[Database, str], Coroutine[Any, Any, Figures]],
) -> dict[str, list[Figures]]:
    """The runs on each database, in turns, each on an empty one."""
    sides: dict[str, list[Figures]] = {database.name: [] for database in databases}
    for nth in range(1, runs + 1):
        for database in databases:
            _say(f"{name} on {database.name}, run {nth} of {runs}")
            with database.empty() as url:
                sides[database.name].append(asyncio.run(run(database, url)))
    return sides


def main() -> None:
    """Measure what was asked for, and print it or write it down."""
    given = _given()
    with ExitStack() as stack:
        databases = [SQLITE] if given.sqlite else []
        if given.postgres:
            bin_folder = binaries()
            if bin_folder is None:
                raise SystemExit("Postgres is not installed; measure without it: --sqlite")
            databases.append(stack.enter_context(postgres(bin_folder)))
        command = " ".join(["python -m bench", *map(shlex.quote, sys.argv[1:])])
        parts = [_shown(f"Taken with `{command}` on {machine(databases)}")]
        for name in given.benches:
            parts += [_shown(markdown(result)) for result in BENCHES[name](databases, given)]
    if given.write:
        README.write_text(put_between_marks(README.read_text(), "\n\n".join(parts)))


def _given() -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "benches",
        nargs="*",
        metavar="bench",
        help=f"which to run, of {', '.join(BENCHES)} (all)",
    )
    parser.add_argument(
        "--runs",
        type=_at_least(1, int),
        default=3,
        help="runs of scenes, turns and start on each side (3)",
    )
    parser.add_argument(
        "--rounds", type=_at_least(1, int), default=1, help="runs of due and idle on each side (1)"
    )
    parser.add_argument(
        "--texts",
        type=_at_least(2, int),
        default=100,
        help="turns: texts one at a time; five times as many at once (100)",
    )
    parser.add_argument(
        "--due",
        type=_at_least(2, int),
        default=1_000,
        help="due: conversations in the inbox (1000)",
    )
    parser.add_argument(
        "--idle",
        type=_at_least(1, float),
        default=30.0,
        metavar="SECONDS",
        help="idle: how long to look (30)",
    )
    parser.add_argument(
        "--export",
        type=_at_least(1, int),
        default=10_000,
        metavar="TURNS",
        help="export: how many turns are written (10000)",
    )
    parser.add_argument("--sqlite", action="store_true", help="on SQLite only")
    parser.add_argument(
        "--postgres", action="store_true", help="on Postgres only, a private one that keeps commits"
    )
    parser.add_argument(
        "--write", action="store_true", help="also put the results into bench/README.md"
    )
    given = parser.parse_args()
    if unknown := set(given.benches) - set(BENCHES):
        parser.error(f"there is no bench {sorted(unknown)[0]!r}; there are {', '.join(BENCHES)}")
    if given.write and (given.benches or given.sqlite != given.postgres):
        parser.error("--write is for everything: the page would keep half of its old results")
    if given.sqlite == given.postgres:
        given.sqlite = given.postgres = True
    given.benches = given.benches or list(BENCHES)
    return given


def _at_least(least: float, number: Callable[[str], float]) -> Callable[[str], float]:
    """Reads an option's value, and says what it must be."""

    def read(text: str) -> float:
        with suppress(ValueError):
            if (value := number(text)) >= least:
                return value
        kind = "whole number" if number is int else "number"
        raise argparse.ArgumentTypeError(f"{text!r} must be a {kind} from {least:g} on")

    return read


def _times(runs: int) -> str:
    return "One run" if runs == 1 else f"{runs} runs"


def _shown(part: str) -> str:
    """A part of the results, which is printed as soon as it is there."""
    print(part, end="\n\n", flush=True)
    return part


def _say(progress: str) -> None:
    """Progress, beside the tables."""
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
