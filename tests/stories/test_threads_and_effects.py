"""Threaded replies and the twelve effects: what arrives, and what is lost on the way to SMS."""

from __future__ import annotations

from phone.types import SEND_STYLES
from tests.house import ANA, House, call, gated, run, script


def test_a_reply_arrives_in_thread_under_the_message_it_answers():
    played = script(call("reply", message_id="m1", text="Blue."), call("end_turn", reason="done"))

    async def story(house: House) -> None:
        sent = await house.text("Which colour?")
        screen = await house.answered(sent.conversation_id)
        assert screen.last["body"] == "Blue."
        assert screen.last["reply_to_message_id"] == sent.message_ids[0]
        assert played.told() == ["m2 sent by imessage."]
        assert (await house.bubbles())[0].threaded is True

    run(story, played)


def test_a_reply_to_a_message_that_is_not_there_comes_back_with_those_that_are():
    played = script(call("reply", message_id="m99", text="Blue."), "Blue, then.")

    async def story(house: House) -> None:
        sent = await house.text("Which colour?")
        screen = await house.answered(sent.conversation_id)
        assert "'m99' is no message here. The newest are: m1" in played.retried()[0]
        assert screen.bodies == ["Blue, then."]

    run(story, played)


def test_what_they_answer_in_thread_is_told_with_the_words_answered():
    played = script("Red or blue?", "Blue it is.")

    async def story(house: House) -> None:
        sent = await house.text("Help me choose")
        screen = await house.answered(sent.conversation_id)
        await house.text("this one", reply_to_message_id=screen.last["id"])
        await house.settled(turns=2)
        assert "answering m2 “Red or blue?”" in played.asked()[-1]

    run(story, played)


def test_a_reply_that_could_not_be_threaded_went_out_and_the_agent_knows():
    played = gated(
        call("reply", message_id="m1", text="Blue."), call("end_turn", reason="answered")
    )

    async def story(house: House) -> None:
        sent = await house.text("Which colour?")
        await played.is_thinking()
        await house.person(ANA, imessage=False)
        played.go_on()
        screen = await house.answered(sent.conversation_id)
        assert (screen.last["channel"], screen.last["reply_to_message_id"]) == ("sms", None)
        assert played.told() == ["m2 sent by sms (not in thread)."]
        assert (await house.bubbles())[0].threaded is False

    run(story, played)


def test_a_reply_to_a_vanished_message_is_sent_once_without_the_thread():
    played = script(call("reply", message_id="m1", text="Blue."), call("end_turn", reason="done"))

    async def story(house: House) -> None:
        gone = {"detail": "Reply target not found."}
        await house.fail("POST", "/v1/messages", status=404, body=gone)
        sent = await house.text("Which colour?")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Blue."]
        assert screen.last["reply_to_message_id"] is None
        first, second = [c["body"] for c in await house.calls("POST", "/v1/messages")]
        assert first["reply_to_message_id"] == sent.message_ids[0]
        assert "reply_to_message_id" not in second
        assert played.told() == ["m2 sent by imessage (not in thread)."]

    run(story, played)


def test_each_of_the_twelve_effects_arrives():
    sends = [call("send", text=style, send_style=style) for style in SEND_STYLES]
    done = call("end_turn", reason="shown")
    played = script(sends[:6], done, sends[6:], done)

    async def story(house: House) -> None:
        sent = await house.text("Show me what you can do")
        await house.settled(turns=1)
        await house.text("More")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert [m["send_style"] for m in screen.outbound] == list(SEND_STYLES)
        assert screen.bodies == list(SEND_STYLES)

    run(story, played)


def test_an_effect_that_does_not_exist_comes_back_to_the_agent():
    played = script(call("send", text="Hooray", send_style="glitter"), "Hooray")

    async def story(house: House) -> None:
        sent = await house.text("I won")
        screen = await house.answered(sent.conversation_id)
        assert "glitter" not in str(screen.data)
        assert "confetti" in played.retried()[0]
        assert screen.bodies == ["Hooray"]

    run(story, played)


def test_an_effect_lost_to_sms_on_the_way_is_told():
    played = gated(call("send", text="Hooray", send_style="confetti"), call("end_turn", reason="x"))

    async def story(house: House) -> None:
        sent = await house.text("I won")
        await played.is_thinking()
        await house.person(ANA, imessage=False)
        played.go_on()
        screen = await house.answered(sent.conversation_id)
        assert (screen.last["body"], screen.last["send_style"]) == ("Hooray", None)
        told = "m2 sent by sms (without the effect, which only iMessage has)."
        assert played.told() == [told]

    run(story, played)
