"""POST /v1/messages: who it is from, where it goes, and what arrives."""

from __future__ import annotations

import pytest

from tests.emulator.stage import ANA, BO, CAT, DOG, IMESSAGE, SMS, Stage, staged


async def first(stage: Stage, conversation_id: str) -> dict:
    return (await stage.screen(conversation_id))["messages"][0]


@pytest.mark.parametrize("written", ["(555) 555-0123", "+1 555 555 0123", "1.555.555.0123", ANA])
@staged()
async def test_a_number_may_be_written_in_any_format(stage: Stage, written: str):
    sent = await stage.send(to=written)
    assert sent["to_number"] == ANA


@staged()
async def test_an_email_address_is_reached_by_imessage(stage: Stage):
    sent = await stage.send(to="Kim@Example.com")
    assert (sent["to_number"], sent["channel"]) == ("kim@example.com", "imessage")


@staged()
async def test_a_short_code_is_reached_by_sms(stage: Stage):
    sent = await stage.send(to="24365")
    assert (sent["to_number"], sent["channel"]) == ("24365", "sms")


@staged()
async def test_an_email_address_cannot_be_texted_from_an_sms_number(stage: Stage):
    body = {"from_number": SMS, "to_number": "kim@example.com", "body": "Hi"}
    assert (await stage.refused("POST", "/v1/messages", body))[0] == 400


@staged()
async def test_emergency_numbers_are_restricted(stage: Stage):
    body = {"from_number": IMESSAGE, "to_number": "911", "body": "Hi"}
    assert (await stage.refused("POST", "/v1/messages", body))[0] == 403


@pytest.mark.parametrize("nonsense", ["hello", "", "+1", "a@b"])
@staged()
async def test_what_is_no_number_is_refused_by_name(stage: Stage, nonsense: str):
    body = {"from_number": IMESSAGE, "to_number": nonsense, "body": "Hi"}
    status, code, text = await stage.refused_fields("POST", "/v1/messages", body)
    assert (status, code, "to_number" in text) == (422, "VALIDATION_ERROR", True)


@staged()
async def test_the_senders_number_wins_over_its_id_and_that_over_the_agent(stage: Stage):
    imessage, sms = (await stage.call("GET", "/handset/line"))["numbers"]
    agent = stage.twin.line.numbers[sms["id"]].agent_id
    both = {"from_number": SMS, "number_id": imessage["id"], "agent_id": agent}
    by_id = {"number_id": sms["id"], "agent_id": agent}
    for sender, expected in ((both, SMS), (by_id, SMS), ({"agent_id": agent}, IMESSAGE)):
        sent = await stage.call("POST", "/v1/messages", sender | {"to_number": ANA, "body": "Hi"})
        assert sent["from_number"] == expected


@staged()
async def test_without_a_sender_nothing_is_sent(stage: Stage):
    body = {"to_number": ANA, "body": "Hi"}
    assert (await stage.refused_fields("POST", "/v1/messages", body))[0] == 422
    assert stage.twin.line.messages == {}


@staged()
async def test_a_number_of_nobody_cannot_send(stage: Stage):
    number = stage.twin.line.active_numbers()[0]
    path = f"/v1/agents/{number.agent_id}/numbers/{number.id}"
    await stage.call("DELETE", path)
    body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hi"}
    assert (await stage.refused("POST", "/v1/messages", body))[0] == 400


@staged()
async def test_an_unknown_sender_is_not_found(stage: Stage):
    body = {"from_number": "+15550109999", "to_number": ANA, "body": "Hi"}
    refused = await stage.refused("POST", "/v1/messages", body)
    assert refused[:2] == (404, "PHONE_NUMBER_NOT_FOUND")


@pytest.mark.parametrize("to", [{}, {"to_number": ANA, "recipients": [ANA, BO]}])
@staged()
async def test_a_chat_or_recipients_are_given_never_both(stage: Stage, to: dict):
    body = {"from_number": IMESSAGE, "body": "Hi"} | to
    assert (await stage.refused_fields("POST", "/v1/messages", body))[0] == 422


