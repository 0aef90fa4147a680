"""Turns as traces in OpenTelemetry's own form, with the current names for generative AI.

    invoke_agent threedots        the turn
    ├── chat gpt-5-mini           each request to the model
    ├── execute_tool send         each tool call
    │   └── bubble                each bubble, and what AgentPhone did with it
    └── bubble

A line is what the collector's file exporter writes and its HTTP endpoint takes: one turn in JSON.
The ids follow from the turn's, so the same turn is the same trace in every export.

Names: semantic conventions 1.41 and what has followed in open-telemetry/semantic-conventions-genai,
read 2026-11-25. Messages are written as JSON text, which the convention allows on spans and more
readers understand. Where pydantic-ai has names of its own, docs/exports.md says which.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from memory.exports.openai_chat import tools_of
from memory.exports.otlp_messages import as_json, provider_of, to_agent, to_model
from memory.exports.talk import Said, Told, ends_on_the_model, request_of, thoughts
from memory.transcript import Act, BubbleSent, ModelRequest, ToolCall, TurnRecord

SCHEMA = "https://opentelemetry.io/schemas/1.41.0"
"""Which version of the conventions the names are of."""

AGENT = "threedots"
"""The agent's name in the spans: what people call it is not in the record."""

SCOPE = "threedots.transcripts"
"""Whose instrumentation the spans are."""

INTERNAL, CLIENT = 1, 3
"""Kinds of spans, as OTLP numbers them."""

ERROR = 2
"""The status of a span that failed."""

Span = dict[str, Any]


def traces(told: Told) -> dict[str, Any]:
    """The trace of a turn as JSON values, in OTLP's form of JSON."""
    scope = {
        "scope": {"name": SCOPE},
        "spans": list(_spans(told.record)),
        "schemaUrl": SCHEMA,
    }
    resource = {"attributes": _attributes({"service.name": AGENT})}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [scope], "schemaUrl": SCHEMA}]}


def trace_id(turn_id: str) -> str:
    """The trace of a turn: the turn's id where it is one already."""
    is_one = re.fullmatch(r"[0-9a-f]{32}", turn_id) and set(turn_id) != {"0"}
    return turn_id if is_one else hashlib.sha256(turn_id.encode()).hexdigest()[:32]


def span_id(turn_id: str, of: str) -> str:
    """The span of a part of a turn."""
    return hashlib.sha256(f"{turn_id}/{of}".encode()).hexdigest()[:16]


def _spans(record: TurnRecord) -> Iterator[Span]:
    said = thoughts(record)
    yield _turn(record, said)
    heard: dict[int, tuple[Said, list[Said]]] = {
        id(request): (it, said[:place])
        for place, it in enumerate(said)
        if (request := request_of(record, it)) is not None
    }
    for number, request in enumerate(record.requests):
        yield _chat(record, number, request, heard.get(id(request)))
    for number, call in enumerate(record.tool_calls):
        yield _call(record, number, call)
    for number, act in enumerate(record.wire):
        yield _act(record, number, act)


def _turn(record: TurnRecord, said: list[Said]) -> Span:
    usage, place, last = record.usage, record.conversation, ends_on_the_model(said)[-1:]
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": AGENT,
        "gen_ai.conversation.id": place.conversation_id,
        "gen_ai.provider.name": provider_of(record) if record.messages else None,
        "gen_ai.request.model": record.model,
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cache_read_tokens,
        "gen_ai.system_instructions": record.instructions
        and as_json([{"type": "text", "content": record.instructions}]),
        "gen_ai.tool.definitions": as_json(_definitions(record)) if record.tools else None,
        "gen_ai.input.messages": as_json(to_agent(said)),
        "gen_ai.output.messages": as_json(to_model(last)) if last else None,
        "threedots.turn_id": record.turn_id,
        "threedots.parent_turn_id": record.parent_turn_id,
        "threedots.session": record.session,
        "threedots.channel": place.channel,
        "threedots.outcome": record.outcome,
        "threedots.reason": record.reason,
        "threedots.prompts": record.prompts.version if record.prompts else None,
        "threedots.queue_seconds": record.latencies.queue,
        "threedots.first_bubble_seconds": record.latencies.first_bubble,
        "threedots.cost_usd": None if usage.cost_usd is None else float(usage.cost_usd),
    }
    failure = (record.reason or "failed") if record.outcome == "failed" else None
    times = record.started_at, record.settled_at
    return _span(record, "turn", f"invoke_agent {AGENT}", INTERNAL, times, attributes, failure)


