"""A record as talk: what each message to and from the model says, whatever format it goes into.

    record ─▶ [their words, our words and calls, what the tools answered, …]

Texts only. A photo is not in a record: its handle is named in the words beside it (`m12.1`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from pydantic_ai import ModelMessagesTypeAdapter, ModelRequest, ModelResponse
from pydantic_ai.messages import (
    ModelRequestPart,
    RetryFeedbackPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from memory.lines import beginning, by_a_person, line
from memory.transcript import BubbleSent, Heard, TurnRecord
from memory.transcript import ModelRequest as ModelRequested

NOT_KNOWN = "Unknown whether this happened."
"""What a call is answered with that nobody has an answer to."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool the model called, with the arguments as the model wrote them."""

    call_id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """One message.

    Attributes:
        thought: What a model that thinks aloud thought before it.
        call_id: The call a tool answers here.
        failed: Whether the tool said no.
        response: Of the model's own words in the turn, the place of the answer among its answers.
    """

    role: Literal["user", "assistant", "tool"]
    text: str
    at: datetime | None = None
    thought: str = ""
    calls: tuple[Call, ...] = ()
    call_id: str = ""
    tool: str = ""
    failed: bool = False
    response: int | None = None


@dataclass(frozen=True)
class Told:
    """A turn as it is exported.

    Attributes:
        raw: Its record as JSON values, with what was learnt since.
        before: Earlier talk in its conversation, as the model was shown it.
    """

    raw: dict[str, Any]
    before: Sequence[Said] = ()

    @cached_property
    def record(self) -> TurnRecord:
        """The record, read."""
        return TurnRecord.model_validate(self.raw)


def thoughts(record: TurnRecord) -> list[Said]:
    """What the turn began with, and all that was said and called in it, in order.

    What no turn was about and has come since the turn before stands first, as earlier talk.
    """
    if not record.messages:
        return remembered(record)
    return [*_aside(record), *_answered(list(_said(record.messages)), record)]


def remembered(record: TurnRecord) -> list[Said]:
    """The same once it is the past: without our context, every call with an answer."""
    own = list(_said(record.messages[1:]))
    told = [
        _of_them(heard)
        for heard in record.heard
        if heard.in_turn and not any(it.text.startswith(beginning(heard.ref)) for it in own)
    ]
    return [*_aside(record), *told, *(_answered(own, record) if own else _bubbles(record))]


def ends_on_the_model(said: Sequence[Said]) -> list[Said]:
    """The talk up to the last words of the model; nothing when it has none.

    What a tool answered to the call that ended the turn is the end of it and read by nobody.
    """
    words = [it.role == "assistant" and bool(it.text or it.calls) for it in said]
    places = [place for place, is_its in enumerate(words) if is_its]
    return list(said[: places[-1] + 1]) if places else []


def request_of(record: TurnRecord, said: Said) -> ModelRequested | None:
    """The request that these words of the model answer; None when it cannot be told which."""
    answered = [
        request
        for request in record.requests
        if request.model is not None and request.error is None and not request.is_thrown_away
    ]
    responses = sum(message["kind"] == "response" for message in record.messages)
    is_told = said.response is not None and len(answered) == responses
    return answered[said.response or 0] if is_told else None


def _aside(record: TurnRecord) -> list[Said]:
    return [_of_them(heard) for heard in record.heard if not heard.in_turn]


def _of_them(heard: Heard) -> Said:
    if heard.by_a_person:
        return Said("user", _by_a_person(heard), at=heard.received_at)
    if heard.direction == "outbound":
        return Said("assistant", heard.text, at=heard.received_at)
    return Said("user", line(heard, heard.ref), at=heard.received_at)


def _by_a_person(heard: Heard) -> str:
    """As the model reads it: a person of the owner's said this, and not the model."""
    return by_a_person(heard.ref, heard.text or "[a picture]", heard.received_at)


def _bubbles(record: TurnRecord) -> list[Said]:
    """What was said without a model."""
    sent = [act for act in record.wire if isinstance(act, BubbleSent) and act.message_id]
    return [Said("assistant", act.text, at=act.written_at) for act in sent]


def _said(messages: Iterable[dict[str, Any]]) -> Iterator[Said]:
    response = 0
    for message in ModelMessagesTypeAdapter.validate_python(list(messages)):
        if isinstance(message, ModelRequest):
            for part in message.parts:
                yield from _asked(part)
        else:
            answer = _answer(message)
            yield replace(answer, response=response)
            response += 1


def _asked(part: ModelRequestPart) -> Iterator[Said]:
    match part:
        case UserPromptPart():
            yield Said("user", _words(part.content), at=part.timestamp)
        case ToolReturnPart():
            yield Said(
                "tool", part.model_response_str(), at=part.timestamp, call_id=part.tool_call_id,
                tool=part.tool_name, failed=part.outcome != "success",
            )  # fmt: skip
        case RetryFeedbackPart():
            yield Said("user", part.model_response(), at=part.timestamp)
        case SystemPromptPart():
            yield Said("user", part.content, at=part.timestamp)


def _words(content: Any) -> str:
    """The texts of a message; what else is in it is named by them."""
    if isinstance(content, str):
        return content
    return "\n".join(piece for piece in content if isinstance(piece, str))


def _answer(message: ModelResponse) -> Said:
    texts = [part.content for part in message.parts if isinstance(part, TextPart)]
    thoughts = [part.content for part in message.parts if isinstance(part, ThinkingPart)]
    calls = tuple(
        Call(part.tool_call_id, part.tool_name, part.args_as_dict())
        for part in message.parts
        if isinstance(part, ToolCallPart)
    )
    return Said(
        "assistant", "\n\n".join(texts), at=message.timestamp, calls=calls,
        thought="\n\n".join(thoughts),
    )  # fmt: skip


def _answered(said: Sequence[Said], record: TurnRecord) -> Iterator[Said]:
    """Every call followed by its answer: from the turn itself, or what is written of it."""
    answers = {message.call_id: message for message in said if message.role == "tool"}
    written = {call.call_id: call.result for call in record.tool_calls}
    for message in said:
        if message.role != "tool":
            yield message
        for call in message.calls:
            known = written.get(call.call_id)
            yield answers.get(call.call_id) or Said(
                "tool", _as_text(known) if known is not None else NOT_KNOWN, at=message.at,
                call_id=call.call_id, tool=call.name,
            )  # fmt: skip


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
