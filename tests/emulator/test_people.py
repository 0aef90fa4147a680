"""The handset API: what the people with the other phones do, and on which channel."""

from __future__ import annotations

import pytest

from tests.emulator.stage import ANA, BO, CAT, DOG, IMESSAGE, SMS, Stage, staged


@staged()
async def test_a_new_line_has_one_agent_with_an_imessage_and_an_sms_number(stage: Stage):
    line = await stage.call("GET", "/handset/line")
    assert [(one["phone_number"], one["type"]) for one in line["numbers"]] == [
        (IMESSAGE, "imessage"),
        (SMS, "sms"),
    ]
    assert [agent["name"] for agent in line["agents"]] == ["Threedots"]
    assert line["people"] == [] and line["webhook"] == {"url": "http://127.0.0.1:1/hook"}
    assert line["now"] == "2027-01-15T08:00:00.000Z"


@staged(webhook_url=None, webhook_secret=None, agent_name="Bean")
async def test_a_line_may_have_no_webhook_and_another_agent(stage: Stage):
    line = await stage.call("GET", "/handset/line")
    assert (line["webhook"], line["agents"][0]["name"]) == (None, "Bean")


@staged()
async def test_people_are_introduced_and_changed(stage: Stage):
    await stage.call("POST", "/handset/people", {"handle": "(555) 555-0123", "imessage": False})
    await stage.call("POST", "/handset/people", {"handle": ANA, "name": "Ana"})
    (ana,) = (await stage.call("GET", "/handset/line"))["people"]
    assert (ana["handle"], ana["name"], ana["imessage"]) == (ANA, "Ana", False)


@staged()
async def test_somebody_nobody_introduced_writes_by_imessage_to_the_imessage_line(stage: Stage):
    written = await stage.text()
    conversation = await stage.call("GET", f"/v1/conversations/{written['conversation_id']}")
    assert written["channel"] == "imessage"
    assert conversation["phoneNumber"] == IMESSAGE and conversation["participant"] == ANA


@staged()
async def test_sms_on_the_imessage_line_is_the_same_conversation_answered_by_sms(stage: Stage):
    blue = await stage.text()
    green = await stage.text(channel="sms")
    assert green["conversation_id"] == blue["conversation_id"]
    assert (await stage.send())["channel"] == "sms"
    assert (await stage.send(media_urls=[CAT]))["channel"] == "mms"
    await stage.text()
    assert (await stage.send())["channel"] == "imessage"


@staged()
async def test_somebody_without_imessage_writes_and_is_answered_by_sms(stage: Stage):
    await stage.call("POST", "/handset/people", {"handle": ANA, "imessage": False})
    written = await stage.text()
    assert written["channel"] == "sms"
    assert (await stage.send())["conversation_id"] == written["conversation_id"]
    assert (await stage.screen(written["conversation_id"]))["messages"][-1]["channel"] == "sms"


@staged()
async def test_who_loses_imessage_is_answered_by_sms_from_then_on(stage: Stage):
    await stage.text()
    await stage.call("POST", "/handset/people", {"handle": ANA, "imessage": False})
    assert (await stage.send())["channel"] == "sms"


@staged()
async def test_the_sms_line_is_a_conversation_of_its_own(stage: Stage):
    blue = await stage.text()
    green = await stage.text(to_number=SMS)
    assert green["channel"] == "sms" and green["conversation_id"] != blue["conversation_id"]


@staged()
async def test_several_media_are_several_messages_and_several_webhooks(stage: Stage):
    written = await stage.text("Look", media_urls=[CAT, DOG])
    assert [message["media_urls"] for message in written["messages"]] == [[CAT], [DOG]]
    assert [message["body"] for message in written["messages"]] == ["", "Look"]
    assert [hook.data["messageId"] for hook in stage.webhooks] == [
        message["id"] for message in written["messages"]
    ]


@staged()
async def test_a_photo_by_sms_is_mms(stage: Stage):
    written = await stage.text("", media_urls=[CAT], channel="sms")
    assert written["messages"][0]["channel"] == "mms"
    assert stage.webhooks[0].body["channel"] == "mms"
    assert (await stage.send())["channel"] == "sms"


@staged()
async def test_an_inline_reply_is_stored_and_not_told_in_the_webhook(stage: Stage):
    sent = await stage.send()
    await stage.text("This one", reply_to_message_id=sent["id"])
    bubble = (await stage.screen(sent["conversation_id"]))["messages"][-1]
    assert bubble["reply_to_message_id"] == sent["id"]
    assert sent["id"] not in str(stage.webhooks[-1].data)


