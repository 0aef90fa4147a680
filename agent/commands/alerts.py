"""`threedots alerts`: who needs a person, and that one has seen to it."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any

import typer

from agent.commands.database import read, write
from agent.commands.terminal import console, json_instead
from memory.alerts import listed, resolve_one
from memory.crises import crises_by_year
from memory.minors import KIND as CHILD

out = console()

commands = typer.Typer(help="See who needs a person, and say that it is done", no_args_is_help=True)


@commands.command("list")
def list_alerts(
    every: Annotated[bool, typer.Option("--all", help="Also those that were seen to.")] = False,
    json_output: Annotated[bool, json_instead("lines")] = False,
) -> None:
    """List who needs a person, newest first

    The agent is silent in these conversations until `alerts resolve`.
    """
    found = read(partial(listed, every=every))
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

    It answers what they write from now on, and nothing that came before. To a child it stays
    silent until `minors clear`.
    """
    alert = write(partial(resolve_one, alert_id=alert_id, by="command", now=time.time()))
    if alert.kind == CHILD:
        out.print("Seen to. The agent stays silent to them; see: threedots minors --help")
    elif alert.mailbox_id is None:
        out.print("Seen to. Whoever it was about has been erased.")
    else:
        out.print("The agent may speak in that conversation again.")


@commands.command("report")
def report_crises(
    year: Annotated[
        int | None, typer.Option(help="Only this year; all of them if left out.")
    ] = None,
    json_output: Annotated[bool, json_instead("lines")] = False,
) -> None:
    """Count the crises of each year, without anybody's name

    For an annual report: how many there were, in how many the words with where to find help went
    out, how often a person was called. Years are UTC. Erased people are still counted.
    """
    found = read(partial(crises_by_year, year=year))
    if json_output:
        out.print_json(data=found)
    elif not found:
        out.print("There has been no crisis.")
    else:
        for each in found:
            out.print(
                f"{each['year']}  {each['crises']} crises, {each['referred']} times told where to "
                f"find help, a person called {each['calls']} times, {each['open']} open"
            )


def _in_a_line(alert: dict[str, Any]) -> str:
    state = f"resolved {alert['resolved_at']}" if alert["resolved_at"] else "open"
    often = f", {alert['times']} times" if alert["times"] > 1 else ""
    return (
        f"{alert['id']}  {alert['at']}  {alert['kind']}{often}  "
        f"{alert['participant'] or 'erased'}  "
        f"conversation {alert['conversation_id'] or 'erased'}  {state}"
    )
