"""GET /handset/events: everything that happens on the line, in order, by long poll or stream."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack

import httpx
import pytest

from phone.emulator import events
from phone.emulator.app import create_app
from phone.emulator.events import EventLog
from phone.emulator.twin import Twin
from tests.emulator.serving import served
from tests.emulator.stage import ANA, Stage, staged


def filled(count: int) -> EventLog:
    log = EventLog()
    for n in range(count):
        log.append("typing", at="", conversation_id=None, n=n)
    return log


@staged()
async def test_without_waiting_every_event_after_n_is_answered(stage: Stage):
    await stage.text()
    await stage.send()
    every = await stage.call("GET", "/handset/events?after=0&wait=0")
    seqs = [event["seq"] for event in every["events"]]
    assert seqs == list(range(1, len(seqs) + 1)) and every["last"] == seqs[-1]
    later = await stage.call("GET", f"/handset/events?after={seqs[2]}")
    assert [event["seq"] for event in later["events"]] == seqs[3:]
    nothing = await stage.call("GET", f"/handset/events?after={seqs[-1]}")
    assert nothing == {"events": [], "last": seqs[-1]}


@staged()
async def test_a_long_poll_returns_as_soon_as_something_happens(stage: Stage):
    last = (await stage.call("GET", "/handset/events"))["last"]
    poll = asyncio.ensure_future(stage.call("GET", f"/handset/events?after={last}&wait=50"))
    await stage.settle()
    assert not poll.done()
    await stage.text()
    assert (await poll)["events"][0]["seq"] == last + 1


@staged()
async def test_a_long_poll_gives_up_after_its_time(stage: Stage):
    assert (await stage.call("GET", "/handset/events?wait=0.01"))["events"] == []


@staged()
async def test_a_message_event_holds_the_bubble(stage: Stage):
    written = await stage.text()
    (told,) = await stage.events("message")
    assert told["message"] == written["messages"][0]
    assert told["conversation_id"] == written["conversation_id"]
    assert told["body"] == "Hi" and told["at"] == "2027-01-15T08:00:00.000Z"


@staged()
async def test_a_reaction_event_says_who_and_on_what(stage: Stage):
    sent = await stage.send()
    tapback = {"from_handle": ANA, "message_id": sent["id"], "reaction": "love"}
    await stage.call("POST", "/handset/reactions", tapback)
    (told,) = await stage.events("reaction")
    assert (told["message_id"], told["from_handle"]) == (sent["id"], ANA)
    assert told["reaction"]["reaction"] == "love"


@staged()
async def test_an_api_call_is_told_with_its_path_and_body_and_no_query(stage: Stage):
    written = await stage.text()
    path = f"/v1/conversations/{written['conversation_id']}"
    await stage.call("GET", f"{path}?message_limit=1")
    await stage.call("PATCH", path, {"metadata": {"a": 1}})
    sent = await stage.send()
    await stage.try_call("GET", "/v1/nothing")
    told = await stage.events("api_call")
    assert [(one["method"], one["path"], one["status"], one["body"]) for one in told[:2]] == [
        ("GET", path, 200, None),
        ("PATCH", path, 200, {"metadata": {"a": 1}}),
    ]
    assert {one["conversation_id"] for one in told[:3]} == {sent["conversation_id"]}
    assert (told[3]["path"], told[3]["status"]) == ("/v1/nothing", 404)


@staged()
async def test_a_conversation_is_told_when_it_is_new_or_changed(stage: Stage):
    written = await stage.text()
    await stage.text(channel="sms")
    path = f"/v1/conversations/{written['conversation_id']}"
    await stage.call("PATCH", path, {"metadata": {"a": 1}})
    told = [one["conversation"] for one in await stage.events("conversation")]
    assert [(one["channel"], one["metadata"]) for one in told] == [
        ("imessage", None),
        ("sms", None),
        ("sms", {"a": 1}),
    ]


def test_a_page_holds_a_thousand_and_says_where_to_go_on():
    log = filled(2500)
    page = log.after(0)
    assert [page[0]["seq"], page[-1]["seq"], len(page)] == [1, 1000, 1000]
    assert [event["seq"] for event in log.after(2400)] == list(range(2401, 2501))


def test_old_events_are_forgotten_and_their_numbers_never_used_again():
    log = filled(2 * events.KEPT + 1)
    assert log.last == 2 * events.KEPT + 1
    assert log.after(0)[0]["seq"] == events.KEPT + 1
    assert [event["n"] for event in log.after(log.last - 1)] == [2 * events.KEPT]


def test_a_reader_from_another_line_begins_at_the_beginning():
    assert [event["seq"] for event in filled(3).after(99)] == [1, 2, 3]
    assert filled(3).after(3) == []


@pytest.mark.parametrize("resume", [{"Last-Event-ID": "1"}, {}])
def test_a_stream_starts_where_the_reader_left_off_and_follows(resume: dict):
    twin = Twin(webhook_url=None)
    with served(create_app(twin)) as address, httpx.Client(base_url=address, timeout=5) as client:
        client.post("/handset/messages", json={"from_handle": ANA, "body": "One"})
        headers = {"Accept": "text/event-stream"} | resume
        with client.stream("GET", "/handset/events?after=1", headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()

            def next_event() -> tuple[str, dict]:
                found = [next(line for line in lines if line.startswith("id: "))]
                found.append(next(lines))
                return found[0].removeprefix("id: "), json.loads(found[1].removeprefix("data: "))

            seq, event = next_event()
            assert (seq, event["type"], event["body"]) == ("2", "message", "One")
            client.post("/handset/messages", json={"from_handle": ANA, "body": "Two"})
            seq, event = next_event()
            assert (seq, event["body"]) == ("3", "Two")


def test_a_server_that_stops_does_not_wait_for_a_reader():
    app = create_app(Twin(webhook_url=None))
    headers = {"Accept": "text/event-stream"}
    with httpx.Client(timeout=5) as client, ExitStack() as reading:
        with served(app, timeout_graceful_shutdown=30) as address:
            address = f"{address}/handset/events"
            stream = reading.enter_context(client.stream("GET", address, headers=headers))
            assert next(stream.iter_lines()).startswith(":")
            began = time.monotonic()
        assert time.monotonic() - began < 5


@staged()
async def test_a_strange_place_to_resume_is_refused(stage: Stage):
    headers = {"Accept": "text/event-stream", "Last-Event-ID": "x"}
    assert (await stage.try_call("GET", "/handset/events", headers=headers)).status_code == 422
