"""`threedots backup` and `threedots restore`."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from agent.restoring import CannotRestore, in_words, restore_database
from agent.settings import Settings
from memory.copies import back_up, copy_in, prune
from memory.database_file import file_of
from phone.clock import SystemClock
from phone.errors import PhoneError


def back_up_database(
    path: Annotated[
        Path,
        typer.Argument(
            help="The file to write, which must not exist; or a folder, and the copy is named by "
            "the time."
        ),
    ],
    keep: Annotated[
        int | None,
        typer.Option(
            help="In a folder: delete all copies but the newest so many. All are kept if left out.",
            min=1,
        ),
    ] = None,
) -> None:
    """Write a copy of the database, also while it is served

    Of SQLite a compact and checked database, of Postgres what pg_dump writes, which must be
    installed. Only its owner may read it: it holds everything. Never copy the file itself while it
    is served.
    """
    url, now = Settings().database_url, time.time()
    folder = path if path.is_dir() else None
    if folder is None and keep is not None:
        raise typer.BadParameter(
            f"{path} is no folder; --keep counts the copies in one. Make it first, or leave --keep "
            "out.",
            param_hint="--keep",
        )
    path = copy_in(folder, url, now=now) if folder is not None else path
    back_up(url, path, now=now)
    typer.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB. {_way_back(url, path)}")
    if folder is not None and keep is not None:
        gone = prune(folder, url, keep=keep)
        typer.echo(f"{len(gone)} older ones are gone.")


def _way_back(database_url: str, path: Path) -> str:
    if file_of(database_url) is not None:
        return f"Put it back with: threedots restore {path}"
    return "Put it back with pg_restore into an empty database, then: threedots restore"


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
