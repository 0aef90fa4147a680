"""Errors that say to a person what was wrong and what would be right."""

from __future__ import annotations

from typing import ClassVar


class Explained(Exception):
    """Its text is for whoever runs the command: it is printed as it stands, without a traceback."""

    exit_code: ClassVar[int] = 1
    """With which a command ends: 2 when what it was given is wrong, 1 when it cannot be done."""
