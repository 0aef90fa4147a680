"""The names of formats, and what may be chosen about them."""

from __future__ import annotations

from enum import StrEnum
from importlib.util import find_spec

from phone.explained import Explained


class Format(StrEnum):
    """What turns can be written as."""

    JSONL = "jsonl"
    OPENAI = "openai"
    INSPECT = "inspect"
    ATIF = "atif"
    OTLP = "otlp"
    CSV = "csv"


class Arguments(StrEnum):
    """How the arguments of a call are written in `openai`."""

    TEXT = "text"
    OBJECTS = "objects"


class NotInstalled(Explained):
    """A package that only this format needs is not there."""

    exit_code = 2


def need(module: str, *, extra: str, why: str) -> None:
    """Raise `NotInstalled`, with the command that installs it, unless this module is there.

    Args:
        extra: The extra of this project that brings it.
        why: What needs it: `Writing logs of Inspect`.
    """
    if find_spec(module.split(".")[0]) is None or find_spec(module) is None:
        raise NotInstalled(
            f"{why} needs a package that is not installed. In this project's folder, "
            f"`.venv/bin/pip install '.[{extra}]'` installs it."
        )
