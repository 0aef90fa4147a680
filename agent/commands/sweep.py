"""`threedots sweep`: remove what was kept long enough, now."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Annotated

import typer

from agent.commands.terminal import console, json_instead
from agent.settings import Settings
from agent.terms import terms
from memory.retention import overdue, sweep
from memory.store import Store


def sweep_old(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go and remove nothing.")
    ] = False,
    json_output: Annotated[bool, json_instead("lines")] = False,
) -> None:
    """Remove what was kept long enough

    A running server does so every hour. How long each kind is kept is said by
    THREEDOTS_KEEP_..._DAYS; labelled turns and the opt-out ledger are kept for ever.
    """
    done = asyncio.run(_sweep(Settings(), dry_run=dry_run))
    out = console()
    if json_output:
        out.print_json(data=done)
    elif not done:
        out.print("Nothing has been kept too long.")
    for kind, count in () if json_output else done.items():
        out.print(f"{kind:12}  {count} {'would go' if dry_run else 'removed'}")


async def _sweep(settings: Settings, *, dry_run: bool) -> dict[str, int]:
    keep, now = terms(settings), time.time()
    async with Store(settings.database_url) as store:
        if dry_run:
            return await store.read(partial(overdue, keep=keep, now=now))
        return await sweep(store, keep, now=now)