@staged()
async def test_ids_sort_in_the_order_messages_were_written_in_one_moment(stage: Stage):
    ids = [(await stage.text(str(n)))["messages"][0]["id"] for n in range(50)]
    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from_handle": "nobody", "body": "Hi"}, "from_handle"),
        ({"body": "Hi"}, "from_handle"),
        ({"from_handle": ANA}, "body"),
        ({"from_handle": ANA, "body": "Hi", "to_number": "+15559999999"}, "to_number"),
        ({"from_handle": ANA, "body": "Hi", "to_number": SMS, "channel": "imessage"}, "channel"),
        ({"from_handle": "a@b.com", "body": "Hi", "channel": "sms"}, "channel"),
        ({"from_handle": ANA, "body": "Hi", "channel": "pigeon"}, "channel"),
        ({"from_handle": ANA, "body": "Hi", "reply_to_message_id": "x"}, "reply_to_message_id"),
        ({"from_handle": ANA, "media_urls": ["http://far.example.com/a.png"]}, "media_urls"),
        ({"from_handle": IMESSAGE, "body": "Hi"}, "from_handle"),
        ({"from_handle": ANA, "body": "Hi", "text": "Hi"}, "text"),
        ({"from_handle": ANA, "body": 7}, "body"),
    ],
)
@staged()
async def test_a_slip_is_named_with_its_field_in_plain_words(stage: Stage, body: dict, field: str):
    status, code, text = await stage.refused("POST", "/handset/messages", body)
    assert (status, code) == (422, "VALIDATION_ERROR")
    assert text.startswith(field) or f"; {field}" in text
    assert stage.twin.line.conversations == {} and stage.webhooks == []


@staged()
async def test_a_group_hears_every_member_and_answers_to_its_id(stage: Stage):
    await stage.call("POST", "/handset/people", {"handle": ANA, "name": "Ana"})
    group = await stage.call(
        "POST", "/handset/groups", {"members": [ANA, BO, IMESSAGE], "name": "Trip"}
    )
    await stage.text("Who comes?", by=BO, group_id=group["group_id"])
    data = stage.webhooks[0].data
    assert (data["from"], data["senderIdentifier"], data["to"]) == (BO, BO, IMESSAGE)
    assert data["conversationId"] == group["conversation_id"]
    assert data["group"] == {
        "isGroup": True,
        "groupId": group["group_id"],
        "groupName": "Trip",
        "groupIconUrl": None,
        "participants": [{"identifier": ANA, "name": "Ana"}, {"identifier": BO, "name": None}],
    }
    sent = await stage.send("I do", to=group["group_id"])
    assert sent["conversation_id"] == group["conversation_id"]
    shown = await stage.screen(group["conversation_id"])
    assert [message["from_handle"] for message in shown["messages"]] == [BO, IMESSAGE]
    assert shown["participants"] == [{"handle": ANA, "name": "Ana"}, {"handle": BO, "name": None}]


@staged()
async def test_a_group_is_renamed_from_either_side(stage: Stage):
    group = await stage.call("POST", "/handset/groups", {"members": [ANA, BO]})
    path = f"/handset/groups/{group['group_id']}"
    assert await stage.call("PATCH", path, {"name": "Trip"}) == group
    assert (await stage.screen(group["conversation_id"]))["group_name"] == "Trip"
    path = f"/v1/conversations/{group['conversation_id']}"
    await stage.call("PATCH", path, {"group_name": "Journey"})
    (row,) = (await stage.call("GET", "/handset/conversations"))["conversations"]
    assert (row["group_name"], row["group_id"]) == ("Journey", group["group_id"])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"members": [ANA]}, "members"),
        ({"members": [ANA, "24365"]}, "members"),
        ({"members": [ANA, "nobody"]}, "members"),
        ({"members": [ANA, BO], "to_number": SMS}, "to_number"),
    ],
)
@staged()
async def test_a_group_needs_two_people_with_imessage(stage: Stage, body: dict, field: str):
    assert field in (await stage.refused("POST", "/handset/groups", body))[2]


@staged()
async def test_only_members_write_in_a_group_and_only_by_imessage(stage: Stage):
    group = (await stage.call("POST", "/handset/groups", {"members": [ANA, BO]}))["group_id"]
    stranger = {"from_handle": "+15555550999", "group_id": group, "body": "Hi"}
    assert "from_handle" in (await stage.refused("POST", "/handset/messages", stranger))[2]
    green = {"from_handle": ANA, "group_id": group, "body": "Hi", "channel": "sms"}
    assert "channel" in (await stage.refused("POST", "/handset/messages", green))[2]
    lost = {"from_handle": ANA, "group_id": "grp_nowhere", "body": "Hi"}
    assert (await stage.refused("POST", "/handset/messages", lost))[0] == 404


