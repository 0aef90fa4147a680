"""The forms in which turns are written to a file, a turn at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import IO, Any

from pydantic_core import to_json

from memory.exports import spreadsheet
from memory.exports.atif import trajectory
from memory.exports.formats import Arguments, Format, need
from memory.exports.openai_chat import conversation
from memory.exports.otlp import traces
from memory.exports.otlp_protobuf import Protobuf
from memory.exports.talk import Told

Write = Callable[[Told], object]


@dataclass(frozen=True, slots=True)
class Form:
    """How a file of turns is written.

    Attributes:
        begin: Gives, for a file, what writes a turn into it; the file is complete when it is left.
        tells_earlier_talk: Whether a turn is told with the talk before it.
    """

    begin: Callable[[IO[bytes]], AbstractContextManager[Write]]
    tells_earlier_talk: bool = False


def form_of(format: Format, *, arguments: Arguments, is_protobuf: bool) -> Form:
    """The form of a format; raises `NotInstalled`.

    Args:
        arguments: How `openai` writes the arguments of a call.
        is_protobuf: Whether `otlp` is written in protobuf instead of JSON.
    """
    match format:
        case Format.JSONL:
            return _pieces(lambda told: line_of(told.raw))
        case Format.OPENAI:
            return _pieces(partial(_chat, arguments=arguments), tells_earlier_talk=True)
        case Format.ATIF:
            return _pieces(lambda told: line_of(trajectory(told)))
        case Format.OTLP if is_protobuf:
            return _pieces(Protobuf().written)
        case Format.OTLP:
            return _pieces(lambda told: line_of(traces(told)))
        case Format.CSV:
            return _pieces(spreadsheet.row, head=spreadsheet.head())
        case Format.INSPECT:
            need("inspect_ai", extra="inspect", why="Writing logs of Inspect")
            from memory.exports.inspect_log import log_in

            return Form(log_in, tells_earlier_talk=True)


def line_of(value: dict[str, Any]) -> bytes:
    """A JSON object as a line of UTF-8."""
    return to_json(value) + b"\n"


def _chat(told: Told, *, arguments: Arguments) -> bytes:
    chat = conversation(told, arguments=arguments)
    return line_of(chat) if chat else b""


def _pieces(
    piece: Callable[[Told], bytes], *, head: bytes = b"", tells_earlier_talk: bool = False
) -> Form:
    @contextmanager
    def begin(file: IO[bytes]) -> Iterator[Write]:
        file.write(head)
        yield lambda told: file.write(piece(told))

    return Form(begin, tells_earlier_talk)
