"""Tapbacks both ways: the agent's own, and what becomes of theirs."""

from __future__ import annotations

import pytest

from memory.tables import Consent, Turn
from phone.types import TAPBACKS
from tests.house import ANA, House, call, run, script

SILENT = call("end_turn", reason="a tapback says it")


def test_each_of_the_six_tapbacks_arrives_on_its_message():
    taps = [call("react", tapback=tap, message_id=f"m{i}") for i, tap in enumerate(TAPBACKS, 1)]
    played = script(*[SILENT] * 5, taps, SILENT)

    async def story(house: House) -> None:
        sent = [await house.text("1")]
        for turn in range(2, 7):
            await house.settled(turns=turn - 1)
            sent.append(await house.text(str(turn)))
        await house.settled(turns=6)
        screen = await house.screen(sent[0].conversation_id)
        left = [screen.message(one.message_ids[0])["reactions"] for one in sent]
        assert [[r["reaction"] for r in reactions] for reactions in left] == [[t] for t in TAPBACKS]

    run(story, played)


def test_a_tapback_without_a_reference_lands_on_the_newest_message():
    played = script("hello", call("react", tapback="love"), SILENT)

    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        second = await house.text("thank you")
        turns = await house.settled(turns=2)
        screen = await house.screen(second.conversation_id)
        reactions = screen.message(second.message_ids[0])["reactions"]
        assert [r["reaction"] for r in reactions] == ["love"]
        assert screen.bodies == ["hello"]
        assert (turns[-1].outcome, turns[-1].reason) == ("reacted", "a tapback says it")
        assert played.told() == ["Tapped back love on m3."]

    run(story, played)


def test_an_emoji_can_be_a_tapback():
    played = script(call("react", tapback="🦄"), SILENT)

    async def story(house: House) -> None:
        sent = await house.text("look, a unicorn")
        screen = await house.answered(sent.conversation_id)
        reactions = screen.message(sent.message_ids[0])["reactions"]
        assert [r["reaction"] for r in reactions] == ["🦄"]

    run(story, played)


@pytest.mark.parametrize(("emoji", "nearest"), [("😂", "laugh"), ("❤️", "love"), ("🦄", "like")])
def test_an_emoji_the_line_cannot_send_becomes_the_nearest_tapback(emoji: str, nearest: str):
    played = script(call("react", tapback=emoji), SILENT)

    async def story(house: House) -> None:
        await house.switch(emoji_reactions=False)
        sent = await house.text("ha")
        screen = await house.answered(sent.conversation_id)
        reactions = screen.message(sent.message_ids[0])["reactions"]
        assert [r["reaction"] for r in reactions] == [nearest]
        assert played.told() == [f"Tapped back {nearest} (this line cannot send {emoji}) on m1."]

    run(story, played)


