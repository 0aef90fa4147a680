"""The forms in which turns are written to a file, a piece a turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from memory.exports.openai_chat import Arguments, conversation
from memory.exports.talk import Told


@dataclass(frozen=True, slots=True)
class Form:
    """How a file of turns is written.

    Attributes:
        piece: What stands in it of a turn; nothing where that turn has nothing to say in it.
        head: What it begins with.
        tells_earlier_talk: Whether `piece` wants the talk before the turn.
    """

    piece: Callable[[Told], bytes]
    head: bytes = b""
    tells_earlier_talk: bool = False


def jsonl() -> Form:
    """The records themselves, one a line."""
    return Form(lambda told: line_of(told.raw))


def openai(arguments: Arguments) -> Form:
    """Chat with tools, one turn a line."""

    def piece(told: Told) -> bytes:
        chat = conversation(told, arguments=arguments)
        return line_of(chat) if chat else b""

    return Form(piece, tells_earlier_talk=True)


def line_of(value: dict[str, Any]) -> bytes:
    """A JSON object as a line of UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