@staged()
async def test_recipients_start_a_new_group_every_time(stage: Stage):
    body = {"from_number": IMESSAGE, "recipients": [ANA, "kim@example.com"], "body": "Hi all"}
    one = await stage.call("POST", "/v1/messages", body)
    two = await stage.call("POST", "/v1/messages", body)
    assert one["to_number"].startswith("grp_") and one["to_number"] != two["to_number"]
    more = await stage.send("More", to=one["to_number"])
    assert more["conversation_id"] == one["conversation_id"]
    screen = await stage.screen(one["conversation_id"])
    assert [person["handle"] for person in screen["participants"]] == [ANA, "kim@example.com"]
    assert screen["is_group"] and len(screen["messages"]) == 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"recipients": [ANA]}, 422),
        ({"recipients": [ANA, "(555) 555-0123"]}, 422),
        ({"recipients": [f"+1555555{n:04d}" for n in range(33)]}, 422),
        ({"from_number": SMS}, 400),
        ({"recipients": [ANA, "24365"]}, 400),
    ],
)
@staged()
async def test_a_group_is_two_to_thirty_two_people_on_imessage(
    stage: Stage, change: dict, status: int
):
    body = {"from_number": IMESSAGE, "recipients": [ANA, BO], "body": "Hi"} | change
    answer = await stage.try_call("POST", "/v1/messages", body)
    assert answer.status_code == status
    assert stage.twin.line.conversations == {}


@staged()
async def test_an_unknown_reply_target_rejects_the_whole_send(stage: Stage):
    there = await stage.text()
    body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hi", "reply_to_message_id": "gone"}
    assert await stage.refused("POST", "/v1/messages", body) == (
        404,
        "NOT_FOUND",
        "Reply target not found.",
    )
    assert len((await stage.screen(there["conversation_id"]))["messages"]) == 1


@staged()
async def test_a_message_of_another_conversation_is_no_reply_target(stage: Stage):
    other = await stage.text(by=BO)
    await stage.text()
    target = other["messages"][0]["id"]
    body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hi", "reply_to_message_id": target}
    assert (await stage.refused("POST", "/v1/messages", body))[0] == 404


@staged()
async def test_effects_and_threads_arrive_on_imessage(stage: Stage):
    there = await stage.text()
    target = there["messages"][0]["id"]
    sent = await stage.send("Yes!", send_style="confetti", reply_to_message_id=target)
    bubble = (await stage.screen(sent["conversation_id"]))["messages"][-1]
    assert (bubble["send_style"], bubble["reply_to_message_id"]) == ("confetti", target)
    assert sent["reply_parent_unresolved"] is False
    stored = await stage.call("GET", f"/v1/conversations/{sent['conversation_id']}")
    assert stored["messages"][-1]["replyTo"] == {
        "messageId": target,
        "message": "Hi",
        "mediaUrls": [],
    }


@staged()
async def test_sms_drops_effects_and_threads_and_sends_the_words(stage: Stage):
    there = await stage.text(channel="sms")
    target = there["messages"][0]["id"]
    sent = await stage.send("Yes!", send_style="confetti", reply_to_message_id=target)
    bubble = (await stage.screen(sent["conversation_id"]))["messages"][-1]
    assert (bubble["send_style"], bubble["reply_to_message_id"]) == (None, None)
    assert (sent["channel"], sent["reply_parent_unresolved"]) == ("sms", True)


@staged()
async def test_a_carousel_is_stored_as_one_message_for_each_picture(stage: Stage):
    sent = await stage.send("", media_urls=[CAT, DOG])
    bubbles = (await stage.screen(sent["conversation_id"]))["messages"]
    assert [bubble["media_urls"] for bubble in bubbles] == [[CAT], [DOG]]
    assert sent["id"] == bubbles[0]["id"] and sent["media_urls"] == [CAT, DOG]


@staged()
async def test_a_carousel_carries_no_text_but_mms_does(stage: Stage):
    body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Look", "media_urls": [CAT, DOG]}
    assert (await stage.refused("POST", "/v1/messages", body))[0] == 400
    sent = await stage.call("POST", "/v1/messages", body | {"from_number": SMS})
    assert sent["channel"] == "mms"
    bubble = await first(stage, sent["conversation_id"])
    assert (bubble["body"], bubble["media_urls"]) == ("Look", [CAT, DOG])


@staged()
async def test_the_deprecated_single_picture_is_still_taken(stage: Stage):
    sent = await stage.send("Look", media_url=CAT)
    assert sent["media_urls"] == [CAT]


