"""Webhooks: what they say, how they are signed, when they are tried again, how they go wrong."""

from __future__ import annotations

import asyncio
import json
import time

import httpx
import pytest
from agentphone import construct_event

from phone.clock import HeldClock
from phone.emulator.courier import RETRY_AFTER
from phone.emulator.receiving import Writing, receive
from phone.emulator.twin import Twin
from tests.emulator.stage import (
    ANA,
    BO,
    CAT,
    HOOK,
    IMESSAGE,
    SECRET,
    SMS,
    Stage,
    Webhook,
    settle,
    staged,
)


def opened(webhook: Webhook, *, secret: str = SECRET, tolerance: int | None = None):
    """The event, if the vendor's own verifier takes it."""
    return construct_event(
        webhook.raw,
        webhook.headers["x-webhook-signature"],
        secret,
        webhook.headers["x-webhook-timestamp"],
        tolerance,
    )


def is_genuine(webhook: Webhook, *, secret: str = SECRET) -> bool:
    try:
        opened(webhook, secret=secret)
    except Exception:
        return False
    return True


@staged()
async def test_a_text_arrives_as_a_signed_event(stage: Stage):
    written = await stage.text("Hé 👋")
    (hook,) = stage.webhooks
    message, number = written["messages"][0]["id"], stage.twin.line.active_numbers()[0]
    assert opened(hook).data.message == "Hé 👋"
    assert hook.headers["content-type"] == "application/json"
    assert hook.headers["x-webhook-id"] == f"del_{message}_{number.id}"
    assert hook.headers["x-webhook-event"] == "agent.message"
    assert hook.headers["x-webhook-timestamp"] == "1800000000"
    assert hook.body == {
        "event": "agent.message",
        "channel": "imessage",
        "timestamp": "2027-01-15T08:00:00.000Z",
        "agentId": number.agent_id,
        "data": {
            "conversationId": written["conversation_id"],
            "numberId": number.id,
            "from": ANA,
            "to": IMESSAGE,
            "message": "Hé 👋",
            "mediaUrl": None,
            "mediaUrls": [],
            "direction": "inbound",
            "receivedAt": "2027-01-15T08:00:00.000Z",
            "messageId": message,
            "contact": None,
        },
        "conversationState": None,
        "recentHistory": [],
    }


@staged(wall=time.time)
async def test_signatures_carry_the_wall_clock_where_one_is_given(stage: Stage):
    await stage.text()
    assert opened(stage.webhooks[0], tolerance=300)


@staged(profile="2025")
async def test_the_older_shape_has_no_key_that_is_newer(stage: Stage):
    await stage.text("One")
    await stage.text("Two", media_urls=[CAT])
    body = stage.webhooks[1].body
    assert set(body["data"]) == {
        *("conversationId", "numberId", "from", "to", "message", "mediaUrl", "direction"),
        "receivedAt",
    }
    assert set(body["recentHistory"][0]) == {"content", "direction", "channel", "at"}


@staged()
async def test_memory_history_and_contact_ride_along(stage: Stage):
    contact = await stage.call("POST", "/v1/contacts", {"phoneNumber": ANA, "name": "Ana"})
    written = await stage.text("One")
    await stage.send("Two")
    path = f"/v1/conversations/{written['conversation_id']}"
    await stage.call("PATCH", path, {"metadata": {"mood": "good"}})
    await stage.text("Three")
    body = stage.webhooks[-1].body
    assert body["conversationState"] == {"mood": "good"}
    assert body["data"]["contact"] == {
        "id": contact["id"],
        "name": "Ana",
        "email": None,
        "phoneNumber": ANA,
    }
    history = [(item["content"], item["direction"]) for item in body["recentHistory"]]
    assert history == [("One", "inbound"), ("Two", "outbound")]
    assert body["recentHistory"][0]["messageId"] == written["messages"][0]["id"]


@pytest.mark.parametrize(("limit", "expected"), [(0, []), (2, ["3", "4"])])
@staged()
async def test_as_much_history_rides_along_as_the_hook_asks_for(stage, limit, expected):
    await stage.call("POST", "/v1/webhooks", {"url": HOOK, "contextLimit": limit})
    for n in range(1, 6):
        await stage.text(str(n))
    history = stage.webhooks[-1].body["recentHistory"]
    assert [item["content"] for item in history] == expected


