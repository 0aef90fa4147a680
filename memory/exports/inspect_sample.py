"""A turn as a sample of Inspect: what the model was shown, what it said, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memory.exports.talk import Said, Told, ends_on_the_model, thoughts
from memory.transcript import BubbleSent, TurnRecord

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample
    from inspect_ai.model import ChatMessage, ModelOutput, ModelUsage

METADATA = (
    "parent_turn_id", "session", "conversation", "reason", "latencies", "prompts", "settings",
    "interruptions", "tools", "requests", "tool_calls", "wire", "typing", "memory", "since",
    "labels",
)  # fmt: skip
"""Of the record, what stands with the sample as it is."""


def sample_of(told: Told) -> EvalSample:
    """The sample of a turn."""
    from inspect_ai.log import EvalError, EvalSample
    from inspect_ai.scorer import Score

    record, own = told.record, thoughts(told.record)
    talk = _messages(record, [*told.before, *own])
    said = "\n".join(act.text for act in record.wire if isinstance(act, BubbleSent))
    ended = Score(value=record.outcome, answer=said or None, explanation=record.reason)
    failed = record.outcome == "failed"
    return EvalSample(
        id=record.turn_id,
        epoch=1,
        uuid=record.turn_id,
        input="\n".join(heard.words for heard in record.heard if heard.in_turn),
        target="",
        messages=talk,
        output=_output(record, own),
        scores={"outcome": ended},
        metadata={name: told.raw[name] for name in METADATA},
        model_usage={record.model: _usage(record)} if record.model else {},
        started_at=record.started_at.isoformat(),
        completed_at=record.settled_at.isoformat(),
        total_time=record.latencies.total,
        error=EvalError(message=record.reason or "failed", traceback="", traceback_ansi="")
        if failed
        else None,
    )


def messages_of(told: Told) -> list[ChatMessage]:
    """The talk of a turn, as it was shown to the model and with what that said."""
    return _messages(told.record, thoughts(told.record))


def _messages(record: TurnRecord, said: list[Said]) -> list[ChatMessage]:
    from inspect_ai.model import ChatMessageSystem

    # Inspect gives a message without an id one by chance.
    ids = [f"{record.turn_id}.{place}" for place in range(len(said) + 1)]
    talk = [_message(record, it, id) for it, id in zip(said, ids[1:], strict=True)]
    if record.instructions:
        return [ChatMessageSystem(id=ids[0], content=record.instructions), *talk]
    return talk


def _message(record: TurnRecord, said: Said, id: str) -> ChatMessage:
    from inspect_ai.model import (
        ChatMessageAssistant,
        ChatMessageTool,
        ChatMessageUser,
        ContentReasoning,
        ContentText,
    )
    from inspect_ai.tool import ToolCall, ToolCallError

    if said.role == "user":
        return ChatMessageUser(id=id, content=said.text)
    if said.role == "tool":
        error = ToolCallError("unknown", said.text) if said.failed else None
        return ChatMessageTool(
            id=id, content=said.text, tool_call_id=said.call_id, function=said.tool, error=error
        )
    thought = [ContentReasoning(reasoning=said.thought)] if said.thought else []
    calls = [
        ToolCall(id=call.call_id, function=call.name, arguments=call.arguments)
        for call in said.calls
    ]
    return ChatMessageAssistant(
        id=id,
        content=[*thought, ContentText(text=said.text)] if thought else said.text,
        tool_calls=calls or None,
        model=record.model if said.response is not None else None,
        source="generate" if said.response is not None else None,
    )


def _output(record: TurnRecord, own: list[Said]) -> ModelOutput:
    from inspect_ai.model import ChatCompletionChoice, ModelOutput

    last = ends_on_the_model(own)[-1:]
    choices: list[Any] = [
        ChatCompletionChoice(message=_message(record, it, f"{record.turn_id}.output"))
        for it in last
    ]
    return ModelOutput(model=record.model or "", choices=choices, usage=_usage(record))


def _usage(record: TurnRecord) -> ModelUsage:
    from inspect_ai.model import ModelUsage

    usage = record.usage
    return ModelUsage(
        input_tokens=usage.input_tokens - usage.cache_read_tokens,
        input_tokens_cache_read=usage.cache_read_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        total_cost=None if usage.cost_usd is None else float(usage.cost_usd),
    )
