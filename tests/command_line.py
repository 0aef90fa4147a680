"""The command line as the tests walk it."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from threedots import app


def commands_of(group: Any) -> dict[str, Any]:
    """The commands in this one by their names; none in one that is no group."""
    if not isinstance(group, TyperGroup):
        return {}
    context = typer.Context(group)
    return {name: group.get_command(context, name) for name in group.list_commands(context)}


def every_command() -> list[str]:
    """The commands as one types them: `phone`, `outbox list`…"""
    names = []
    for name, command in commands_of(get_command(app)).items():
        names += [f"{name} {each}" for each in commands_of(command)] or [name]
    return names
