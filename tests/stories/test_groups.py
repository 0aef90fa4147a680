"""Groups: the agent hears everything, and speaks when it is spoken to."""

from __future__ import annotations

import pytest

from phone.clock import HeldClock
from tests.house import ANA, BEN, KIM, House, call, gated, run, script

SILENT = call("end_turn", reason="nothing to add")


async def trip(house: House) -> str:
    """A group of three who have names; its id."""
    await house.person(ANA, name="Ana")
    await house.person(BEN, name="Ben")
    group = await house.group(ANA, BEN, KIM, name="Trip")
    return str(group["group_id"])


def test_a_group_is_answered_in_the_group_and_nobody_is_texted_alone():
    played = script("Two nights.")

    async def story(house: House) -> None:
        group_id = await trip(house)
        sent = await house.text("Threedots, how long is it?", group_id=group_id)
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Two nights."]
        [send] = [c["body"] for c in await house.calls("POST", "/v1/messages")]
        assert send["to_number"] == group_id
        conversations = (await house.http.get("/handset/conversations")).json()["conversations"]
        assert [c["group_id"] for c in conversations] == [group_id]

    run(story, played)


def test_who_speaks_and_who_is_there_is_told():
    played = script("Two nights.")

    async def story(house: House) -> None:
        group_id = await trip(house)
        await house.text("Threedots, how long?", group_id=group_id, from_handle=BEN)
        [turn] = await house.settled(turns=1)
        assert BEN in played.asked()[-1].split("\n")[0]
        people = f"Talking with: Trip (a group) of Ana ({ANA}), Ben ({BEN}), {KIM}"
        assert people in played.context()
        assert "This is a group." in turn.instructions

    run(story, played)


def test_talk_that_is_not_meant_for_the_agent_is_left_alone_without_a_sign():
    async def story(house: House) -> None:
        group_id = await trip(house)
        sent = await house.text("who brings the tent?", group_id=group_id)
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("silent", "not addressed in the group")
        assert (await house.screen(sent.conversation_id)).outbound == []
        assert await house.calls("POST", "/typing") == []

    run(story, script())


@pytest.mark.parametrize(
    "words", ["threedots?", "THREEDOTS how long", "ask @Threedots", "what does “Threedots” say?"]
)
def test_its_name_in_any_form_addresses_it(words: str):
    async def story(house: House) -> None:
        sent = await house.text(words, group_id=await trip(house))
        assert (await house.answered(sent.conversation_id)).bodies == ["Yes?"]

    run(story, script("Yes?"))


@pytest.mark.parametrize("words", ["threedotsy", "my threedots2 is better"])
def test_a_longer_word_does_not_address_it(words: str):
    async def story(house: House) -> None:
        sent = await house.text(words, group_id=await trip(house))
        assert (await house.answered(sent.conversation_id)).bodies == []

    run(story, script())


def test_what_was_said_before_is_known_once_it_is_addressed():
    played = script("Ana does.")

    async def story(house: House) -> None:
        group_id = await trip(house)
        await house.text("I bring the tent", group_id=group_id)
        await house.settled(turns=1)
        await house.text("Threedots, who has the tent?", group_id=group_id, from_handle=BEN)
        await house.settled(turns=2)
        before, asked = played.talk()
        assert ANA in before and before.endswith("I bring the tent")
        assert BEN in asked

    run(story, played)


def test_a_reply_in_thread_to_its_own_message_addresses_it():
    played = script("Two nights.", "From Friday.")
    clock = HeldClock()

    async def story(house: House) -> None:
        group_id = await trip(house)
        sent = await house.text("Threedots, how long?", group_id=group_id)
        answer = (await house.answered(sent.conversation_id)).last["id"]
        clock.advance(3600)
        await house.text(
            "from when?", group_id=group_id, from_handle=BEN, reply_to_message_id=answer
        )
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies[-1] == "From Friday."
        assert "answering m2 “Two nights.”" in played.asked()[-1]

    run(story, played, clock=clock)


def test_a_reply_in_thread_to_somebody_else_does_not_address_it():
    async def story(house: House) -> None:
        group_id = await trip(house)
        sent = await house.text("who has the tent?", group_id=group_id)
        await house.settled(turns=1)
        target = sent.message_ids[0]
        await house.text("me", group_id=group_id, from_handle=BEN, reply_to_message_id=target)
        assert (await house.answered(sent.conversation_id, turns=2)).bodies == []

    run(story, script())


