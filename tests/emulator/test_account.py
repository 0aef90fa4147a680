"""Agents, numbers, contacts and usage, where they touch messages."""

from __future__ import annotations

import pytest

from phone.emulator.api_usage import segments
from tests.emulator.stage import ANA, BO, IMESSAGE, SMS, Stage, staged


@staged()
async def test_a_numbers_messages_name_their_sender_with_an_underscore(stage: Stage):
    await stage.text()
    number = stage.twin.line.active_numbers()[0].id
    (item,) = (await stage.call("GET", f"/v1/numbers/{number}/messages"))["data"]
    assert set(item) == {"id", "from_", "to", "body", "direction", "channel", "receivedAt"}
    assert (item["from_"], item["to"]) == (ANA, IMESSAGE)


@staged()
async def test_removing_an_agent_frees_its_numbers_and_its_webhook(stage: Stage):
    agent = (await stage.call("GET", "/v1/agents"))["data"][0]["id"]
    await stage.call("POST", f"/v1/agents/{agent}/webhook", {"url": "https://own.example.com"})
    await stage.call("DELETE", f"/v1/agents/{agent}")
    numbers = (await stage.call("GET", "/v1/numbers"))["data"]
    assert [number["agentId"] for number in numbers] == [None, None]
    await stage.text()
    assert stage.webhooks[0].body["agentId"] is None
    assert stage.webhooks[0].url.endswith("/hook")


@staged()
async def test_a_released_number_takes_and_sends_nothing_but_can_be_read(stage: Stage):
    written = await stage.text()
    number = stage.twin.line.active_numbers()[0].id
    await stage.call("DELETE", f"/v1/numbers/{number}")
    body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hi"}
    assert (await stage.refused("POST", "/v1/messages", body))[0] == 404
    assert (await stage.text())["channel"] == "sms"
    path = f"/v1/conversations/{written['conversation_id']}"
    assert (await stage.call("GET", path))["capabilities"]["canSendMessages"] is False


@staged()
async def test_an_account_has_ten_numbers_at_most(stage: Stage):
    for _ in range(8):
        await stage.call("POST", "/v1/numbers", {"areaCode": "212"})
    refused = await stage.refused("POST", "/v1/numbers", {})
    assert refused[:2] == (409, "VALIDATION_ERROR_NUMBER_LIMIT")
    usage = await stage.call("GET", "/v1/usage")
    assert usage["numbers"] == {"used": 10, "limit": 10, "remaining": 0}


@staged()
async def test_a_bought_number_belongs_to_its_agent_and_differs_from_the_others(stage: Stage):
    agent = (await stage.call("POST", "/v1/agents", {"name": "Two"}))["id"]
    body = {"areaCode": "212", "agentId": agent, "type": "imessage"}
    numbers = [(await stage.call("POST", "/v1/numbers", body))["phoneNumber"] for _ in range(2)]
    assert numbers == ["+12125550000", "+12125550001"]
    sent = await stage.call(
        "POST", "/v1/messages", {"agent_id": agent, "to_number": ANA, "body": "Hi"}
    )
    assert sent["from_number"] == numbers[0]
    listed = await stage.call("GET", f"/v1/agents/{agent}/conversations")
    assert [one["id"] for one in listed["data"]] == [sent["conversation_id"]]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/agents/x"),
        ("GET", "/v1/numbers/x"),
        ("GET", "/v1/contacts/x"),
        ("DELETE", "/v1/contacts/x"),
        ("GET", "/v1/conversations/x"),
        ("GET", "/v1/agents/x/webhook"),
        ("POST", "/v1/conversations/x/typing"),
        ("POST", "/v1/webhooks/test?agentId=x"),
        ("GET", "/v1/agents/x/conversations"),
    ],
)
@staged()
async def test_what_is_unknown_is_not_found(stage: Stage, method: str, path: str):
    assert (await stage.refused(method, path))[0] == 404


@staged()
async def test_snake_case_is_not_read_where_the_wire_is_camel_case(stage: Stage):
    body = {"phone_number": ANA, "name": "Ana"}
    assert (await stage.refused_fields("POST", "/v1/contacts", body))[0] == 422


@staged()
async def test_capabilities_tell_who_has_imessage(stage: Stage):
    await stage.call("POST", "/handset/people", {"handle": BO, "imessage": False})

    async def able(who: str) -> dict:
        found = await stage.call("GET", "/v1/contacts/capabilities", params={"phone_number": who})
        return found["capabilities"]

    assert await able(ANA) == {"imessage": True, "sms": True}
    assert await able(BO) == {"imessage": False, "sms": True}
    assert await able("kim@example.com") == {"imessage": True, "sms": False}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        *(("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 307, 3), ("é" * 160, 1)),
        *(("€" * 80, 1), ("€" * 81, 2), ("ж" * 70, 1), ("ж" * 71, 2)),
        *(("👋" * 35, 1), ("👋" * 36, 2)),
    ],
)
def test_sms_are_counted_in_segments(text: str, count: int):
    assert segments(text) == count


@staged()
async def test_usage_counts_what_happened_and_when(stage: Stage):
    await stage.text()
    await stage.advance(2 * 86_400)
    body = {"from_number": SMS, "to_number": ANA, "body": "a" * 161}
    await stage.call("POST", "/v1/messages", body)
    stats = (await stage.call("GET", "/v1/usage"))["stats"]
    assert (stats["totalMessages"], stats["messagesLast24h"], stats["messagesLast7d"]) == (2, 1, 2)
    assert (stats["smsSegmentsLast30d"], stats["successfulWebhookDeliveries"]) == (2, 1)
    daily = (await stage.call("GET", "/v1/usage/daily?days=3"))["data"]
    assert [(day["date"], day["messages"]) for day in daily] == [
        ("2027-01-15", 1),
        ("2027-01-16", 0),
        ("2027-01-17", 1),
    ]
