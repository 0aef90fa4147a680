"""`threedots alerts`: who needs a person, and that one has seen to it."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Console

from agent.settings import Settings
from memory.alerts import listed, resolve_one
from memory.store import Store

out = Console(highlight=False, soft_wrap=True)

commands = typer.Typer(help="See who needs a person, and say that it is done", no_args_is_help=True)


@commands.command("list")
def list_alerts(
    every: Annotated[bool, typer.Option("--all", help="Also those that were seen to.")] = False,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print JSON instead of lines.")
    ] = False,
) -> None:
    """List who needs a person, newest first

    The agent is silent in these conversations until `alerts resolve`.
    """
    found = asyncio.run(_listed(every=every))
    if json_output:
        out.print_json(data=found)
    elif not found:
        out.print("Nobody needs a person.")
    else:
        for alert in found:
            out.print(_in_a_line(alert))


@commands.command("resolve")
def resolve_alert(
    alert_id: Annotated[int, typer.Argument(metavar="ID", help="Which one; see `alerts list`.")],
) -> None:
    """Say that a person has seen to it; the agent may speak again

    It answers what they write from now on, and nothing that came before.
    """
    asyncio.run(_resolve(alert_id))
    out.print("The agent may speak in that conversation again.")


async def _listed(*, every: bool) -> list[dict[str, Any]]:
    async with Store(Settings().database_url) as store:
        return await store.read(partial(listed, every=every))


async def _resolve(alert_id: int) -> None:
    work = partial(resolve_one, alert_id=alert_id, by="command", now=time.time())
    async with Store(Settings().database_url) as store:
        await store.write(work)


def _in_a_line(alert: dict[str, Any]) -> str:
    state = f"resolved {alert['resolved_at']}" if alert["resolved_at"] else "open"
    often = f", {alert['times']} times" if alert["times"] > 1 else ""
    return (
        f"{alert['id']}  {alert['at']}  {alert['kind']}{often}  {alert['participant']}  "
        f"conversation {alert['conversation_id']}  {state}"
    )