@staged()
async def test_a_photo_is_found_on_the_host_the_client_calls_without_a_key(stage: Stage):
    await stage.call("GET", "/v1/numbers")
    await stage.text("", media_urls=[CAT])
    address = stage.webhooks[0].data["mediaUrl"]
    assert address.startswith("http://twin.test/v1/messages/")
    assert stage.webhooks[0].data["mediaUrls"] == [address]
    del stage.http.headers["Authorization"]
    photo = await stage.try_call("GET", address)
    assert photo.headers["content-type"] == "image/png" and photo.content[:4] == b"\x89PNG"


@staged(base_url="https://line.example.com")
async def test_the_twins_own_address_may_be_fixed(stage: Stage):
    await stage.text("", media_urls=[CAT])
    assert stage.webhooks[0].data["mediaUrl"].startswith("https://line.example.com/v1/messages/")


@staged()
async def test_the_agents_own_messages_come_back_only_where_switched(stage: Stage):
    await stage.send("Silent")
    await stage.call("PUT", "/handset/switches", {"outbound_copies": True})
    await stage.send("Copied")
    await stage.settle()
    (hook,) = stage.webhooks
    assert (hook.data["direction"], hook.data["message"]) == ("outbound", "Copied")


@staged()
async def test_a_failed_delivery_is_tried_five_more_times_on_schedule(stage: Stage):
    stage.answers = [503, httpx.ConnectError("refused"), 500, 408, 429, 502]
    await stage.text()
    assert len(stage.webhooks) == 1
    for count, seconds in enumerate(RETRY_AFTER, start=1):
        await stage.advance(seconds - 1)
        assert len(stage.webhooks) == count
        await stage.advance(1)
        assert len(stage.webhooks) == count + 1
    await stage.advance(10 * RETRY_AFTER[-1])
    assert len(stage.webhooks) == 6
    assert len({hook.headers["x-webhook-id"] for hook in stage.webhooks}) == 1
    assert len({hook.headers["x-webhook-timestamp"] for hook in stage.webhooks}) == 6
    assert all(is_genuine(hook) for hook in stage.webhooks)
    (item,) = (await stage.call("GET", "/v1/webhooks/deliveries"))["items"]
    assert (item["status"], item["attemptCount"], item["nextRetryAt"]) == ("failed", 6, None)
    attempts = (await stage.call("GET", "/handset/deliveries"))["deliveries"]
    assert [attempt["status"] for attempt in attempts] == [503, None, 500, 408, 429, 502]


@staged(time_scale=0.001)
async def test_the_schedule_may_be_compressed(stage: Stage):
    stage.answers = [503]
    await stage.text()
    await stage.advance(0.3)
    assert len(stage.webhooks) == 2
    (item,) = (await stage.call("GET", "/v1/webhooks/deliveries"))["items"]
    assert (item["status"], item["attemptCount"], item["httpStatus"]) == ("success", 2, 200)


@pytest.mark.parametrize(("switched", "attempts"), [(False, 1), (True, 2)])
@staged()
async def test_a_refused_webhook_is_lost_unless_so_switched(stage, switched, attempts):
    await stage.call("PUT", "/handset/switches", {"retry_refused": switched})
    stage.answers = [401]
    await stage.text()
    await stage.advance(RETRY_AFTER[0])
    assert len(stage.webhooks) == attempts


@staged()
async def test_a_retry_goes_to_the_address_and_secret_of_then(stage: Stage):
    stage.answers = [503]
    await stage.text()
    other = await stage.call("POST", "/v1/webhooks", {"url": "https://other.example.com/hook"})
    await stage.advance(RETRY_AFTER[0])
    assert stage.webhooks[1].url == "https://other.example.com/hook"
    assert is_genuine(stage.webhooks[1], secret=other["secret"])


@staged()
async def test_setting_the_webhook_again_keeps_its_id_and_makes_a_new_secret(stage: Stage):
    one = await stage.call("POST", "/v1/webhooks", {"url": HOOK})
    two = await stage.call("POST", "/v1/webhooks", {"url": HOOK, "contextLimit": 3, "timeout": 9})
    assert one["id"] == two["id"] and one["secret"] != two["secret"]
    assert (one["contextLimit"], one["timeout"]) == (10, 30)
    assert (two["contextLimit"], two["timeout"]) == (3, 9)
    assert await stage.call("GET", "/v1/webhooks") == two
    await stage.text()
    assert is_genuine(stage.webhooks[0], secret=two["secret"])


@pytest.mark.parametrize("url", ["http://far.example.com/hook", "ftp://x", "hook", "https://", ""])
@staged()
async def test_a_webhook_lives_at_https_or_on_this_machine(stage: Stage, url: str):
    refused = await stage.refused("POST", "/v1/webhooks", {"url": url})
    assert refused[:2] == (422, "VALIDATION_ERROR_URL")


