"""Traces, read by OpenTelemetry's own protobuf, and named as its conventions have it."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from tests.exports.conftest import Export, has_no_number, lines


def spans_of(line: dict[str, Any]) -> list[dict[str, Any]]:
    """The spans of a line."""
    spans: list[dict[str, Any]] = line["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return spans


def said_by(span: dict[str, Any]) -> dict[str, Any]:
    """The attributes of a span."""
    return {it["key"]: next(iter(it["value"].values())) for it in span["attributes"]}


def test_json_and_protobuf_say_the_same(export: Export):
    written = lines(export("otlp"))
    read = TracesData.FromString(export("otlp", name="turns.pb").read_bytes())
    assert [MessageToDict(it) for it in read.resource_spans] == [
        in_protobufs_json(line)["resourceSpans"][0] for line in written
    ]
    again = TracesData.FromString(read.SerializeToString())
    assert again == read


def in_protobufs_json(line: dict[str, Any]) -> dict[str, Any]:
    """OTLP's JSON as protobuf's own: ids in base64, kinds and statuses by name."""
    for span in spans_of(line):
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
        span["kind"] = Span.SpanKind.Name(span["kind"])
        if "status" in span:
            span["status"]["code"] = "STATUS_CODE_ERROR"
    return line


def test_a_collector_takes_the_file_and_every_line_as_a_request(export: Export):
    whole = ExportTraceServiceRequest.FromString(export("otlp", name="turns.pb").read_bytes())
    assert len(whole.resource_spans) == 5
    for line in lines(export("otlp")):
        Parse(json.dumps(in_protobufs_json(line)), ExportTraceServiceRequest())


def test_a_turn_is_one_tree(export: Export):
    for line in lines(export("otlp")):
        spans = spans_of(line)
        ids = {span["spanId"] for span in spans}
        assert len(ids) == len(spans)
        assert len({span["traceId"] for span in spans}) == 1
        assert [span["name"] for span in spans if "parentSpanId" not in span] == [
            "invoke_agent threedots"
        ]
        assert {span["parentSpanId"] for span in spans if "parentSpanId" in span} <= ids


def test_spans_have_the_names_of_the_conventions(export: Export):
    noted = spans_of(lines(export("otlp"))[0])
    assert [(span["name"], span["kind"]) for span in noted] == [
        ("invoke_agent threedots", 1), ("chat script", 3), ("chat script", 3),
        ("execute_tool remember", 1), ("execute_tool react", 1), ("tapback", 3), ("bubble", 3),
    ]  # fmt: skip
    turn, chat, _, tool, react, tapback, _ = noted
    assert said_by(turn).items() >= {
        "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "threedots",
        "gen_ai.request.model": "script", "threedots.outcome": "answered",
    }.items()  # fmt: skip
    assert said_by(chat)["gen_ai.provider.name"] == "unknown"  # a script is nobody's
    assert int(said_by(chat)["gen_ai.usage.input_tokens"]) > 0
    assert said_by(tool)["gen_ai.tool.call.arguments"] == '{"fact":"Likes tea","said_in":null}'
    assert said_by(tool)["gen_ai.tool.call.result"] == "Noted: Likes tea"
    assert tapback["parentSpanId"] == react["spanId"]
    conversations = {said_by(span).get("gen_ai.conversation.id") for span in noted[:5]}
    assert len(conversations) == 1 and None not in conversations


def test_messages_have_the_parts_of_the_conventions(export: Export):
    noted = spans_of(lines(export("otlp"))[0])
    told = json.loads(said_by(noted[1])["gen_ai.output.messages"])
    assert [part["type"] for part in told[0]["parts"]] == [
        "reasoning", "text", "tool_call", "tool_call",
    ]  # fmt: skip
    shown = json.loads(said_by(noted[2])["gen_ai.input.messages"])
    assert [message["role"] for message in shown] == ["user", "user", "assistant", "tool", "tool"]
    assert shown[3]["parts"][0]["response"] == "Noted: Likes tea"


def test_what_failed_says_so(export: Export):
    [line] = lines(export("otlp", "--tool", "send"))
    [send] = [span for span in spans_of(line) if span["name"] == "execute_tool send"]
    assert send["status"]["code"] == 2
    assert said_by(send)["error.type"] == "failed"


def test_no_number_is_in_it_and_the_same_turns_are_the_same_bytes(export: Export):
    text = export("otlp").read_text()
    assert has_no_number(text)
    assert export("otlp", name="again").read_text() == text


@pytest.mark.parametrize("name", ["turns.pb", "turns.jsonl"])
def test_no_turns_are_an_empty_file(export: Export, name: str):
    assert export("otlp", "--conversation", "nobody", name=name).read_bytes() == b""
