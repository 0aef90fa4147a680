"""The doorway: what is taken in, what is turned away, and what is taken in only once."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from memory.tables import DeadLetter, Event, Message
from phone.clock import HeldClock
from phone.webhook import sign
from tests.house import ANA, House, run, script

OK = {"ok": True}
OURS = "+15550100001"


def message(text: str = "hi", **changes: Any) -> dict[str, Any]:
    """An `agent.message`. `event`, `channel` and `test` change the envelope, others its data."""
    envelope = {"event": "agent.message", "channel": "sms", "timestamp": "2026-01-01T00:00:01Z"}
    envelope |= {key: changes.pop(key) for key in ("event", "channel", "test") if key in changes}
    data = {
        "messageId": "msg_1",
        "conversationId": "conv_1",
        "from": ANA,
        "to": OURS,
        "message": text,
        "direction": "inbound",
        "receivedAt": "2026-01-01T00:00:00Z",
    }
    return envelope | {"agentId": None, "data": data | changes}


async def nothing_stored(house: House) -> bool:
    """Whether the doorway kept nothing at all."""
    return not [row for table in (Event, DeadLetter, Message) for row in await house.rows(table)]


def test_a_webhook_that_comes_twice_is_one_turn():
    async def story(house: House) -> None:
        await house.webhook_fault("duplicate")
        sent = await house.text("hi")
        assert (await house.answered(sent.conversation_id)).bodies == ["hello"]
        deliveries = await house.happened("webhook_delivery", times=2)
        assert [d["status"] for d in deliveries] == [200, 200]
        assert len(await house.settled(turns=1)) == 1
        assert len(await house.messages()) == 1

    run(story, script("hello"))


def test_the_same_message_under_another_delivery_id_is_one_turn():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        [event] = await house.rows(Event)
        answer = await house.webhook(event.body, webhook_id="del_other")
        assert (answer.status_code, answer.json()) == (200, OK)
        assert len(await house.settled(turns=1)) == 1
        assert len(await house.messages()) == 1

    run(story, script("hello"))


def test_another_message_under_a_known_delivery_id_is_another_turn():
    async def story(house: House) -> None:
        for turn, words in enumerate(["one", "two"], start=1):
            body = message(words, messageId=f"msg_{turn}", conversationId=None)
            assert (await house.webhook(body, webhook_id="del_same")).status_code == 200
            await house.settled(turns=turn)
        assert [m.text for m in await house.messages()] == ["one", "two"]

    run(story, script("first", "second"))


def test_something_else_under_a_known_delivery_id_is_kept_and_not_answered(
    caplog: pytest.LogCaptureFixture,
):
    async def story(house: House) -> None:
        for words in ["one", "two", "two"]:  # as in older payloads, without an id of their own
            body = message(words, messageId=None)
            answer = await house.webhook(body, webhook_id="del_same")
            assert (answer.status_code, answer.json()) == (200, OK)
        await house.settled(turns=1)
        assert [m.text for m in await house.messages()] == ["one"]
        assert [event.why for event in await house.rows(Event)] == [None, "conflict"]

    with caplog.at_level(logging.ERROR, logger="server"):
        run(story, script("first"))
    assert "another webhook under the known id del_same is kept" in caplog.text


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_clock_ten_minutes_off_is_refused_and_said_until_it_is_right(minutes: int):
    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        signed_at = str(int(house.clock.now()))
        house.clock.advance(minutes * 60)
        for number in range(3):
            body = message(messageId=f"msg_{number}")
            assert (await house.webhook(body, timestamp=signed_at)).status_code == 401
        assert await nothing_stored(house)
        ready = await house.http.get("/readyz")
        assert ready.status_code == 503
        assert "set this machine's clock" in ready.json()["clock"]
        for number in range(3):
            assert (await house.webhook(message(messageId=f"msg_{number}"))).status_code == 200
        assert (await house.http.get("/readyz")).json()["clock"] is None

    run(story, script("hello", last_for_ever=True), clock=HeldClock())


def test_one_recorded_webhook_replayed_for_ever_says_nothing_about_the_clock():
    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        signed_at = str(int(house.clock.now()))
        house.clock.advance(600)
        for _ in range(20):
            assert (await house.webhook(message(), timestamp=signed_at)).status_code == 401
        assert (await house.http.get("/readyz")).status_code == 200

    run(story, script(), clock=HeldClock())


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": None},
        {"timestamp": None},
        {"signature": ""},
        {"signature": "sha256=" + "0" * 64},
        {"signature": "sha256=ü"},
        {"timestamp": "1700000000"},
    ],
    ids=str,
)
def test_what_is_not_signed_just_now_is_turned_away_and_not_kept(changes: dict[str, str | None]):
    async def story(house: House) -> None:
        if changes.get("signature") == "sha256=ü":
            headers = [(b"X-Webhook-Signature", "sha256=ü".encode("latin-1"))]
            answer = await house.http.post("/webhooks/agentphone", content=b"{}", headers=headers)
        else:
            answer = await house.webhook(message(), **changes)
        assert (answer.status_code, answer.json()) == (401, {"ok": False})
        assert await nothing_stored(house)

    run(story, script())


@pytest.mark.parametrize("twice", ["X-Webhook-Signature", "X-Webhook-Timestamp"])
def test_a_header_that_stands_there_twice_counts_as_missing(twice: str):
    async def story(house: House) -> None:
        assert house.local.deployment is not None
        timestamp = int(house.local.deployment.clock.now())
        secret = house.webhook_secret
        headers = [
            ("X-Webhook-Signature", sign(b"{}", secret=secret, timestamp=timestamp)),
            ("X-Webhook-Timestamp", str(timestamp)),
        ]
        headers += [header for header in headers if header[0] == twice]
        answer = await house.http.post("/webhooks/agentphone", content=b"{}", headers=headers)
        assert answer.status_code == 401
        assert await nothing_stored(house)

    run(story, script())


def test_a_webhook_with_a_wrong_signature_from_the_line_is_turned_away():
    async def story(house: House) -> None:
        await house.webhook_fault("bad_signature")
        await house.text("hi")
        deliveries = await house.happened("webhook_delivery")
        assert deliveries[0]["status"] == 401
        assert await nothing_stored(house)

    run(story, script())


def test_a_body_larger_than_a_webhook_ever_is_is_turned_away():
    async def story(house: House) -> None:
        answer = await house.webhook(b" " * (1024 * 1024 + 1))
        assert answer.status_code == 413
        assert await nothing_stored(house)

    run(story, script())


UNREADABLE = [
    b"",
    b"not json",
    b"[]",
    b"null",
    b"\xff",
    b'{"event": "agent.message"}',
    b'{"event": "agent.message", "data": null}',
    b'\xef\xbb\xbf{"event": "agent.message"}',
    '{"event": "agent.message"}'.encode("utf-16"),
    b'{"event": "agent.message", "n": NaN}',
    b'{"event": "agent.message", "n": ' + b"9" * 5000 + b"}",
    b'{"event": "agent.message", "data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
]


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_signed_and_cannot_be_read_is_kept_for_a_person_to_look_at(body: bytes):
    async def story(house: House) -> None:
        answer = await house.webhook(body)
        assert (answer.status_code, answer.json()) == (200, OK)
        [letter] = await house.rows(DeadLetter)
        assert letter.body == body
        assert letter.reason
        assert await house.messages() == []

    run(story, script())


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (message(direction="outbound"), "outbound"),
        (message(test=True), "test"),
        (message(event="agent.daydream"), "unknown_event"),
        (message(event="agent.call_ended"), "call_ended"),
        (message(**{"from": "+15550100002"}), "own_number"),
    ],
    ids=["outbound", "test", "unknown", "call_ended", "own_number"],
)
def test_what_is_not_for_the_agent_to_answer_is_kept_and_starts_nothing(
    body: dict[str, Any], why: str
):
    async def story(house: House) -> None:
        deployment = house.local.deployment
        assert deployment is not None
        await house.until(lambda _: deployment.own_numbers)
        answer = await house.webhook(body)
        assert (answer.status_code, answer.json()) == (200, OK)
        [event] = await house.rows(Event)
        assert event.why == why
        assert await house.messages() == []
        assert await house.settled(turns=0) == []

    run(story, script())


def test_a_caller_hears_that_only_texts_are_read():
    async def story(house: House) -> None:
        call = {"callId": "c", "from": ANA, "to": OURS, "transcript": "hello?"}
        answer = await house.webhook(message(channel="voice", **call))
        assert answer.status_code == 200
        assert "text us" in answer.json()["text"]
        assert answer.json()["hangup"] is True
        assert await house.settled(turns=0) == []

    run(story, script())


def test_half_an_emoji_a_nul_and_a_key_given_twice_cost_nobody_the_message():
    played = script("hello")

    async def story(house: House) -> None:
        body = json.dumps(message("first")).replace(
            '"first"', r'"first", "message": "a\u0000\ud83d b"'
        )
        assert (await house.webhook(body.encode())).status_code == 200
        await house.settled(turns=1)
        assert played.asked()[-1].endswith("\na␀\ufffd b")
        [event] = await house.rows(Event)
        assert event.body == body.encode(), "as it came"

    run(story, played)


def test_only_post_is_listened_to():
    async def story(house: House) -> None:
        for method in ("GET", "PUT", "HEAD"):
            answer = await house.http.request(method, "/webhooks/agentphone")
            assert answer.status_code == 405

    run(story, script())


def test_a_webhook_that_cannot_be_stored_is_asked_for_again():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        assert (await house.http.get("/readyz")).status_code == 200
        assert house.local.deployment is not None
        await house.local.deployment.store.close()
        answer = await house.webhook(message())
        assert (answer.status_code, answer.json()) == (503, {"ok": False})
        assert int(answer.headers["retry-after"]) > 0
        ready = await house.http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["database"]

    run(story, script("hello"))


def test_an_older_payload_without_a_message_id_is_answered():
    played = script("hello")

    async def story(house: House) -> None:
        await house.switch(profile="2025")
        sent = await house.text("hi")
        assert (await house.answered(sent.conversation_id)).bodies == ["hello"]
        assert played.asked()[-1].endswith("\nhi")

    run(story, played)


def test_a_webhook_answers_at_once_and_the_thinking_comes_after():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        events = await house.events()
        delivered = next(e["seq"] for e in events if e["type"] == "webhook_delivery")
        answered = next(
            e["seq"]
            for e in events
            if e["type"] == "message" and e["message"]["direction"] == "outbound"
        )
        assert delivered < answered
        assert json.loads((await house.rows(Event))[0].body)["event"] == "agent.message"

    run(story, script("hello"))
