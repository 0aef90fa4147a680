"""What can be wrong with a line of `otlp`; the fields have OTLP's own names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from memory.exports.shapes import Shape

TraceId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
SpanId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Nanoseconds = Annotated[str, StringConstraints(pattern=r"^\d{1,20}$")]


class Value(Shape):
    """The value of an attribute."""

    stringValue: str | None = None
    boolValue: bool | None = None
    intValue: str | None = None
    doubleValue: float | None = None
    arrayValue: dict[str, Any] | None = None


class Attribute(Shape):
    """Something a span says of itself."""

    key: str
    value: Value


class Status(Shape):
    """How a span ended."""

    code: Literal[0, 1, 2]
    message: str = ""


class Span(Shape):
    """A span of a trace."""

    traceId: TraceId
    spanId: SpanId
    parentSpanId: SpanId | None = None
    name: Annotated[str, StringConstraints(min_length=1)]
    kind: Literal[1, 2, 3, 4, 5]
    startTimeUnixNano: Nanoseconds
    endTimeUnixNano: Nanoseconds
    attributes: list[Attribute]
    status: Status | None = None


class ScopeSpans(Shape):
    """The spans of one library."""

    scope: dict[str, Any]
    spans: list[Span]
    schemaUrl: str = ""


class ResourceSpans(Shape):
    """The spans of one program."""

    resource: dict[str, Any]
    scopeSpans: list[ScopeSpans]
    schemaUrl: str = ""


class Traces(Shape):
    """A line of `otlp`."""

    resourceSpans: list[ResourceSpans]


def loose_ends(traces: Traces) -> Iterator[str]:
    """What is wrong with a trace although each of its spans is well formed."""
    spans = [
        span
        for resource in traces.resourceSpans
        for scope in resource.scopeSpans
        for span in scope.spans
    ]
    ids = [span.spanId for span in spans]
    for place, span in enumerate(spans):
        if ids.index(span.spanId) != place:
            yield f"spans.{place}: There is a span {span.spanId} before it"
        if span.parentSpanId is not None and span.parentSpanId not in ids:
            yield f"spans.{place}: Its parent {span.parentSpanId} is not in this line"
        if int(span.endTimeUnixNano) < int(span.startTimeUnixNano):
            yield f"spans.{place}: It ends before it begins"
        if not any(it.key == "gen_ai.operation.name" for it in span.attributes) and (
            span.name.split(" ")[0] in ("invoke_agent", "chat", "execute_tool")
        ):
            yield f"spans.{place}: It does not say its gen_ai.operation.name"