@staged()
async def test_an_agents_own_webhook_takes_the_place_of_the_projects(stage: Stage):
    agent = (await stage.call("GET", "/v1/agents"))["data"][0]["id"]
    own = await stage.call(
        "POST", f"/v1/agents/{agent}/webhook", {"url": "https://own.example.com"}
    )
    await stage.text("One")
    await stage.call("DELETE", f"/v1/agents/{agent}/webhook")
    await stage.text("Two")
    assert [hook.url for hook in stage.webhooks] == ["https://own.example.com", HOOK]
    assert is_genuine(stage.webhooks[0], secret=own["secret"]) and is_genuine(stage.webhooks[1])
    assert len(await stage.call("GET", f"/v1/agents/{agent}/webhook/deliveries")) == 1
    assert (await stage.call("GET", "/v1/webhooks/deliveries"))["total"] == 1


@staged()
async def test_without_a_webhook_nothing_leaves(stage: Stage):
    await stage.call("DELETE", "/v1/webhooks")
    await stage.text()
    assert stage.webhooks == [] and await stage.call("GET", "/v1/webhooks") is None


@staged()
async def test_a_test_event_says_so_and_is_answered_with_how_it_went(stage: Stage):
    stage.answers = [200, 418, httpx.ConnectError("refused")]
    overrides = {"from": "+15555550777", "to": SMS, "message": "Hello", "channel": "mms"}
    good = await stage.call("POST", "/v1/webhooks/test", overrides)
    assert (good["success"], good["statusCode"], good["error"]) == (True, 200, None)
    event = opened(stage.webhooks[0])
    assert event.test is True and event.channel == "mms"
    assert (event.data.from_number, event.data.message) == ("+15555550777", "Hello")
    bad = await stage.call("POST", "/v1/webhooks/test")
    assert (bad["success"], bad["statusCode"]) == (False, 418) and bad["error"]
    dead = await stage.call("POST", "/v1/webhooks/test")
    assert (dead["success"], dead["statusCode"]) == (False, None) and "refused" in dead["error"]


@staged()
async def test_delivery_counts_are_true(stage: Stage):
    stage.answers = [200, 400, 503]
    for n in range(3):
        await stage.text(str(n))
    stats = await stage.call("GET", "/v1/webhooks/deliveries/stats?hours=1")
    counts = {"total": 3, "success": 1, "failed": 1, "pending": 1, "successRate": 50.0}
    assert stats["byEventType"] == {"agent.message": counts}
    assert {key: stats[key] for key in counts} == counts
    assert stats["byHour"] == [{"hour": "2027-01-15T08:00:00.000Z", **counts}]
    all_time = await stage.call("GET", "/v1/webhooks/deliveries/all-time")
    assert all_time == {"total": 3, "success": 1, "failed": 1, "successRate": 50.0}
    await stage.advance(7200)
    assert (await stage.call("GET", "/v1/webhooks/deliveries?hours=1"))["total"] == 0


async def with_fault(stage: Stage, *texts: str, **fault: object) -> list[str]:
    """What the listener heard when people wrote these texts under a fault."""
    await stage.call("PUT", "/handset/webhook-faults", [fault])
    for text in texts:
        await stage.text(text)
    return [hook.data["message"] for hook in stage.webhooks]


@staged()
async def test_a_duplicate_comes_twice_with_one_id(stage: Stage):
    assert await with_fault(stage, "a", "b", action="duplicate") == ["a", "a", "b"]
    assert stage.webhooks[0].headers["x-webhook-id"] == stage.webhooks[1].headers["x-webhook-id"]
    assert stage.webhooks[0].raw == stage.webhooks[1].raw
    (first, _) = (await stage.call("GET", "/v1/webhooks/deliveries"))["items"][::-1]
    assert (first["status"], first["attemptCount"]) == ("success", 2)


@staged()
async def test_a_delayed_one_comes_later(stage: Stage):
    assert await with_fault(stage, "a", "b", action="delay", seconds=20) == ["b"]
    await stage.advance(20)
    assert [hook.data["message"] for hook in stage.webhooks] == ["b", "a"]


@staged()
async def test_a_reordered_one_is_overtaken_by_the_next(stage: Stage):
    assert await with_fault(stage, "a", "b", "c", action="reorder") == ["b", "a", "c"]


@staged()
async def test_a_reordered_one_that_nothing_overtakes_comes_after_a_while(stage: Stage):
    assert await with_fault(stage, "a", action="reorder", seconds=3) == []
    await stage.advance(3)
    assert [hook.data["message"] for hook in stage.webhooks] == ["a"]


