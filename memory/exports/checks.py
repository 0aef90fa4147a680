"""What is wrong with an exported file, piece by piece; its format is told from what is in it."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from typing import IO, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_ai import ModelMessagesTypeAdapter

from memory.exports.atif import VERSION
from memory.exports.atif_shape import Trajectory, missteps
from memory.exports.chat_shape import Chat, disorder
from memory.exports.inspect_checks import log_problems
from memory.exports.otlp_protobuf import NotTraces, Protobuf
from memory.exports.otlp_shape import Traces, loose_ends
from memory.exports.spreadsheet import BOM, COLUMNS, FORMULA, NUMBERS
from memory.transcript import TurnRecord

Problems = list[str]

TOLD_BY = 20
"""Lines that are looked at to tell the format: the first may be the broken one."""


@dataclass(frozen=True, slots=True)
class Checks:
    """A file as it is checked.

    Attributes:
        called: What its pieces are: `records`, `rows`…
        pieces: The line each begins in, and what is wrong with it. To be read once.
    """

    called: str
    pieces: Iterable[tuple[int, Problems]]


def checked(file: IO[bytes]) -> Checks:
    """The problems of a file; what cannot be told to be anything else is taken for records."""
    start = file.peek(4) if isinstance(file, io.BufferedReader) else b""
    if start.startswith(b"PK"):
        return Checks("samples", log_problems(file))
    if str(getattr(file, "name", "")).endswith(".pb"):
        return Checks("traces", _protobuf(file))
    if start.startswith(BOM) or start.startswith(COLUMNS[0].encode()):
        return Checks("rows", _rows(file))
    first = list(islice(file, TOLD_BY))
    called, problems_of = _told_by(first)
    lines = enumerate(chain(first, file), start=1)
    return Checks(called, ((number, list(problems_of(line))) for number, line in lines))


def _told_by(lines: Iterable[bytes]) -> tuple[str, Callable[[bytes], Iterable[str]]]:
    for line in lines:
        match _object(line):
            case {"resourceSpans": _}:
                return "traces", _trace
            case {"schema_version": _} | {"steps": _}:
                return "trajectories", _trajectory
            case {"version": _} | {"turn_id": _}:
                return "records", record_problems
            case {"messages": _}:
                return "chats", _chat
    return "records", record_problems


def _object(line: bytes) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def record_problems(line: bytes) -> Iterator[str]:
    """What is wrong with one line of records."""
    record = TurnRecord.model_validate_json(line) if (bad := _bad(RECORD, line)) == [] else None
    yield from bad
    if record is not None:
        yield from (f"messages.{it}" for it in _bad_messages(record))


def _bad_messages(record: TurnRecord) -> Problems:
    try:
        ModelMessagesTypeAdapter.validate_python(record.messages)
    except ValidationError as error:
        return _problems(error)
    return []


def _chat(line: bytes) -> Iterator[str]:
    bad = _bad(CHAT, line)
    yield from bad or disorder(CHAT.validate_json(line))


def _trajectory(line: bytes) -> Iterator[str]:
    bad = _bad(TRAJECTORY, line)
    yield from bad or missteps(TRAJECTORY.validate_json(line), version=VERSION)


def _trace(line: bytes) -> Iterator[str]:
    bad = _bad(TRACES, line)
    yield from bad or loose_ends(TRACES.validate_json(line))


RECORD = TypeAdapter(TurnRecord)
CHAT = TypeAdapter(Chat)
TRAJECTORY = TypeAdapter(Trajectory)
TRACES = TypeAdapter(Traces)


def _bad(shape: TypeAdapter[Any], line: bytes) -> Problems:
    try:
        shape.validate_json(line)
    except ValidationError as error:
        return _problems(error)
    return []


def _problems(error: ValidationError) -> Problems:
    return [_problem(problem) for problem in error.errors()]


def _problem(problem: Any) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message


def _protobuf(file: IO[bytes]) -> Iterator[tuple[int, Problems]]:
    """Each turn of a file in protobuf; its number stands in the place of a line."""
    number = 0
    try:
        for number, line in enumerate(Protobuf().read(file), start=1):
            yield number, list(_trace(json.dumps(line).encode()))
    except NotTraces as error:
        yield number + 1, [str(error)]


def _rows(file: IO[bytes]) -> Iterator[tuple[int, Problems]]:
    # What is no UTF-8 becomes half a character, which no UTF-8 can hold.
    text = codecs.iterdecode(file, "utf-8-sig", errors="surrogateescape")
    reader, began = csv.reader(text), 1
    for number, row in enumerate(reader):
        problems = _head(row) if number == 0 else _row(row)
        if number or problems:
            yield began, problems
        began = reader.line_num + 1


def _head(row: list[str]) -> Problems:
    if row == list(COLUMNS):
        return []
    return [f"The columns are {','.join(row)}; they should be {','.join(COLUMNS)}"]


def _row(row: list[str]) -> Problems:
    if len(row) != len(COLUMNS):
        return [f"There are {len(row)} cells where there should be {len(COLUMNS)}"]
    problems = []
    for name, cell in zip(COLUMNS, row, strict=True):
        if name in ("turn_id", "outcome") and not cell:
            problems.append(f"{name}: This must not be empty")
        if not cell.isascii() and any("\ud800" <= letter <= "\udfff" for letter in cell):
            problems.append(f"{name}: This is no UTF-8")
        if name in NUMBERS and cell and not _is_number(cell):
            problems.append(f"{name}: {cell} is no number")
        elif cell.startswith(FORMULA):
            problems.append(f"{name}: A spreadsheet may take this for a formula; begin it with '")
    if not _is_time(row[COLUMNS.index("started_at")]):
        problems.append("started_at: This is no time as ISO 8601 has it")
    return problems


def _is_number(cell: str) -> bool:
    try:
        return float(cell) >= 0
    except ValueError:
        return False


def _is_time(cell: str) -> bool:
    try:
        return datetime.fromisoformat(cell).tzinfo is not None
    except ValueError:
        return False
