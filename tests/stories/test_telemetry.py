"""Turns are told to an OpenTelemetry collector while they run, and no turn ever waits for it."""

from __future__ import annotations

import gzip
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError

from agent.settings import Settings
from memory.exports.formats import NotInstalled
from memory.exports.otlp import span_id, trace_id, traces
from memory.exports.talk import Told
from memory.pseudonyms import key_of, namer, without_numbers
from tests.house import ANA, House, call, run, script

WORDS = "I like tea, call me at (415) 555-0123"


class Collector:
    """What was sent to it, each request with its path and headers."""

    def __init__(self, *, status: int = 200) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector.requests.append((self.path, headers, body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def spans(self) -> list[dict[str, Any]]:
        """Every span, as protobuf's own JSON."""
        found = []
        for _, headers, body in self.requests:
            packed = headers.get("content-encoding") == "gzip"
            message = ExportTraceServiceRequest.FromString(
                gzip.decompress(body) if packed else body
            )
            for resource in MessageToDict(message)["resourceSpans"]:
                for scope in resource["scopeSpans"]:
                    found += [span | {"of": scope["scope"]["name"]} for span in scope["spans"]]
        return found


@contextmanager
def collecting(**options: Any) -> Iterator[Collector]:
    collector = Collector(**options)
    thread = threading.Thread(target=collector.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.server.shutdown()
        collector.server.server_close()
        thread.join()


def play(url: str, *, content: bool = False, folder: Path | None = None) -> dict[str, Any]:
    """One turn with a tool call; its record as it is exported."""
    record: dict[str, Any] = {}

    async def story(house: House) -> None:
        sent = await house.text(WORDS)
        assert (await house.answered(sent.conversation_id)).bodies == ["Noted!"]
        assert house.local.deployment is not None
        name = namer(await house.local.deployment.store.write(key_of))
        [told] = await house.records()
        record.update(without_numbers(told.model_dump(mode="json"), name, region="US"))

    settings = {
        "otel_exporter_otlp_endpoint": url,
        "otel_instrumentation_genai_capture_message_content": "true" if content else "false",
    }
    noted = [call("remember", fact="Likes tea"), call("send", text="Look", media=["no such"])]
    run(story, script(noted, "Noted!"), settings=settings, folder=folder)
    return record


def attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: each["value"] for each in span["attributes"]}


def test_what_is_sent_is_what_is_exported():
    with collecting() as collector:
        record = play(collector.url, content=True)
    of_export = traces(Told(record))["resourceSpans"][0]["scopeSpans"][0]["spans"]
    sent = collector.spans
    assert {path for path, _, _ in collector.requests} == {"/v1/traces"}
    assert {span["of"] for span in sent} == {"threedots.transcripts"}
    assert len(sent) == len(of_export) >= 5
    for ours, theirs in zip(of_export, sent, strict=True):
        names = ("name", "startTimeUnixNano", "endTimeUnixNano")
        assert [theirs[name] for name in names] == [ours[name] for name in names]
        assert attributes(theirs) == attributes(ours)
        assert ("parentSpanId" in theirs) == ("parentSpanId" in ours)
        assert theirs["kind"] == Span.SpanKind.Name(ours["kind"])
        assert theirs.get("status", {}).get("message") == ours.get("status", {}).get("message")


def test_it_is_one_trace_with_the_ids_of_the_export():
    with collecting() as collector:
        record = play(collector.url)
    turn_id = record["turn_id"]
    assert {b64decode(span["traceId"]).hex() for span in collector.spans} == {trace_id(turn_id)}
    [turn] = [span for span in collector.spans if "parentSpanId" not in span]
    assert b64decode(turn["spanId"]).hex() == span_id(turn_id, "turn")


def test_what_was_said_is_left_out_unless_asked_for():
    with collecting() as collector:
        play(collector.url)
    text = str(collector.spans)
    assert "execute_tool remember" in text and "gen_ai.usage.input_tokens" in text
    for said in ("tea", "Noted", "You are Threedots", "call me", ANA):
        assert said not in text


def test_no_number_is_in_what_was_said():
    with collecting() as collector:
        play(collector.url, content=True)
    text = str(collector.spans)
    assert "I like tea" in text and "number-" in text
    assert ANA not in text and "555-0123" not in text


@pytest.mark.parametrize("status", [400, 401])
def test_a_collector_that_refuses_fails_no_turn(status: int):
    with collecting(status=status) as collector:
        assert play(collector.url)["outcome"] == "answered"
    assert collector.requests


def test_a_collector_that_is_away_fails_no_turn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("agent.telemetry.FLUSH", 0.05)
    assert play("http://127.0.0.1:9")["outcome"] == "answered"


def test_the_librarys_own_settings_count(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-team=blue")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop")
    with collecting() as collector:
        play(collector.url)
    assert collector.requests[0][1]["x-team"] == "blue"
    assert b"shop" in collector.requests[0][2]


def test_what_is_not_sampled_is_not_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with collecting() as collector:
        play(collector.url)
    assert collector.requests == []


def test_where_the_packages_are_missing_the_command_that_installs_them_is_named(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk", None)
    with pytest.raises(NotInstalled, match=r"pip install '.\[otlp\]'"):
        play("http://127.0.0.1:9")


def test_the_settings_say_where_and_what():
    assert Settings().traces_endpoint is None
    base = Settings(otel_exporter_otlp_endpoint="http://localhost:4318/")
    assert (base.traces_endpoint, base.sends_content) == ("http://localhost:4318/v1/traces", False)
    whole = base.model_copy(update={"otel_exporter_otlp_traces_endpoint": "https://x/t"})
    assert whole.traces_endpoint == "https://x/t"
    said = Settings(otel_instrumentation_genai_capture_message_content="SPAN_ONLY")
    assert said.sends_content
    with pytest.raises(ValidationError, match="is no address"):
        Settings(otel_exporter_otlp_endpoint="localhost:4318")