def _definitions(record: TurnRecord) -> list[dict[str, Any]]:
    return [{"type": "function", **tool["function"]} for tool in tools_of(record)]


def _chat(
    record: TurnRecord, number: int, request: ModelRequest, told: tuple[Said, list[Said]] | None
) -> Span:
    asked_for = request.model or record.model or ""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_of(record),
        "gen_ai.conversation.id": record.conversation.conversation_id,
        "gen_ai.request.model": asked_for,
        "gen_ai.response.model": request.model,
        "gen_ai.response.finish_reasons": [request.finish_reason] if request.finish_reason else [],
        "gen_ai.usage.input_tokens": request.input_tokens,
        "gen_ai.usage.output_tokens": request.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": request.cache_read_tokens,
        "gen_ai.input.messages": as_json(to_model(told[1])) if told else None,
        "gen_ai.output.messages": as_json(to_model([told[0]])) if told else None,
        "threedots.is_thrown_away": request.is_thrown_away,
        "threedots.cost_usd": None if request.cost_usd is None else float(request.cost_usd),
    }
    times = request.started_at, request.started_at + timedelta(seconds=request.seconds or 0)
    name = f"chat {asked_for}".strip()
    return _span(
        record, f"request {number}", name, CLIENT, times, attributes, request.error, parent="turn"
    )


def _call(record: TurnRecord, number: int, call: ToolCall) -> Span:
    described = {tool.name: tool.description for tool in record.tools}
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.conversation.id": record.conversation.conversation_id,
        "gen_ai.tool.name": call.name,
        "gen_ai.tool.call.id": call.call_id,
        "gen_ai.tool.type": "function",
        "gen_ai.tool.description": described.get(call.name),
        "gen_ai.tool.call.arguments": as_json(call.arguments),
        "gen_ai.tool.call.result": _text(call.result),
        "threedots.state": call.state,
    }
    failure = None if call.state == "done" else call.state
    times = call.started_at, call.finished_at or call.started_at
    name = f"execute_tool {call.name}"
    of = f"call {number}"
    return _span(record, of, name, INTERNAL, times, attributes, failure, parent="turn")


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else as_json(value)


def _act(record: TurnRecord, number: int, act: BubbleSent | Act) -> Span:
    """A bubble, a tapback or a background: ours to name, there is no convention for them."""
    told = act.model_dump(
        mode="json", exclude={"act", "started_at", "finished_at", "dispatched_at"}
    )
    attributes = {
        f"threedots.{name}": as_json(value) if isinstance(value, dict) else value
        for name, value in told.items()
    }
    began = act.dispatched_at or act.written_at if isinstance(act, BubbleSent) else act.started_at
    failure = None if act.status == "confirmed" else act.status
    # A call that was cut off and made again is there twice: the later one did it.
    calls = {call.call_id: f"call {place}" for place, call in enumerate(record.tool_calls)}
    parent = calls.get(act.call_id or "", "turn")
    times = began, act.finished_at or began
    return _span(
        record, f"act {number}", act.act, CLIENT, times, attributes, failure, parent=parent
    )


def _span(
    record: TurnRecord,
    of: str,
    name: str,
    kind: int,
    times: tuple[datetime, datetime],
    attributes: dict[str, Any],
    failure: str | None,
    *,
    parent: str | None = None,
) -> Span:
    if failure:
        # Only the first word: the class of an error, few enough of them to group by.
        attributes |= {"error.type": failure.split(":")[0].split(" ")[0]}
    return {
        "traceId": trace_id(record.turn_id),
        "spanId": span_id(record.turn_id, of),
        **({"parentSpanId": span_id(record.turn_id, parent)} if parent else {}),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": _nanoseconds(times[0]),
        "endTimeUnixNano": _nanoseconds(max(times)),
        "attributes": _attributes(attributes),
        **({"status": {"code": ERROR, "message": failure}} if failure else {}),
    }


def _nanoseconds(moment: datetime) -> str:
    # Through whole microseconds: a float has no room for a nanosecond since 1970.
    epoch = datetime.fromtimestamp(0, tz=moment.tzinfo)
    return str((moment - epoch) // timedelta(microseconds=1) * 1000)


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    """What is known, as OTLP writes it."""
    return [
        {"key": key, "value": _value(value)}
        for key, value in values.items()
        if value is not None and value != []
    ]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
        case _:
            return {"stringValue": str(value)}
