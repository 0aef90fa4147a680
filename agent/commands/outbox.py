"""`threedots outbox`: what was sent and what was not, and a person's order to send it once more."""

from __future__ import annotations

import time
import uuid
from functools import partial
from typing import Annotated

import typer

from agent.commands.database import read, write
from agent.commands.terminal import WIDE, console, json_instead
from memory.resending import bubble_to_resend, send_again
from memory.tables import BubbleState
from tools.reviewing import as_table, listed, risk_of

commands = typer.Typer(
    help="See what was sent and what was not, and send it again", no_args_is_help=True
)


@commands.command("list")
def list_bubbles(
    state: Annotated[
        BubbleState | None, typer.Option(help="Only bubbles in this state.", show_choices=True)
    ] = None,
    limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
    json_output: Annotated[bool, json_instead("a table")] = False,
) -> None:
    """List what was sent, what was not, and what nobody knows

    The table shows the first words of each bubble; --json has them whole.
    """
    found = read(partial(listed, state=state, limit=limit))
    out = console(width=WIDE)
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
    old = read(partial(bubble_to_resend, bubble_id=bubble_id))
    if not yes:
        typer.confirm(f"{risk_of(old)} Send it again?", abort=True)
    work = partial(send_again, bubble_id=bubble_id, new_id=uuid.uuid4().hex, now=time.time())
    typer.echo(f"It goes out as bubble {write(work).id}.")