@staged()
async def test_a_tapback_shows_on_the_bubble_and_fires_a_webhook(stage: Stage):
    sent = await stage.send("Deal?")
    tapback = {"from_handle": ANA, "message_id": sent["id"], "reaction": "like"}
    await stage.call("POST", "/handset/reactions", tapback)
    await stage.settle()
    bubble = (await stage.screen(sent["conversation_id"]))["messages"][0]
    assert bubble["reactions"] == [{"reaction": "like", "from_handle": ANA}]
    body = stage.webhooks[0].body
    assert (body["event"], body["channel"]) == ("agent.reaction", "imessage")
    assert body["data"] == {
        "conversationId": sent["conversation_id"],
        "numberId": stage.twin.line.active_numbers()[0].id,
        "reactionType": "like",
        "fromNumber": ANA,
        "direction": "inbound",
        "messageId": sent["id"],
        "messageBody": "Deal?",
        "messageMediaUrl": None,
        "messageMediaUrls": [],
        "createdAt": "2027-01-15T08:00:00.000Z",
    }


@staged()
async def test_another_tapback_takes_the_place_of_the_first_and_the_same_is_silent(stage: Stage):
    sent = await stage.send()
    for reaction in ("like", "like", "🔥"):
        tapback = {"from_handle": ANA, "message_id": sent["id"], "reaction": reaction}
        await stage.call("POST", "/handset/reactions", tapback)
    await stage.settle()
    bubble = (await stage.screen(sent["conversation_id"]))["messages"][0]
    assert bubble["reactions"] == [{"reaction": "🔥", "from_handle": ANA}]
    assert [hook.data["reactionType"] for hook in stage.webhooks] == ["like", "🔥"]


@staged()
async def test_who_is_not_in_the_chat_or_on_sms_cannot_tap_back(stage: Stage):
    green = (await stage.text(channel="sms"))["messages"][0]["id"]
    blue = (await stage.text())["messages"][0]["id"]
    for by, message_id, reaction in (
        (BO, blue, "like"),
        (ANA, green, "like"),
        (ANA, "gone", "like"),
        (ANA, blue, "Liked"),
    ):
        body = {"from_handle": by, "message_id": message_id, "reaction": reaction}
        assert (await stage.refused("POST", "/handset/reactions", body))[0] == 422


@staged()
async def test_unread_counts_the_agents_bubbles_until_somebody_looks(stage: Stage):
    written = await stage.text()
    await stage.send("One")
    await stage.send("Two")

    async def unread() -> int:
        return (await stage.call("GET", "/handset/conversations"))["conversations"][0]["unread"]

    assert await unread() == 2
    await stage.call("GET", f"/handset/conversations/{written['conversation_id']}?peek=true")
    assert await unread() == 2
    await stage.screen(written["conversation_id"])
    assert await unread() == 0


@staged()
async def test_a_reset_empties_the_line_and_keeps_numbers_agents_and_webhook(stage: Stage):
    before = await stage.call("GET", "/handset/line")
    await stage.call("POST", "/handset/people", {"handle": ANA})
    written = await stage.text()
    await stage.call("PUT", "/handset/faults", [{"status": 500}])
    await stage.call("POST", "/handset/reset")
    assert await stage.call("GET", "/handset/line") == before
    assert (await stage.call("GET", "/handset/conversations"))["conversations"] == []
    assert (await stage.call("GET", "/v1/conversations"))["total"] == 0
    path = f"/handset/conversations/{written['conversation_id']}"
    assert (await stage.refused("GET", path))[0] == 404
    assert (await stage.text())["conversation_id"] != written["conversation_id"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("switches", {"sms_typing": "maybe"}, "sms_typing"),
        ("switches", {"no_such_switch": True}, "no_such_switch"),
        ("webhook-faults", [{"action": "explode"}], "action"),
        ("webhook-faults", [{"action": "drop", "times": 0}], "times"),
    ],
)
@staged()
async def test_a_slip_in_a_switch_or_a_webhook_fault_is_named(stage, path, body, field):
    before = await stage.call("GET", "/handset/switches")
    status, _, text = await stage.refused("PUT", f"/handset/{path}", body)
    assert status == 422 and field in text
    assert await stage.call("GET", "/handset/switches") == before
    assert stage.twin.courier.faults == []


@pytest.mark.parametrize("advance", [-1, "soon", 1e15])
@staged()
async def test_the_clock_only_moves_forward_and_not_beyond_the_calendar(stage: Stage, advance):
    status, _, text = await stage.refused("POST", "/handset/clock", {"advance": advance})
    assert status == 422 and "advance" in text
