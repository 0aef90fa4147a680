"""`threedots dead-letters`: what nobody could deal with, and trying it again."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from agent.commands.database import read
from agent.commands.terminal import console, json_instead
from agent.settings import Settings
from memory import dead_letters as kept

out = console()

Json = Annotated[bool, json_instead("lines")]

commands = typer.Typer(
    help="See what nobody could deal with, and try it again", no_args_is_help=True
)


@commands.command("list")
def list_dead_letters(json_output: Json = False) -> None:
    """List what could not be read, and what broke its turn

    A message is put here when its webhook cannot be read, or when its turn broke three times.
    """
    found = read(kept.letters)
    if json_output:
        out.print_json(data=[kept.as_json(letter) for letter in found])
    elif not found:
        out.print("There are no dead letters.")
    else:
        for letter in found:
            out.print(kept.in_a_line(letter))


@commands.command("replay")
def replay_dead_letters(
    letter_id: Annotated[
        int | None, typer.Argument(metavar="ID", help="Which one; see `dead-letters list`.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All of them, oldest first.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen and change nothing.")
    ] = False,
    allow_stale: Annotated[
        bool, typer.Option("--allow-stale", help="Also answer what is older than 15 minutes.")
    ] = False,
    json_output: Json = False,
) -> None:
    """Let dead letters in again, as if they came now

    What is already known stays a duplicate. A running server answers what is let in within a
    second. Exit code 1 when a letter was not let in.
    """
    if (letter_id is None) == (not every):
        raise typer.BadParameter("give the ID of one letter, or --all")
    settings = Settings()
    replayed = asyncio.run(
        kept.replay_all(
            settings.database_url,
            letter_id,
            now=time.time(),
            dry_run=dry_run,
            allow_stale=allow_stale,
            ears=settings.ears,
        )
    )
    if json_output:
        out.print_json(data=[{"id": one.letter_id, "fate": one.fate} for one in replayed])
    else:
        for one in replayed:
            out.print(str(one))
    raise typer.Exit(any(one.is_left for one in replayed))