def test_a_tapback_refused_because_it_is_sms_now_is_explained_and_words_go_instead():
    played = script(call("react", tapback="love"), "Thank you!")

    async def story(house: House) -> None:
        sms = {"detail": "Reactions exist only on iMessage; this message is SMS."}
        await house.fail("POST", "/v1/messages/*/reactions", status=400, body=sms)
        sent = await house.text("well done")
        screen = await house.answered(sent.conversation_id)
        assert "this conversation is SMS now. Use words" in played.told()[0]
        assert screen.bodies == ["Thank you!"]
        assert len(await house.calls("POST", "/reactions")) == 1

    run(story, played)


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
def test_a_tapback_that_fails_is_told_and_not_repeated(fault: dict[str, object]):
    played = script(call("react", tapback="love"), "Thank you!")

    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages/*/reactions", **fault)
        sent = await house.text("well done")
        screen = await house.answered(sent.conversation_id)
        assert "No tapback on m1" in played.told()[0]
        assert len(await house.calls("POST", "/reactions")) == 1
        assert screen.bodies == ["Thank you!"]

    run(story, played)


@pytest.mark.parametrize("reaction", ["like", "👍"])
def test_a_tapback_on_the_agents_question_is_an_answer(reaction: str):
    played = script("Shall I book the table for eight?", "Booked.")

    async def story(house: House) -> None:
        sent = await house.text("dinner on Friday")
        question = (await house.answered(sent.conversation_id)).last
        await house.tap(question["id"], reaction)
        screen = await house.answered(sent.conversation_id, turns=2)
        asked = played.asked()[-1]
        assert f"tapped back {reaction} on “Shall I book the table for eight?”" in asked
        assert screen.bodies[-1] == "Booked."

    run(story, played)


def test_any_other_tapback_starts_nothing_and_is_known_in_the_next_turn():
    played = script("It is booked.", "Gladly.")

    async def story(house: House) -> None:
        sent = await house.text("book it")
        statement = (await house.answered(sent.conversation_id)).last
        await house.tap(statement["id"], "love")
        await house.stored(2)
        assert (await house.messages())[-1].outcome == "noted"
        await house.text("thanks")
        turns = await house.settled(turns=2)
        assert len(turns) == 2
        said = played.talk()
        noted = next(i for i, words in enumerate(said) if "tapped back love" in words)
        assert "It is booked." in said[noted]
        assert said[-1].endswith("thanks")
        assert noted < len(said) - 1

    run(story, played)


def test_a_tapback_is_known_after_the_answer_it_was_left_on():
    played = script("It is booked.", "Gladly.")

    async def story(house: House) -> None:
        sent = await house.text("book it")
        statement = (await house.answered(sent.conversation_id)).last
        await house.tap(statement["id"], "love")
        await house.stored(2)
        await house.text("thanks")
        await house.settled(turns=2)
        said = played.talk()
        noted = next(i for i, words in enumerate(said) if "tapped back love" in words)
        assert said.index("It is booked.") < noted

    run(story, played)


def test_a_tapback_that_comes_as_a_text_on_sms_answers_our_question():
    played = script("Shall I book it?", "Booked.")

    async def story(house: House) -> None:
        sent = await house.text("a table for two", channel="sms")
        await house.settled(turns=1)
        await house.text("Liked “Shall I book it?”", channel="sms")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == ["Shall I book it?", "Booked."]
        assert "tapped back like on “Shall I book it?”" in played.asked()[0]

    run(story, played)


def test_a_tapback_that_comes_as_a_text_on_sms_is_otherwise_noted_and_not_answered():
    played = script("See you at six.", "Yes, six.")

    async def story(house: House) -> None:
        await house.text("when?", channel="sms")
        await house.settled(turns=1)
        await house.text("Loved “See you at six.”", channel="sms")
        await house.text("Removed a heart from “See you at six.”", channel="sms")
        await house.stored(2)
        await house.text("six, right?", channel="sms")
        await house.settled(turns=2)
        said = [words for words in played.talk() if "tapped back love" in words]
        assert len(said) == 1, "the next turn knows of it"
        assert [turn.outcome for turn in await house.rows(Turn)] == ["answered", "answered"]

    run(story, played)


def test_a_text_that_only_looks_like_a_tapback_is_answered_on_first_contact():
    played = script("Good for you!")

    async def story(house: House) -> None:
        sent = await house.text("Loved “Barbie”", channel="sms")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Good for you!"]

    run(story, played)


def test_a_storm_of_tapbacks_on_what_we_never_saw_starts_nothing_and_opts_nobody_out():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        question = (await house.answered(sent.conversation_id)).last["id"]
        targets = [question, "msg_of_nobody", None]
        for number, reaction in enumerate(["🛑", "STOP", "love", "removed", "👎" * 50] * 6):
            data = {"conversationId": None if number % 2 else sent.conversation_id}
            data |= {"messageId": targets[number % 3], "reactionType": reaction, "fromNumber": ANA}
            data |= {"direction": "inbound", "createdAt": f"2026-01-01T00:00:{number:02}Z"}
            body = {"event": "agent.reaction", "channel": "imessage", "data": data}
            answer = await house.webhook(body, webhook_id=f"del_{number}")
            assert (answer.status_code, answer.json()) == (200, {"ok": True})
        assert len(await house.settled(turns=1)) == 1
        assert await house.rows(Consent) == []

    run(story, script("Hello there."))
