"""Where trouble bites is told: calls with their reason, webhooks with their fault, the clock."""

from __future__ import annotations

from phone.emulator.courier import RETRY_AFTER
from tests.emulator.stage import ANA, IMESSAGE, Stage, staged

SENDING = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hello"}


async def told(stage: Stage, type: str) -> dict:
    return (await stage.events(type))[-1]


@staged()
async def test_a_call_answered_500_after_the_work_is_told_with_the_message_it_left(stage: Stage):
    fault = {"method": "POST", "path": "/v1/messages", "status": 500, "after_effect": True}
    await stage.call("PUT", "/handset/faults", [fault])
    await stage.try_call("POST", "/v1/messages", SENDING)
    (message_id,) = stage.twin.line.messages
    call = await told(stage, "api_call")
    assert (call["status"], call["message_id"], call["fault"]) == (500, message_id, True)
    await stage.send()
    call = await told(stage, "api_call")
    assert (call["status"], call["reason"], call["fault"]) == (200, None, False)


@staged()
async def test_a_refused_call_is_told_with_the_words_of_the_refusal(stage: Stage):
    await stage.text(channel="sms")
    await stage.call("PUT", "/handset/switches", {"sms_registered": False})
    await stage.try_call("POST", "/v1/messages", SENDING)
    call = await told(stage, "api_call")
    assert (call["status"], call["message_id"]) == (403, None)
    assert "10DLC" in call["reason"]
    await stage.try_call("POST", "/v1/messages", {"to_number": 7})
    assert isinstance((await told(stage, "api_call"))["reason"], str)


@staged()
async def test_with_reply_targets_gone_only_answers_in_thread_are_refused(stage: Stage):
    written = await stage.text()
    await stage.call("PUT", "/handset/switches", {"reply_targets_gone": True})
    reply = {"reply_to_message_id": written["messages"][0]["id"]}
    status, _, words = await stage.refused("POST", "/v1/messages", SENDING | reply)
    assert (status, words) == (404, "Reply target not found.")
    await stage.send()


@staged()
async def test_a_webhook_that_is_down_is_tried_again_and_comes_when_it_is_up(stage: Stage):
    await stage.call("PUT", "/handset/switches", {"webhook_down": True})
    written = await stage.text("still there?")
    delivery = await told(stage, "webhook_delivery")
    assert stage.webhooks == []
    assert delivery["message_id"] == written["messages"][0]["id"]
    assert delivery["status"] is None and "down" in delivery["error"]
    assert delivery["next_attempt_at"] > delivery["at"]
    await stage.call("PUT", "/handset/switches", {"webhook_down": False})
    await stage.advance(RETRY_AFTER[0])
    assert [hook.data["message"] for hook in stage.webhooks] == ["still there?"]
    delivery = await told(stage, "webhook_delivery")
    assert (delivery["status"], delivery["next_attempt_at"]) == (200, None)


@staged()
async def test_a_fault_that_takes_hold_of_a_webhook_is_told_with_its_message(stage: Stage):
    await stage.call("PUT", "/handset/webhook-faults", [{"action": "duplicate", "times": 2}])
    written = await stage.text()
    fault = await told(stage, "webhook_fault")
    assert (fault["action"], fault["message_id"]) == ("duplicate", written["messages"][0]["id"])
    (left,) = await stage.call("GET", "/handset/webhook-faults")
    assert (left["action"], left["times"]) == ("duplicate", 1)


@staged()
async def test_the_number_of_the_newest_event_is_where_to_follow_from(stage: Stage):
    for _ in range(1200):
        stage.twin.line.emit("clock")
    last = (await stage.call("GET", "/handset/events/last"))["last"]
    assert await stage.events(after=last) == []
    await stage.text("news")
    assert (await stage.events("message", after=last))[0]["body"] == "news"


@staged()
async def test_whoever_follows_the_line_hears_that_the_clock_was_moved(stage: Stage):
    await stage.advance(3600)
    line = await stage.call("GET", "/handset/line")
    assert (await told(stage, "clock"))["now"] == line["now"]
