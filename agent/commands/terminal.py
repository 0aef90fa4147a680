"""What commands print on, and how they offer JSON instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import typer
from rich.console import Console

WIDE = 160
"""Columns a table needs: an id that is cut short is of no use to the next command."""


def console(*, width: int = 0) -> Console:
    """Standard output, on which lines are as long as they are, and tables at least so wide."""
    out = Console(highlight=False, soft_wrap=True)
    out.width = max(out.width, width)
    return out


def json_instead(of: str) -> Any:
    """The option `--json` of a command that prints something for people without it."""
    return typer.Option("--json", help=f"Print JSON instead of {of}.")


@contextmanager
def progress(said: str, total: int, *, quiet: bool = False) -> Iterator[Callable[[], None]]:
    """A bar while something long goes on; what it gives is called after each step.

    It stands on standard error, and only on a terminal.

    Args:
        quiet: Whether there is none in any case.
    """
    from rich.progress import Progress  # which no other command is to wait for

    err = Console(stderr=True)
    with Progress(console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        yield partial(bar.advance, bar.add_task(said, total=total))
