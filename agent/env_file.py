"""Changing one line of a `.env`, whole or not at all, with every other line left as it is."""

from __future__ import annotations

import io
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream


def value_in(path: Path, name: str) -> str | None:
    """What this file says for a variable; None when it says nothing, or is not there."""
    return dotenv_values(path, interpolate=False).get(name) or None


def write_value(path: Path, name: str, value: str) -> None:
    """Set a variable in this file, which only its owner can read from then on.

    Raises:
        OSError: It cannot be written, and stands there as before.
    """
    before = path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else ""
    write_whole(path, _with(before, name, value).encode("utf-8", "surrogateescape"))


def write_whole(path: Path, data: bytes) -> None:
    """Put these bytes in the file's place: whoever reads it sees the old ones or all the new ones.

    Raises:
        OSError: It cannot be written, and stands there as before.
    """
    real = Path(os.path.realpath(path))  # a link goes on pointing to the file
    descriptor, temporary = tempfile.mkstemp(dir=real.parent, prefix=f"{real.name}.")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if real.exists():  # root may run this for a server that is somebody else
            with suppress(PermissionError):
                os.chown(temporary, real.stat().st_uid, real.stat().st_gid)
        os.replace(temporary, real)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    folder = os.open(real.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _with(text: str, name: str, value: str) -> str:
    lines = list(parse_stream(io.StringIO(text, newline="")))
    places = [place for place, line in enumerate(lines) if line.key == name]
    told = [line.original.string for line in lines]
    if places:  # of several the last one counts
        told[places[-1]] = _line(lines[places[-1]], name, value)
        return "".join(told)
    end = "\r\n" if "\r\n" in text else "\n"
    gap = end if text and not text.endswith("\n") else ""
    return f"{text}{gap}{name}={value}{end}"


def _line(old: Binding, name: str, value: str) -> str:
    """The line anew; the parser counts blank lines before a variable as part of it."""
    told = old.original.string
    blank = told[: len(told) - len(told.lstrip())]
    export = "export " if told.lstrip().startswith("export") else ""
    end = told[len(told.rstrip("\r\n")) :]
    return f"{blank}{export}{name}={value}{end}"