@staged()
async def test_a_dropped_one_never_comes(stage: Stage):
    assert await with_fault(stage, "a", "b", "c", action="drop", times=2) == ["c"]
    await stage.advance(10 * RETRY_AFTER[-1])
    assert len(stage.webhooks) == 1


@pytest.mark.parametrize("action", ["bad_signature", "old_secret"])
@staged()
async def test_a_badly_signed_one_is_refused_by_the_vendors_verifier(stage: Stage, action: str):
    await with_fault(stage, "a", "b", action=action)
    assert [is_genuine(hook) for hook in stage.webhooks] == [False, True]


@staged()
async def test_an_old_secret_is_the_one_before_this_one(stage: Stage):
    new = await stage.call("POST", "/v1/webhooks", {"url": HOOK})
    await with_fault(stage, "a", action="old_secret")
    assert is_genuine(stage.webhooks[0]) and not is_genuine(stage.webhooks[0], secret=new["secret"])


@staged()
async def test_every_attempt_is_an_event(stage: Stage):
    stage.answers = [503]
    written = await stage.text()
    await stage.advance(RETRY_AFTER[0])
    told = await stage.events("webhook_delivery")
    assert [(event["attempt"], event["status"]) for event in told] == [(1, 503), (2, 200)]
    assert told[0]["webhook_id"] == stage.webhooks[0].headers["x-webhook-id"]
    assert told[0]["conversation_id"] == written["conversation_id"]
    assert set(told[0]) >= {"event", "webhook_id", "attempt", "status", "seconds", "seq", "at"}


@staged()
async def test_registering_again_with_the_same_secret_leaves_the_older_one_old(stage: Stage):
    stage.twin.set_webhook(HOOK, secret="whsec_second")
    stage.twin.set_webhook(HOOK, secret="whsec_second")
    await with_fault(stage, "a", action="old_secret")
    assert is_genuine(stage.webhooks[0], secret=SECRET)


class SlowListener:
    """Takes webhooks, and answers none before the gate is open."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.begun: list[str] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.begun.append(json.loads(request.content)["data"]["message"])
        await self.gate.wait()
        return httpx.Response(200)


def write(twin: Twin, body: str, by: str = ANA) -> None:
    _, (message,) = receive(twin.line, Writing(from_handle=by, body=body))
    twin.courier.announce_message(message)


def test_one_conversation_is_delivered_in_order_and_others_do_not_wait():
    async def story() -> None:
        slow = SlowListener()
        transport = httpx.MockTransport(slow)
        async with Twin(clock=HeldClock(), webhook_url=HOOK, transport=transport) as twin:
            write(twin, "first")
            write(twin, "second")
            write(twin, "elsewhere", by=BO)
            await settle()
            assert slow.begun == ["first", "elsewhere"]
            slow.gate.set()
            await settle()
            assert slow.begun == ["first", "elsewhere", "second"]

    asyncio.run(story())


def test_a_twin_stopped_in_the_middle_of_a_delivery_makes_it_at_the_next_start():
    async def story() -> None:
        slow = SlowListener()
        transport = httpx.MockTransport(slow)
        twin = Twin(clock=HeldClock(), webhook_url=HOOK, transport=transport)
        async with twin:
            write(twin, "cut short")
            await settle()
        slow.gate.set()
        async with twin:
            await settle()
        assert slow.begun == ["cut short", "cut short"]
        assert [one.status for one in twin.line.deliveries.values()] == ["success"]

    asyncio.run(story())


def test_a_consumer_that_is_too_slow_has_not_answered():
    async def story() -> None:
        slow = SlowListener()
        transport = httpx.MockTransport(slow)
        async with Twin(clock=HeldClock(), webhook_url=HOOK, transport=transport) as twin:
            twin.set_webhook(HOOK, timeout=0)
            write(twin, "hello?")
            await settle()
            (attempt,) = twin.courier.attempts
            assert attempt.status is None and "No answer within" in (attempt.error or "")

    asyncio.run(story())


def test_a_consumer_that_crashes_in_this_process_is_an_attempt_that_failed():
    async def crash(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError("oh")

    async def story() -> None:
        transport = httpx.MockTransport(crash)
        async with Twin(clock=HeldClock(), webhook_url=HOOK, transport=transport) as twin:
            write(twin, "hello?")
            await settle()
            (attempt,) = twin.courier.attempts
            assert (attempt.status, attempt.error) == (None, "ZeroDivisionError: oh")

    asyncio.run(story())
