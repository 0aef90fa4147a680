"""STOP, START and HELP, end to end: the law's words, answered without a model."""

from __future__ import annotations

from functools import partial

import pytest
from pydantic_ai.exceptions import ModelHTTPError

from memory.resending import NotResendable, bubble_to_resend
from memory.tables import Consent, Message
from tests.house import ANA, BEN, House, call, gated, run, script

GOODBYE = "Threedots: You won't get any more texts from us. Reply START to come back."
WELCOME = "Threedots: You're back, and we can text again. Reply STOP to end at any time."

WIDE_STOP = "".join(chr(ord(letter) + 0xFEE0) for letter in "STOP")
"""In the full-width letters of an East Asian keyboard."""

STOPS = ["STOP", "stop", " Stop. ", "“STOP”", "Stop!!!", "unsubscribe", "QUIT", "opt-out",
         "End", "stop all", "Please stop", "Stop, thank you", WIDE_STOP, "st\u200bop", "ARRÊT",
         "alto"]  # fmt: skip
STARTS = ["START", "start.", "Unstop", "subscribe!", "Start please"]
HELPS = ["HELP", "help?", "Info", "“help”"]
TALK = ["stop by at six", "don't stop", "yes", "help me", "where does it end"]


def people(count: int) -> list[str]:
    """So many people's numbers."""
    return [f"+1415555{number:04}" for number in range(100, 100 + count)]


def test_every_form_of_stop_is_confirmed_once_and_then_there_is_silence():
    async def story(house: House) -> None:
        sent = [
            await house.text(word, from_handle=who)
            for who, word in zip(people(len(STOPS)), STOPS, strict=True)
        ]
        await house.settled(turns=len(STOPS))
        for who in people(len(STOPS)):
            await house.text("hello?", from_handle=who)
            await house.text("STOP", from_handle=who)
        await house.stored(3 * len(STOPS))
        turns = await house.settled(turns=len(STOPS))
        assert len(turns) == len(STOPS)
        for one in sent:
            screen = await house.screen(one.conversation_id)
            assert screen.bodies == [GOODBYE]
        later = [m for m in await house.messages() if m.outcome != "answered(notice for stop)"]
        assert {m.outcome for m in later} == {"dropped(opted_out)"}

    run(story, script())


def test_every_form_of_start_brings_them_back():
    played = script(*["hello again"] * len(STARTS))

    async def story(house: House) -> None:
        turns = 0
        for who, word in zip(people(len(STARTS)), STARTS, strict=True):
            for text in ("STOP", word, "hi"):
                sent = await house.text(text, from_handle=who)
                turns += 1
                await house.settled(turns=turns)
            screen = await house.screen(sent.conversation_id)
            assert screen.bodies == [GOODBYE, WELCOME, "hello again"]

    run(story, played)


def test_every_form_of_help_is_answered_with_who_we_are():
    async def story(house: House) -> None:
        for turn, (who, word) in enumerate(zip(people(len(HELPS)), HELPS, strict=True), start=1):
            sent = await house.text(word, from_handle=who, to_number=await house.sms_number())
            screen = await house.answered(sent.conversation_id, turns=turn)
            assert len(screen.bodies) == 1
            assert "Threedots is an AI assistant" in screen.bodies[0]
            assert "Reply STOP" in screen.bodies[0]
        assert await house.rows(Consent) == []

    run(story, script())


def test_on_imessage_the_agent_answers_help_itself():
    async def story(house: House) -> None:
        sent = await house.text("HELP")
        assert (await house.answered(sent.conversation_id)).bodies == ["With what?"]

    run(story, script("With what?"))


def test_such_a_word_inside_a_sentence_is_conversation():
    played = script(*["ok"] * len(TALK))

    async def story(house: House) -> None:
        for turn, text in enumerate(TALK, start=1):
            sent = await house.text(text)
            await house.settled(turns=turn)
        screen = await house.screen(sent.conversation_id)
        assert screen.bodies == ["ok"] * len(TALK)

    run(story, played)


