"""A turn's trace as OpenTelemetry's own spans, for its exporter: the same as `--format otlp`.

Needs the packages of the extra `otlp`; nothing of them is imported before a `Spans` is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memory.exports.otlp import AGENT, ERROR, SCHEMA, SCOPE, traces
from memory.exports.talk import Told

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

PLAIN = frozenset(
    {
        "error.type",
        "gen_ai.operation.name", "gen_ai.agent.name", "gen_ai.conversation.id",
        "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model",
        "gen_ai.response.finish_reasons", "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens", "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.tool.name", "gen_ai.tool.call.id", "gen_ai.tool.type",
        "threedots.turn_id", "threedots.parent_turn_id", "threedots.session", "threedots.channel",
        "threedots.outcome", "threedots.prompts", "threedots.queue_seconds",
        "threedots.first_bubble_seconds", "threedots.cost_usd", "threedots.is_thrown_away",
        "threedots.state", "threedots.status", "threedots.code", "threedots.attempts",
        "threedots.bubble_id", "threedots.ref", "threedots.call_id", "threedots.kind",
        "threedots.send_style", "threedots.message_id", "threedots.reply_to_message_id",
        "threedots.is_threaded", "threedots.lost",
    }
)  # fmt: skip
"""The attributes in which nothing stands that anybody said. A new one is left out until named."""


class Spans:
    """Makes the spans of turns, with the resource that OpenTelemetry's variables describe."""

    def __init__(self, *, with_content: bool) -> None:
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        told = Resource.create()
        if str(told.attributes[SERVICE_NAME]).startswith("unknown_service"):
            told = told.merge(Resource({SERVICE_NAME: AGENT}))
        self._resource = told.merge(Resource({}, schema_url=SCHEMA))
        self._scope = InstrumentationScope(SCOPE, schema_url=SCHEMA)
        self._with_content = with_content

    def of(self, told: Told) -> list[ReadableSpan]:
        """The spans of a turn, the turn's own first."""
        [resource] = traces(told)["resourceSpans"]
        return [self._span(span) for span in resource["scopeSpans"][0]["spans"]]

    def _span(self, span: dict[str, Any]) -> ReadableSpan:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanKind, Status, StatusCode

        status = span.get("status", {})
        said = status.get("message") if self._with_content else None
        failed = status.get("code") == ERROR
        parent = span.get("parentSpanId")
        return ReadableSpan(
            span["name"],
            context=_context(span["traceId"], span["spanId"]),
            parent=_context(span["traceId"], parent) if parent else None,
            resource=self._resource,
            attributes={
                each["key"]: _plain(each["value"])
                for each in span["attributes"]
                if self._with_content or each["key"] in PLAIN
            },
            kind=SpanKind(span["kind"] - 1),  # OTLP counts from an "unspecified" that this has not
            status=Status(StatusCode.ERROR, said) if failed else Status(),
            start_time=int(span["startTimeUnixNano"]),
            end_time=int(span["endTimeUnixNano"]),
            instrumentation_scope=self._scope,
        )


def _context(trace_id: str, span_id: str) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=flags)


def _plain(value: dict[str, Any]) -> Any:
    """An attribute's value out of OTLP's JSON."""
    match value:
        case {"intValue": number}:
            return int(number)
        case {"arrayValue": {"values": items}}:
            return [_plain(item) for item in items]
        case _:
            return next(iter(value.values()))
