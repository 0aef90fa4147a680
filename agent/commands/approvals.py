"""`threedots approvals`: what waits for a yes, and the operator's answer."""

from __future__ import annotations

import json
import time
from functools import partial
from typing import Annotated

import typer

from agent.commands.database import read, write
from agent.commands.terminal import console, json_instead
from memory import approvals
from memory.approvals import Approval, NoSuchApproval
from safety.untrusted import shown

out = console()

Number = Annotated[
    int, typer.Argument(metavar="ID", help="Which one; see `threedots approvals list`.")
]

commands = typer.Typer(
    help="See which tools wait for a yes, and give or refuse it", no_args_is_help=True
)


@commands.command("list")
def list_approvals(
    every: Annotated[bool, typer.Option("--all", help="Also those that were answered.")] = False,
    json_output: Annotated[bool, json_instead("lines")] = False,
) -> None:
    """List the calls that wait for a yes

    A question put to a person can be answered here in their place.
    """
    now = time.time()
    found = read(partial(approvals.listed, every=every, now=now))
    if json_output:
        out.print_json(data=[approval.model_dump(mode="json") for approval in found])
    elif not found:
        out.print("Nothing waits for a yes.")
    else:
        for approval in found:
            out.print(_in_a_line(approval), markup=False)


@commands.command()
def approve(approval_id: Number) -> None:
    """Say yes to one call with exactly its arguments, once

    The agent makes it at once, or, where nobody is to be texted now, when they next write; the yes
    holds for a day.
    """
    _answer(approval_id, is_yes=True)


@commands.command()
def deny(approval_id: Number) -> None:
    """Say no to one call

    The agent is told when the conversation goes on.
    """
    _answer(approval_id, is_yes=False)


def _answer(approval_id: int, *, is_yes: bool) -> None:
    answer = partial(approvals.decide, approval_id=approval_id, is_yes=is_yes, now=time.time())
    try:
        decided = write(answer)
    except NoSuchApproval as error:
        raise typer.BadParameter(str(error), param_hint="ID") from error
    out.print(_in_a_line(decided.approval), markup=False)
    if decided.later is not None:
        out.print(f"It is done when they next write: {decided.later}", markup=False)


def _in_a_line(approval: Approval) -> str:
    arguments = shown(json.dumps(approval.arguments, ensure_ascii=False))
    until = approval.expires_at.strftime("%d %b %H:%M UTC")
    return (
        f"{approval.id}  {approval.state}  {approval.tool} {arguments}  "
        f"asked the {approval.asked}, until {until}"
    )
