"""What is wrong with a log of Inspect, by Inspect's own models: in which file of it, and why.

In the place of a line stands the number of the sample; behind the last one, what the log says of
all of them. Needs the package inspect-ai.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any
from zipfile import BadZipFile, ZipFile
from zlib import error as NotDeflated

from pydantic import TypeAdapter, ValidationError

from memory.exports.formats import need

HEADER, SUMMARIES = "header.json", "summaries.json"


def log_problems(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """Each sample with what is wrong with it, and then the whole where anything is.

    Raises `NotInstalled` where Inspect is not.
    """
    need("inspect_ai", extra="inspect", why="Checking logs of Inspect")
    from inspect_ai.log import EvalSample

    number = 0
    try:
        with ZipFile(file) as archive:
            samples = [name for name in archive.namelist() if name.startswith("samples/")]
            for number, name in enumerate(samples, start=1):
                yield number, [f"{name}: {it}" for it in _wrong_in(archive, name, EvalSample)]
            if wrong := list(_whole(archive, samples)):
                yield number + 1, wrong
    except BadZipFile as error:
        yield number + 1, [f"This is no archive that can be read: {error}"]


def _whole(archive: ZipFile, samples: list[str]) -> Iterator[str]:
    """What the log says of itself, against what is in it."""
    from inspect_ai.log import EvalLog, EvalSampleSummary

    missing = [name for name in (HEADER, SUMMARIES) if name not in archive.namelist()]
    yield from (f"{name}: It is missing, and Inspect opens no log without it" for name in missing)
    if missing:
        return
    wrong = list(_wrong_in(archive, HEADER, EvalLog))
    yield from (f"{HEADER}: {it}" for it in wrong)
    told = None if wrong else EvalLog.model_validate_json(archive.read(HEADER)).eval.dataset.samples
    if told is not None and told != len(samples):
        yield f"{HEADER}: It tells of {told} samples, and there are {len(samples)}"
    wrong = list(_wrong_in(archive, SUMMARIES, list[EvalSampleSummary]))
    yield from (f"{SUMMARIES}: {it}" for it in wrong)


def _wrong_in(archive: ZipFile, name: str, shape: Any) -> Iterator[str]:
    try:
        TypeAdapter(shape).validate_json(archive.read(name))
    except ValidationError as error:
        for problem in error.errors():
            place = ".".join(map(str, problem["loc"]))
            yield f"{place}: {problem['msg']}" if place else str(problem["msg"])
    except (BadZipFile, NotDeflated, EOFError) as error:
        yield f"It cannot be read: {error}"
