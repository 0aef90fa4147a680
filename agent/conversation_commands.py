"""`threedots conversations`: the people the agent talks with."""

from __future__ import annotations

import typer

from agent.person_commands import add_person_commands

commands = typer.Typer(
    help="See the people the agent talks with, and what is kept about them.", no_args_is_help=True
)
add_person_commands(commands)
