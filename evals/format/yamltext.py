"""YAML as people write it by hand: read with the line of everything, written to be read.

Of YAML's guesses only those of its core schema are made: `true`, `null`, `3`, `2.5`. What YAML 1.1
takes for something else stays text: `no`, `on`, `2026-03-03`, `12:30`, `+15555550123`, `007`. In
what is written these have quotes all the same, so that every reader reads it alike.
Anchors, aliases and tags are refused: nobody needs them here, and a file must not grow in memory.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar

import yaml  # type: ignore[import-untyped]  # its types come as a package of their own

WIDTH = 100
"""Columns after which a long text goes on in the next line."""

Path = tuple[str | int, ...]
"""Where something stands: `("turns", 2, "text")`."""

_CORE = {
    "tag:yaml.org,2002:null": (r"^(?:null|~|)$", ["n", "~", ""]),
    "tag:yaml.org,2002:bool": (r"^(?:true|false)$", ["t", "f"]),
    "tag:yaml.org,2002:int": (r"^-?(?:0|[1-9][0-9]*)$", list("-0123456789")),
    "tag:yaml.org,2002:float": (
        r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)$",
        list("-0123456789"),
    ),
}

_BLOCK = re.compile(r"[^\s#][^\t\r\x85\u2028\u2029\ufeff]*", re.DOTALL)
"""A text that a literal block can hold as it is; of others PyYAML's blocks are not read back."""


_YAML_1_1 = yaml.resolver.Resolver()
_YAML_1_2 = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
)
"""Numbers as YAML 1.2 has them; editors read that."""


class BadYaml(Exception):
    """A text is no YAML, or has in it what is not read here.

    Attributes:
        line: Counted from one.
        what: What is wrong there, and what would be right.
    """

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line = line
        self.what = what


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text says, and the line where each part of it begins, counted from one."""

    value: Any
    lines: dict[Path, int]

    def line_of(self, path: Path) -> int:
        """The line of a part, or of the nearest part around it that is there."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(text: str) -> Parsed:
    """Read one document. Raises `BadYaml`."""
    try:
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadYaml(mark.line + 1 if mark else 1, f"this is no YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise BadYaml(_line_of(error, text), f"this is no YAML: {_first_line(error)}") from error
    except RecursionError as error:
        raise BadYaml(1, "lists or mappings stand in one another a hundred times") from error
    lines: dict[Path, int] = {}
    return Parsed(None if node is None else _value(node, (), lines), lines)


def write(value: Any) -> str:
    """A value of JSON as YAML: block style, texts of several lines as literal blocks."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=WIDTH,
    )
    return text


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Used for the tree of nodes alone: no object is ever made of what stands in a file."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        line = event.start_mark.line + 1
        if getattr(event, "anchor", None) is not None:
            raise BadYaml(line, "anchors (&) and aliases (*) are not read; write it out")
        if getattr(event, "tag", None) is not None:
            raise BadYaml(line, f"the tag {event.tag} is not read; write the value alone")
        return super().compose_node(parent, index)


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # PyYAML has no types
    """Puts a text in quotes exactly where `_Loader` would take it for something else."""

    yaml_implicit_resolvers: ClassVar[dict[Any, Any]] = {}

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _tag, (_pattern, _first) in _CORE.items():
    for _which in (_Loader, _Dumper):
        _which.add_implicit_resolver(_tag, re.compile(_pattern), _first)


def _text(dumper: Any, text: str) -> Any:
    style = None
    if "\n" in text and _BLOCK.fullmatch(text) and " \n" not in text:
        style = "|"
    elif not text.isprintable():
        style = '"'  # escapes what the other styles take for the end of a line
    elif _may_be_misread(text):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _may_be_misread(text: str) -> bool:
    """Whether another YAML reader could take a plain word for something else: it gets quotes."""
    guessed = _YAML_1_1.resolve(yaml.ScalarNode, text, (True, False))
    return guessed != "tag:yaml.org,2002:str" or _YAML_1_2.fullmatch(text) is not None


def _float(dumper: Any, number: float) -> Any:
    if not math.isfinite(number):
        raise ValueError(f"{number} cannot be written: JSON has no such number")
    text = repr(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    tag = "int" if text.lstrip("-").isdigit() else "float"
    return dumper.represent_scalar(f"tag:yaml.org,2002:{tag}", text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(float, _float)


def _value(node: Any, path: Path, lines: dict[Path, int]) -> Any:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, nth), lines) for nth, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, lines)
    match node.tag.rsplit(":", 1)[-1]:
        case "null":
            return None
        case "bool":
            return node.value == "true"
        case "int":
            return _int(node)
        case "float":
            return float(node.value)
        case _:
            return node.value


def _mapping(node: Any, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise BadYaml(line, "a list or a mapping stands where a name should; write a word")
        if key.value in values:
            raise BadYaml(line, f"{key.value} is given twice; keep one of them")
        values[key.value] = _value(value, (*path, key.value), lines)
        lines[(*path, key.value)] = line
    return values


def _int(node: Any) -> int:
    if len(node.value) > 300:
        raise BadYaml(node.start_mark.line + 1, "this number has hundreds of digits; is it a text?")
    return int(node.value)


def _line_of(error: Any, text: str) -> int:
    position = getattr(error, "position", None)
    return 1 if position is None else text.count("\n", 0, position) + 1


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