@pytest.mark.parametrize(("seconds", "who", "answers"), [(60, ANA, 2), (60, BEN, 1), (120, ANA, 1)])
def test_whoever_was_answered_may_go_on_for_a_minute_and_a_half(
    seconds: float, who: str, answers: int
):
    played = script(*["Yes."] * answers)
    clock = HeldClock()

    async def story(house: House) -> None:
        group_id = await trip(house)
        sent = await house.text("Threedots, is it far?", group_id=group_id)
        await house.settled(turns=1)
        clock.advance(seconds)
        await house.text("and is it warm?", group_id=group_id, from_handle=who)
        screen = await house.answered(sent.conversation_id, turns=2)
        assert len(screen.bodies) == answers

    run(story, played, clock=clock)


@pytest.mark.parametrize(("who", "answers"), [(ANA, 2), (BEN, 1)])
def test_whoever_only_chatted_beside_was_not_answered(who: str, answers: int):
    played = gated(call("shopping_list", change="show"), *["Yes."] * answers)

    async def story(house: House) -> None:
        group_id = await trip(house)
        sent = await house.text("Threedots, is it far?", group_id=group_id)
        await played.is_thinking()
        await house.text("I bring crisps", group_id=group_id, from_handle=BEN)
        await house.stored(2)
        played.go_on()
        await house.settled(turns=1)
        assert played.asked()[-1].endswith("I bring crisps")
        await house.text("and is it warm?", group_id=group_id, from_handle=who)
        screen = await house.answered(sent.conversation_id, turns=2)
        assert len(screen.bodies) == answers

    run(story, played)


def test_who_goes_on_after_an_answer_may_go_on_again_and_again():
    played = script("Two hours.", "Very warm.", "No rain.")

    async def story(house: House) -> None:
        group_id = await trip(house)
        for turn, words in enumerate(["Threedots, is it far?", "and warm?", "and dry?"], start=1):
            sent = await house.text(words, group_id=group_id)
            await house.settled(turns=turn)
        assert len((await house.screen(sent.conversation_id)).bodies) == 3

    run(story, played)


def test_a_tapback_on_its_question_addresses_it():
    played = script("Shall I book it?", "Booked.")

    async def story(house: House) -> None:
        group_id = await trip(house)
        sent = await house.text("Threedots, find a hut", group_id=group_id)
        question = (await house.answered(sent.conversation_id)).last["id"]
        await house.tap(question, "like", from_handle=BEN)
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies[-1] == "Booked."
        assert BEN in played.asked()[-1]

    run(story, played)


def test_it_taps_back_and_answers_in_thread_in_a_group():
    played = script(
        [call("react", tapback="love"), call("reply", message_id="m1", text="Lovely.")], SILENT
    )

    async def story(house: House) -> None:
        sent = await house.text("Threedots, we made it!", group_id=await trip(house))
        screen = await house.answered(sent.conversation_id)
        target = sent.message_ids[0]
        assert [r["reaction"] for r in screen.message(target)["reactions"]] == ["love"]
        assert screen.last["reply_to_message_id"] == target

    run(story, played)


def test_typing_shows_in_a_group_once_it_is_addressed():
    async def story(house: House) -> None:
        await house.text("Threedots?", group_id=await trip(house))
        await house.settled(turns=1)
        assert len(await house.calls("POST", "/typing")) == 1

    run(story, script("Yes?"))


def test_a_member_who_stopped_is_not_heard_and_the_others_still_are():
    played = script("Yes, Ben?")

    async def story(house: House) -> None:
        await house.text("STOP", from_handle=ANA)
        await house.settled(turns=1)
        group_id = await trip(house)
        await house.text("Threedots?", group_id=group_id, from_handle=ANA)
        sent = await house.text("Threedots?", group_id=group_id, from_handle=BEN)
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == ["Yes, Ben?"]

    run(story, played)


def test_a_lively_group_of_thirty_two_is_named_in_short_and_answered_once():
    played = gated("Two nights.", last_for_ever=True)
    people = [f"+1415555{number:04}" for number in range(200, 232)]

    async def story(house: House) -> None:
        group_id = str((await house.group(*people, name="Reunion"))["group_id"])
        await house.text("Threedots, how long?", group_id=group_id, from_handle=people[0])
        await played.is_thinking()
        for number in range(100):
            who = people[1 + number % 31]
            sent = await house.text(f"chatter {number}", group_id=group_id, from_handle=who)
        await house.stored(101)
        played.go_on()
        await house.settled(turns=2)
        assert (await house.screen(sent.conversation_id)).bodies == ["Two nights."]
        assert len(played.seen) == 1
        assert "20 more" in played.context()
        outcomes = {message.outcome for message in (await house.messages())[1:]}
        assert outcomes <= {"answered", "silent(not addressed in the group)"}

    run(story, played)
