"""What can be wrong with a line of `openai`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from memory.exports.shapes import Shape


class Function(Shape):
    """What a call calls; its arguments are JSON text or an object."""

    name: str
    arguments: str | dict[str, Any]


class ChatCall(Shape):
    """A call in a message of the assistant."""

    id: str
    type: Literal["function"]
    function: Function


class Words(Shape):
    """A message of words."""

    role: Literal["system", "user"]
    content: str


class Answer(Shape):
    """What a tool answered."""

    role: Literal["tool"]
    tool_call_id: str
    content: str


class Assistant(Shape):
    """A message of the model: words, calls or both."""

    role: Literal["assistant"]
    content: str | None
    tool_calls: Annotated[list[ChatCall], Field(min_length=1)] | None = None


class ChatFunction(Shape):
    """A tool as OpenAI describes it."""

    name: str
    description: str = ""
    parameters: dict[str, Any]


class ChatTool(Shape):
    """A tool the model was offered."""

    type: Literal["function"]
    function: ChatFunction


class Chat(Shape):
    """A line of `openai`."""

    messages: list[Annotated[Words | Answer | Assistant, Field(discriminator="role")]]
    tools: list[ChatTool] | None = None


def disorder(chat: Chat) -> Iterator[str]:
    """What is wrong with a chat although each of its messages is well formed."""
    last = chat.messages[-1] if chat.messages else None
    if not isinstance(last, Assistant):
        yield "messages: The last one must be the assistant's"
    waiting: set[str] = set()
    for place, message in enumerate(chat.messages):
        if isinstance(message, Answer):
            if message.tool_call_id not in waiting:
                yield f"messages.{place}: It answers {message.tool_call_id}, which nobody called"
            waiting.discard(message.tool_call_id)
            continue
        if waiting:
            yield f"messages.{place}: {', '.join(sorted(waiting))} must be answered before it"
        waiting = set()
        if isinstance(message, Assistant):
            waiting = {call.id for call in message.tool_calls or []}
            yield from _bad_calls(message, place)


def _bad_calls(message: Assistant, place: int) -> Iterator[str]:
    if not message.content and not message.tool_calls:
        yield f"messages.{place}: It has neither words nor calls"
    for number, call in enumerate(message.tool_calls or []):
        written = call.function.arguments
        if isinstance(written, str) and not _is_object(written):
            yield f"messages.{place}.tool_calls.{number}: Its arguments are no object in JSON"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
