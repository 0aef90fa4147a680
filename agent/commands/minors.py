"""`threedots minors`: who has said that they are under age, and that it was a mistake."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated, Any

import typer

from agent.commands.database import read, write
from agent.commands.terminal import console, json_instead
from memory.minors import clear, flag, listed
from memory.persons import handle_of

COMMAND_LINE = "command"
"""Who flags and takes away from here."""

out = console()

commands = typer.Typer(
    help="See who has said that they are under age, and correct it", no_args_is_help=True
)

Handle = Annotated[
    str, typer.Argument(metavar="HANDLE", help="A number such as +14155550123, or an e-mail.")
]


@commands.command("list")
def list_minors(
    every: Annotated[bool, typer.Option("--all", help="Also flags that were taken away.")] = False,
    json_output: Annotated[bool, json_instead("lines")] = False,
) -> None:
    """List who has said that they are under age, newest first

    Under 18 the agent follows prompts/minor.md; to a child, under 13, it is silent.
    """
    found = read(partial(listed, every=every))
    if json_output:
        out.print_json(data=found)
    elif not found:
        out.print("Nobody has said that they are under age.")
    else:
        for each in found:
            out.print(_in_a_line(each))


@commands.command("flag")
def flag_minor(
    handle: Handle,
    child: Annotated[bool, typer.Option("--child", help="They are under 13.")] = False,
) -> None:
    """Treat somebody as under age, who did not say so themselves"""
    who = handle_of(handle)
    write(partial(flag, participant=who, is_child=child, by=COMMAND_LINE, now=time.time()))
    out.print(f"{who} is texted with as {'a child: not at all' if child else 'a minor'}.")


@commands.command("clear")
def clear_flag(handle: Handle) -> None:
    """Take a mistaken flag away

    Only do so when you know their age. What they write from now on is answered.
    """
    who = handle_of(handle)
    write(partial(clear, participant=who, by=COMMAND_LINE, now=time.time()))
    out.print(f"{who} is texted with as anybody.")


def _in_a_line(each: dict[str, Any]) -> str:
    what = "child" if each["is_child"] else "minor"
    state = f"taken away {each['cleared_at']}" if each["cleared_at"] else "stands"
    by = each["flagged_by"]
    return f"{each['id']}  {each['at']}  {what}  {each['participant']}  by {by}  {state}"
