"""Scenarios as files: read with errors that name the line, written to be edited by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path as File
from types import NoneType
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from evals.format.scenario import Scenario
from evals.format.yamltext import BadYaml, Parsed, Path, parse, write
from phone.explained import Explained

HEADER = "# yaml-language-server: $schema=schema.json\n"
"""The first line of a written file: editors find the names and their sentences by it."""

MAX_BYTES = 4 * 1024 * 1024
"""The longest file that is read. Nobody writes a scenario of that size."""


class BadScenario(Explained):
    """A file is no scenario; the message says in which line, what is wrong and what is right."""

    exit_code = 2


def load(path: File) -> Scenario:
    """Read a scenario. Raises `BadScenario`."""
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise BadScenario(f"{path}: has {len(data)} bytes; a scenario has {MAX_BYTES} at most")
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BadScenario(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadScenario(f"{path}:{line}: is not UTF-8; save it as UTF-8") from error
    return loads(text, name=str(path))


def loads(text: str, *, name: str = "scenario") -> Scenario:
    """Read a scenario from its text. Raises `BadScenario`, which names all that is wrong."""
    try:
        parsed = parse(text)
    except BadYaml as error:
        raise BadScenario(f"{name}:{error.line}: {error.what}") from error
    if not isinstance(parsed.value, dict):
        raise BadScenario(f"{name}:1: is no scenario; begin with its name, as in `name: Greeting`")
    try:
        return Scenario.model_validate(parsed.value)
    except ValidationError as error:
        told = [_told(problem, parsed) for problem in error.errors()]
        lines = [f"{name}:{line}: {what}" for line, what in sorted(told)]
        raise BadScenario("\n".join(lines)) from error


def dump(scenario: Scenario, *, remarks: Mapping[int, Sequence[str]] | None = None) -> str:
    """A scenario as the text of its file, without what is as it is when left out.

    Args:
        remarks: Comments to put below a turn, by its place: lines without the `#`.
    """
    plain = scenario.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    turns, end = plain.pop("turns", []), {}
    for name in ("simulated", "expect"):
        if name in plain:
            end[name] = plain.pop(name)
    parts = [HEADER, write(plain), "turns:\n" if turns else ""]
    for nth, turn in enumerate(turns):
        parts.append(write([turn]))
        parts += [f"  # {_line(remark)}\n" for remark in (remarks or {}).get(nth, [])]
    return "".join([*parts, write(end) if end else ""])


def schema() -> dict[str, Any]:
    """The format's JSON Schema, as editors read it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Scenario.model_json_schema(mode="validation", by_alias=True),
    }


def schema_text() -> str:
    """`evals/scenarios/schema.json`."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _line(remark: str) -> str:
    """A remark on one line, whatever people wrote."""
    return "".join(each if each.isprintable() else " " for each in " ".join(remark.split()))


def _told(problem: Any, parsed: Parsed) -> tuple[int, str]:
    """The line, and what is wrong there and what would be right."""
    path = tuple(problem["loc"])
    place = ".".join(str(part) for part in path)
    line = parsed.line_of(path)
    return line, f"{place}: {_advice(problem, path)}" if place else _advice(problem, path)


def _advice(problem: Any, path: Path) -> str:
    given = problem["input"]
    match problem["type"]:
        case "extra_forbidden":
            return _unknown(str(path[-1]), sorted(_names_at(path[:-1])))
        case "missing":
            return "is missing; it has to be given"
        case "string_type" if isinstance(given, bool | int | float):
            text = str(given).lower() if isinstance(given, bool) else str(given)
            return f'is {text}, which is no text; write it in quotes: "{text}"'
        case "string_pattern_mismatch":
            rule = "a word of letters, digits, - and _" + _COUNTED.get(str(path[-1]), "")
            return f"is {given!r}; write {rule}"
        case "value_error":
            return str(problem["ctx"]["error"])
        case "hangs_together":
            return str(problem["msg"])
        case "too_short" | "string_too_short":
            return f"is too short; it should {problem['msg'].split(' should ')[-1]}"
        case _:
            told = problem["msg"].removeprefix("Input should be ")
            return f"is {_short(given)}; it should be {told}"


_COUNTED = dict.fromkeys(
    ("on", "reply_to", "threaded_to", "message"), ", as order, order.2 or last"
)


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return f"is not a name here; {meant}there are {', '.join(known)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:59] + "…"


def _names_at(path: Path) -> Iterator[str]:
    """The names that may stand in a mapping."""
    annotation: Any = Scenario
    for part in path:
        if get_origin(annotation) in (list, dict):
            annotation = get_args(annotation)[-1]
        elif (model := _model_in(annotation)) is not None:
            annotation = next((f.annotation for name, f in _fields(model) if name == part), None)
            annotation = _unless_none(annotation)
    if (model := _model_in(annotation)) is not None:
        yield from (name for name, _ in _fields(model))


def _fields(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """The fields by the names they have in a file."""
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _unless_none(annotation: Any) -> Any:
    """Of `Turn | None` the turn."""
    some = [each for each in get_args(annotation) if each is not NoneType]
    return some[0] if NoneType in get_args(annotation) and some else annotation


def _model_in(annotation: Any) -> type[BaseModel] | None:
    is_model = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return annotation if is_model else None