@pytest.mark.parametrize(
    "change",
    [
        {"media_urls": [CAT], "media_url": DOG},
        {"media_urls": ["http://pictures.example.com/cat.jpg"]},
        {"media_urls": ["ftp://pictures.example.com/cat.jpg"]},
        {"media_urls": [CAT] * 21},
        {"send_style": "sparkle"},
        {"body": ""},
        {"body": None},
        {"channel": "sms"},
    ],
)
@staged()
async def test_a_body_that_breaks_the_schema_is_a_422_in_both_shapes(stage: Stage, change: dict):
    body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hi"} | change
    status, code, text = await stage.refused_fields("POST", "/v1/messages", body)
    assert (status, code) == (422, "VALIDATION_ERROR") and text
    assert stage.twin.line.messages == {}


@pytest.mark.parametrize(
    "change",
    [{"channel": "whatsapp"}, {"buttons": [1]}, {"list": {"a": 1}}, {"template": {"a": 1}}],
)
@staged()
async def test_whatsapp_is_refused_by_its_own_code(stage: Stage, change: dict):
    body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hi"} | change
    refused = await stage.refused("POST", "/v1/messages", body)
    assert refused[:2] == (403, "WHATSAPP_NOT_ENABLED")


@staged()
async def test_camel_case_is_not_read_where_the_wire_is_snake_case(stage: Stage):
    body = {"fromNumber": IMESSAGE, "toNumber": ANA, "body": "Hi"}
    assert (await stage.refused_fields("POST", "/v1/messages", body))[0] == 422


@staged()
async def test_an_unregistered_account_cannot_text_by_sms(stage: Stage):
    await stage.call("PUT", "/handset/switches", {"sms_registered": False})
    body = {"from_number": SMS, "to_number": ANA, "body": "Hi"}
    status, _, text = await stage.refused("POST", "/v1/messages", body)
    assert status == 403 and "https://" in text
    assert (await stage.send())["channel"] == "imessage"


@staged()
async def test_a_message_is_delivered_and_then_read_as_the_clock_moves(stage: Stage):
    sent = await stage.send()
    path = f"/v1/conversations/{sent['conversation_id']}"
    seen = []
    for seconds in (0, 0.5, 1.5):
        await stage.advance(seconds)
        message = (await stage.call("GET", path))["messages"][0]
        shown = await first(stage, sent["conversation_id"])
        seen.append((message["status"], message["readAt"] is not None, shown["status"]))
    assert seen == [
        ("sent", False, "sent"),
        ("delivered", False, "delivered"),
        ("delivered", True, "read"),
    ]
    assert message["deliveredChannel"] == "imessage"
    told = [event["status"] for event in await stage.events("message")]
    assert told == ["sent", "delivered", "read"]


@staged()
async def test_nobody_without_receipts_tells_that_they_read(stage: Stage):
    await stage.call("POST", "/handset/people", {"handle": ANA, "receipts": False})
    sent = await stage.send()
    await stage.advance(3600)
    assert (await first(stage, sent["conversation_id"]))["status"] == "delivered"


@staged()
async def test_somebody_who_cannot_be_reached_makes_a_message_fail(stage: Stage):
    await stage.call("POST", "/handset/people", {"handle": ANA, "reachable": False})
    sent = await stage.send()
    assert sent["status"] == "sent"
    await stage.advance(1)
    shown = await first(stage, sent["conversation_id"])
    assert (shown["status"], shown["failure_reason"]) == (
        "failed",
        "The recipient cannot be reached.",
    )


@staged()
async def test_stop_is_a_word_like_any_other_unless_the_carrier_blocks(stage: Stage):
    await stage.text("STOP", channel="sms")
    assert stage.webhooks[0].data["message"] == "STOP"
    passed = await stage.send("Still here")
    await stage.call("PUT", "/handset/switches", {"carrier_stop": True})
    blocked = await stage.send("And now?")
    await stage.advance(1)
    bubbles = {b["id"]: b for b in (await stage.screen(passed["conversation_id"]))["messages"]}
    assert bubbles[passed["id"]]["status"] == "delivered"
    assert bubbles[blocked["id"]]["status"] == "failed"
    await stage.text("START", channel="sms")
    again = await stage.send("Welcome back")
    await stage.advance(1)
    bubbles = {b["id"]: b for b in (await stage.screen(passed["conversation_id"]))["messages"]}
    assert bubbles[again["id"]]["status"] == "delivered"
