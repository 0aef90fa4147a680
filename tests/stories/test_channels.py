"""The three channels: what comes in by each, what the agent is told, and what it may do there."""

from __future__ import annotations

import asyncio

import pytest

from tests.house import ANA, BEN, House, call, gated, run, script

PHOTO = "https://example.com/photo.jpg"


def test_an_imessage_is_answered_by_imessage_and_the_agent_knows_the_channel():
    played = script("hello")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert (screen.last["body"], screen.last["channel"]) == ("hello", "imessage")
        assert "Channel: iMessage" in played.context()
        header, words = played.asked()[-1].split("\n")
        assert words == "hi"
        assert header.startswith(f"[m1 · {ANA} · iMessage · ")
        assert "This conversation is on iMessage" in (await house.settled(turns=1))[0].instructions

    run(story, played)


def test_a_text_is_answered_by_sms_and_the_agent_knows_the_channel():
    played = script("hello")

    async def story(house: House) -> None:
        await house.person(ANA, imessage=False)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert (screen.last["body"], screen.last["channel"]) == ("hello", "sms")
        assert "Channel: SMS" in played.context()
        assert " · SMS · " in played.asked()[-1]
        assert "This conversation is on SMS" in (await house.settled(turns=1))[0].instructions

    run(story, played)


def test_a_picture_message_is_answered_by_sms_and_the_agent_knows_it_was_mms():
    played = script("nice")

    async def story(house: House) -> None:
        await house.person(ANA, imessage=False)
        sent = await house.text("look", media_urls=[PHOTO])
        assert sent.channel == "mms"
        screen = await house.answered(sent.conversation_id)
        assert screen.last["channel"] == "sms"
        assert "Channel: MMS" in played.context()
        assert " · MMS · " in played.asked()[-1]
        assert "This conversation is on SMS" in (await house.settled(turns=1))[0].instructions

    run(story, played)


def test_somebody_who_moves_from_imessage_to_sms_is_answered_there():
    played = script("blue", "green")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.text("my data is off", channel="sms")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert [m["channel"] for m in screen.outbound] == ["imessage", "sms"]
        assert "Channel: SMS" in played.context()

    run(story, played)


def test_on_imessage_every_tool_is_offered():
    played = script("hello")

    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        tools = played.tools()
        assert {"send", "reply", "react", "set_background", "remove_background"} <= set(tools)
        assert tools["send"] == {"text", "send_style", "media"}
        assert tools["reply"] == {"message_id", "text", "send_style"}

    run(story, played)


@pytest.mark.parametrize("media", [[], [PHOTO]], ids=["sms", "mms"])
def test_without_imessage_there_are_no_effects_threads_tapbacks_or_backgrounds(media: list[str]):
    played = script("hello")

    async def story(house: House) -> None:
        await house.person(ANA, imessage=False)
        await house.text("hi", media_urls=media)
        await house.settled(turns=1)
        tools = played.tools()
        assert not {"reply", "react", "set_background", "remove_background"} & set(tools)
        assert tools["send"] == {"text", "media"}
        assert {"remember", "forget"} <= set(tools)

    run(story, played)


def test_in_a_group_there_are_no_backgrounds():
    played = script("hello")

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text("hi Threedots", group_id=group["group_id"])
        await house.settled(turns=1)
        assert {"reply", "react"} <= set(played.tools())
        assert not {"set_background", "remove_background"} & set(played.tools())

    run(story, played)


def test_an_effect_asked_for_on_sms_is_refused_and_the_agent_is_told():
    played = script(call("send", text="Congratulations", send_style="confetti"), "Congratulations!")

    async def story(house: House) -> None:
        await house.person(ANA, imessage=False)
        sent = await house.text("I got the job")
        screen = await house.answered(sent.conversation_id)
        assert "Effects exist on iMessage only" in played.retried()[0]
        assert screen.bodies == ["Congratulations!"]

    run(story, played)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("react", {"tapback": "love"}),
        ("reply", {"message_id": "m1", "text": "in thread"}),
        ("set_background", {"media": "dusk"}),
        ("remove_background", {}),
    ],
)
def test_a_tool_that_is_not_offered_on_sms_does_nothing_when_called_anyway(
    tool: str, arguments: dict[str, str]
):
    played = script(call(tool, **arguments), "Then in words.")

    async def story(house: House) -> None:
        await house.person(ANA, imessage=False)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert "Unknown tool name" in played.retried()[0]
        assert screen.bodies == ["Then in words."]
        assert screen.data["background"] is None
        assert not await house.calls("POST", "/background")
        assert not await house.calls("POST", "/reactions")

    run(story, played)


def test_the_answer_leaves_from_the_line_that_was_texted():
    played = script("from one", "from the other")

    async def story(house: House) -> None:
        lines = [n["phone_number"] for n in (await house.line())["numbers"]]
        for place, line in enumerate(lines, start=1):
            sent = await house.text("hi", to_number=line)
            screen = await house.answered(sent.conversation_id, turns=place)
            assert screen.last["from_handle"] == line
        sends = [c["body"] for c in await house.calls("POST", "/v1/messages")]
        assert [send["from_number"] for send in sends] == lines
        assert all("number_id" not in send and "agent_id" not in send for send in sends)

    run(story, played)


def test_the_same_person_on_two_lines_has_two_conversations_side_by_side():
    played = gated("one", "two")

    async def story(house: House) -> None:
        first = await house.text("hi")
        second = await house.text("hi", to_number=await house.sms_number())
        assert first.conversation_id != second.conversation_id
        await played.is_thinking(about=2)
        played.go_on()
        await house.settled(turns=2)
        screens = await asyncio.gather(
            house.screen(first.conversation_id), house.screen(second.conversation_id)
        )
        assert sorted(screen.last["body"] for screen in screens) == ["one", "two"]

    run(story, played)