def test_the_notice_bears_the_name_of_the_agent():
    async def story(house: House) -> None:
        sent = await house.text("STOP")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == [GOODBYE.replace("Threedots", "Cleo's Bakery")]

    run(story, script(), settings={"threedots_name": "Cleo's Bakery"})


def test_stop_while_the_agent_thinks_cancels_its_answer_and_is_confirmed_once():
    played = gated("a long answer")

    async def story(house: House) -> None:
        sent = await house.text("tell me everything")
        await played.is_thinking()
        await house.text("STOP")
        await house.stored(2)
        played.go_on()
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == [GOODBYE]
        answer, notice = await house.bubbles()
        assert (answer.state, answer.code) == ("cancelled", "opted_out")
        assert (notice.state, notice.kind) == ("confirmed", "notice")
        first, _ = await house.settled(turns=2)
        assert (first.outcome, first.reason) == ("failed", "not_sent: opted_out")

    run(story, played)


def test_stop_beside_another_text_in_one_burst_is_obeyed():
    played = gated("one")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        await house.text("what else?")
        await house.text("STOP")
        await house.stored(3)
        played.go_on()
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == [GOODBYE]

    run(story, played)


def test_stop_on_one_line_holds_on_the_other_and_start_there_ends_it():
    played = script("hello again")

    async def story(house: House) -> None:
        sms = await house.sms_number()
        await house.text("STOP")
        await house.settled(turns=1)
        other = await house.text("hi", to_number=sms)
        await house.stored(2)
        assert len(await house.settled(turns=1)) == 1
        assert (await house.screen(other.conversation_id)).outbound == []
        await house.text("START", to_number=sms)
        await house.settled(turns=2)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id, turns=3)
        assert screen.bodies == [GOODBYE, "hello again"]

    run(story, played)


def test_one_persons_stop_is_nobody_elses():
    async def story(house: House) -> None:
        await house.text("STOP", from_handle=ANA)
        await house.settled(turns=1)
        sent = await house.text("hi", from_handle=BEN)
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == ["hello"]

    run(story, script("hello"))


def test_a_tapback_of_somebody_who_stopped_starts_nothing():
    async def story(house: House) -> None:
        sent = await house.text("dinner?")
        question = (await house.answered(sent.conversation_id)).last["id"]
        await house.text("STOP")
        await house.settled(turns=2)
        await house.tap(question, "like")
        await house.stored(3)
        tapback = next(m for m in await house.rows(Message) if m.kind == "tapback")
        assert tapback.outcome == "dropped(opted_out)"

    run(story, script("At eight?"))


def test_start_from_somebody_who_never_stopped_is_conversation():
    async def story(house: House) -> None:
        sent = await house.text("start")
        assert (await house.answered(sent.conversation_id)).bodies == ["Start what?"]

    run(story, script("Start what?"))


def test_what_stopped_and_started_is_kept_as_evidence():
    async def story(house: House) -> None:
        stop = await house.text("Stop.")
        await house.settled(turns=1)
        await house.text("START")
        await house.settled(turns=2)
        first, second = await house.rows(Consent)
        assert (first.opted_out, first.evidence) == (True, "Stop.")
        assert first.message_id == stop.message_ids[0]
        assert (second.opted_out, second.participant) == (False, ANA)

    run(story, script())


def test_stop_in_other_words_is_obeyed_without_a_model():
    words = ["take me off your list", "Please stop texting me", "leave me alone", "no m\u00e1s"]

    async def story(house: House) -> None:
        for turn, (who, text) in enumerate(zip(people(4), words, strict=True), start=1):
            sent = await house.text(text, from_handle=who)
            screen = await house.answered(sent.conversation_id, turns=turn)
            assert screen.bodies == [GOODBYE]
        entries = await house.rows(Consent)
        assert [entry.how for entry in entries] == ["words"] * 4
        assert [entry.evidence for entry in entries] == words

    run(story, script())


