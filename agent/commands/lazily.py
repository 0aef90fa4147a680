"""Commands that are imported when they are called for: no command waits for all the others."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_group


class Lazily(TyperGroup):
    """A group that also has the commands at these places, after those it was given."""

    places: ClassVar[Mapping[str, str]] = {}
    """Each command's name with where it is: `module:function` or `module:a Typer`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the help."""
        return [*super().list_commands(ctx), *self.places]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, imported now."""
        if cmd_name in self.places:
            return _imported(cmd_name, self.places[cmd_name])
        return super().get_command(ctx, cmd_name)


def _imported(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(module), attribute)
    around = typer.Typer(rich_markup_mode=None)
    around.callback()(lambda: None)  # with it even a single command is one by its name
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    return get_group(around).commands[name]
