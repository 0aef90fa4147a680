"""`threedots backup` and `threedots restore`."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from agent.restoring import CannotRestore, in_words, restore_database
from agent.settings import Settings
from memory.copies import back_up
from phone.clock import SystemClock
from phone.errors import PhoneError


def back_up_database(
    path: Annotated[Path, typer.Argument(help="The file to write; it must not exist.")],
) -> None:
    """Write a copy of the database, also while it is served

    For SQLite; a Postgres has pg_dump. The copy is compact and checked, and only its owner may
    read it: it holds everything. Never copy the file itself while it is served.
    """
    back_up(Settings().database_url, path, now=time.time())
    typer.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB. Put it back with: threedots restore")


def restore(
    path: Annotated[
        Path | None,
        typer.Argument(help="A backup; left out when the database has been put back already."),
    ] = None,
) -> None:
    """Put a backup in place, and make it safe to serve

    Nothing old is sent: what waited expires. Opt-outs since the backup are taken from the database
    it replaces and from AgentPhone; who was erased since is erased again. Stop the server first.
    """
    settings = Settings()
    if settings.agentphone_api_key is None:
        typer.echo(
            "AGENTPHONE_API_KEY is not set: AgentPhone has to be asked who has opted out since the "
            "backup. Nothing was changed.",
            err=True,
        )
        raise typer.Exit(2)
    try:
        settled = asyncio.run(restore_database(settings, path, clock=SystemClock()))
    except PhoneError as error:
        typer.echo(
            f"AgentPhone could not be asked who has opted out: {error} The server refuses this "
            "database until it could be. Run again: threedots restore",
            err=True,
        )
        raise typer.Exit(1) from error
    except (CannotRestore, ValueError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    for line in in_words(settled):
        typer.echo(line)