def test_a_stop_that_only_the_model_understands_is_confirmed_and_holds():
    played = script(
        [call("record_opt_out", their_words="I'd rather you forgot I exist"), "So sorry to go!"],
        "nothing more to say",
    )

    async def story(house: House) -> None:
        sent = await house.text("I'd rather you forgot I exist")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == [GOODBYE]
        [entry] = await house.rows(Consent)
        assert (entry.how, entry.evidence, entry.participant) == (
            "model", "I'd rather you forgot I exist", ANA,
        )  # fmt: skip
        await house.text("hello?")
        await house.stored(2)
        assert len(await house.settled(turns=1)) == 1

    run(story, played)


def test_in_a_group_the_models_record_silences_us_there_and_alone_with_the_writer():
    played = script(call("record_opt_out", their_words="bot, begone"), "")

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text("Threedots, begone", from_handle=BEN, group_id=group["group_id"])
        await house.settled(turns=1)
        entries = await house.rows(Consent)
        assert {entry.participant for entry in entries} == {BEN, group["group_id"]}

    run(story, played)


def test_after_stop_no_tapback_no_background_and_no_dots_leave_either():
    played = gated(
        [call("react", tapback="like"), call("send", text="Wait!"),
         call("set_background", media="m1.1")],
        "Goodbye then.",
    )  # fmt: skip

    async def story(house: House) -> None:
        sent = await house.text("look", media_urls=["https://media.example/a.jpg"])
        await played.is_thinking()
        before = len(await house.events("api_call"))
        await house.text("STOP")
        await house.stored(2)
        played.go_on()
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == [GOODBYE]
        calls = (await house.events("api_call"))[before:]
        shown = [c for c in calls if c["method"] in ("POST", "PUT", "DELETE")]
        assert [c["path"] for c in shown] == ["/v1/messages"]
        assert all(m["reactions"] == [] for m in screen.data["messages"])

    run(story, played)


def test_no_apology_for_an_outage_reaches_somebody_who_stopped_meanwhile():
    played = gated(ModelHTTPError(401, "script"))

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        await house.text("STOP")
        await house.stored(2)
        played.go_on()
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == [GOODBYE]

    run(story, played)


def test_what_an_operator_wants_sent_again_does_not_reach_somebody_who_stopped():
    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", status=400, code="BAD")
        sent = await house.text("hi")
        await house.settled(turns=1)
        [bubble] = [b for b in await house.bubbles() if b.state == "rejected"][:1]
        await house.text("STOP")
        await house.settled(turns=2)
        with pytest.raises(NotResendable, match="asked not to be texted"):
            await house.read(partial(bubble_to_resend, bubble_id=bubble.id))
        assert (await house.screen(sent.conversation_id)).bodies[-1] == GOODBYE

    run(story, script("one", "two"))


def test_a_stop_word_of_the_owners_own_is_obeyed_like_the_others():
    async def story(house: House) -> None:
        sent = await house.text("Koniec!")
        assert (await house.answered(sent.conversation_id)).bodies == [GOODBYE]
        [entry] = await house.rows(Consent)
        assert (entry.opted_out, entry.how, entry.evidence) == (True, "keyword", "Koniec!")

    run(story, script(), settings={"threedots_stop_words": "koniec"})


@pytest.mark.parametrize(
    ("who", "why"),
    [("platform", "the carrier confirms stop"), ("off", "nobody confirms stop")],
)
def test_where_the_carrier_or_nobody_confirms_stop_we_do_not_and_obey_all_the_same(
    who: str, why: str
):
    async def story(house: House) -> None:
        sent = await house.text("STOP")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("silent", why)
        await house.text("hello?")
        await house.stored(2)
        assert (await house.screen(sent.conversation_id)).bodies == []
        assert [entry.opted_out for entry in await house.rows(Consent)] == [True]

    run(story, script(), settings={"threedots_stop_confirmation": who})
