"""`threedots outbox`: what was sent and what was not, and a person's order to send it once more."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from sqlmodel import Session

from agent.settings import Settings
from memory.resending import bubble_to_resend, send_again
from memory.store import Store
from memory.tables import BubbleState
from tools.reviewing import as_table, listed, risk_of

T = TypeVar("T")

WIDTH = 160
"""Columns the table needs: an id that is cut short is of no use to `resend`."""

commands = typer.Typer(
    help="See what was sent and what was not, and send it again", no_args_is_help=True
)


@commands.command("list")
def list_bubbles(
    state: Annotated[
        BubbleState | None, typer.Option(help="Only bubbles in this state.", show_choices=True)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of a table.")
    ] = False,
) -> None:
    """List what was sent, what was not, and what nobody knows

    The table shows the first words of each bubble; --json has them whole.
    """
    found = _run(partial(listed, state=state, limit=limit))
    out = Console(highlight=False, soft_wrap=True)
    out.width = max(out.width, WIDTH)
    if json_output:
        out.print_json(data=found)
    elif found:
        out.print(as_table(found))
    else:
        out.print("There are no such bubbles.")


@commands.command()
def resend(
    bubble_id: Annotated[str, typer.Argument(help="Which one; see `threedots outbox list`.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Send a bubble once more, as a new one

    Says what may come of it and asks first. A running server sends it within a second; without one
    it waits ten minutes at most.
    """
    old = _run(partial(bubble_to_resend, bubble_id=bubble_id))
    if not yes:
        typer.confirm(f"{risk_of(old)} Send it again?", abort=True)
    write = partial(send_again, bubble_id=bubble_id, new_id=uuid.uuid4().hex, now=time.time())
    typer.echo(f"It goes out as bubble {_run(write, writes=True).id}.")


def _run(work: Callable[[Session], T], *, writes: bool = False) -> T:
    """What the database of this machine's settings answers."""

    async def ask() -> Any:
        async with Store(Settings().database_url) as store:
            return await (store.write(work) if writes else store.read(work))

    answer: T = asyncio.run(ask())
    return answer
