"""Thinking starts at once; the first word waits until they have finished, and hears them."""

from __future__ import annotations

from sqlmodel import Session, select

from memory.tables import Bubble, Message, ToolCall
from phone.clock import HeldClock
from tests.house import ANA, BEN, House, call, gated, run, script
from tests.stories.test_taking_turns import all_taken

SILENT = call("end_turn", reason="nothing to add")
QUIET = {"threedots_quiet_for": 1.0}


async def thought(house: House, played: object) -> None:
    """Until the model has answered, whatever still holds its words."""
    await house.until(lambda _: bool(played.seen))  # type: ignore[attr-defined]


def sends(house: House) -> int:
    return sum(
        event["type"] == "api_call" and (event["method"], event["path"]) == ("POST", "/v1/messages")
        for event in house.local.twin.line.log.after(0)
    )


def test_the_model_is_asked_at_once_and_the_first_word_waits_for_the_pause():
    played = script("Hello!")

    async def story(house: House) -> None:
        await house.text("hi")
        await thought(house, played)
        assert sends(house) == 0
        await house.pass_time(0.9)
        assert sends(house) == 0
        await house.pass_time(0.2)
        await house.settled(turns=1)
        assert sends(house) == 1

    run(story, played, clock=HeldClock(), settings=QUIET)


def test_a_text_that_looks_unfinished_holds_the_first_word_longer():
    played = script("At seven?")

    async def story(house: House) -> None:
        await house.text("can you book a table and")
        await thought(house, played)
        await house.pass_time(2.9)
        assert sends(house) == 0
        await house.pass_time(0.2)
        await house.settled(turns=1)
        assert sends(house) == 1

    run(story, played, clock=HeldClock(), settings=QUIET)


def test_a_correction_during_the_pause_is_answered_instead_of_what_it_corrects():
    played = script("Booked for two.", "Booked for three.")

    async def story(house: House) -> None:
        sent = await house.text("a table for two")
        await thought(house, played)
        await house.text("no, three")
        await house.until(all_taken(2))
        await house.until(lambda _: len(played.seen) == 2)
        await house.pass_time(1.1)
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Booked for three."]
        assert [words.split("]\n")[-1] for words in played.asked()] == [
            "a table for two",
            "no, three",
        ]

    run(story, played, clock=HeldClock(), settings=QUIET)


def test_somebody_who_never_stops_is_answered_all_the_same():
    played = script("one", "two", "three", "at last", last_for_ever=True)

    async def story(house: House) -> None:
        sent = await house.text("text 0")
        for number in range(1, 6):
            await house.until(lambda _, n=number: len(played.seen) >= min(n, 4))
            await house.text(f"text {number}")
            await house.stored(number + 1)
            await house.pass_time(0.5)
        await house.pass_time(3.0)
        await house.settled(turns=1)
        assert len((await house.screen(sent.conversation_id)).bodies) >= 1
        assert len(played.seen) <= 7

    run(story, played, clock=HeldClock(), settings=QUIET)


def test_what_a_tool_has_done_is_kept_and_the_new_text_reaches_the_next_request():
    noted = call("remember", fact="Has a dog called Rex")
    played = gated(noted, "Rex, noted. And a cat!", last_for_ever=True)

    async def story(house: House) -> None:
        sent = await house.text("my dog is called Rex")
        await played.is_thinking()
        played.go_on()
        await house.until(lambda session: session.exec(select(ToolCall)).first() is not None)
        await house.text("and I have a cat")
        screen = await house.answered(sent.conversation_id)
        calls = await house.rows(ToolCall)
        assert [call.name for call in calls].count("remember") == 1
        assert screen.bodies

    run(story, played)


def test_bubbles_that_have_not_left_when_they_write_again_come_back_to_the_model():
    played = script(
        call("send", text="First this."), call("send", text="Then that."), "Both, then."
    )

    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", delay=5.0)
        sent = await house.text("tell me everything")
        await house.until(lambda session: _state(session, "First this.") == "dispatched")
        await house.text("no wait, only the end")
        await house.stored(2)
        await house.pass_time(6)
        await house.settled(turns=1)
        screen = await house.screen(sent.conversation_id)
        assert screen.bodies[0] == "First this."
        heard = " ".join(played.asked(1))
        assert "no wait, only the end" in heard, "the new text is in the model's next request"

    run(story, played, clock=HeldClock())


def test_long_words_stop_in_the_middle_when_they_write_again():
    paragraphs = "\n\n".join(f"{name} paragraph. " * 18 for name in ("First", "Second", "Third"))
    played = script(paragraphs, "Sorry. Shorter: yes.")

    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", delay=5.0)
        sent = await house.text("explain")
        await house.until(
            lambda session: _states(session) == ["dispatched", "prepared", "prepared"]
        )
        await house.text("just yes or no")
        await house.stored(2)
        await house.pass_time(6)
        screen = await house.answered(sent.conversation_id)
        assert [words[:5] for words in screen.bodies] == ["First", "Sorry"]
        codes = [bubble.code for bubble in await house.bubbles()]
        assert codes == [None, "superseded", "superseded", None]
        assert "was NOT sent (superseded)" in str(played.seen[-1][-1].parts)

    run(story, played, clock=HeldClock())


def test_patience_asks_the_model_only_after_the_pause():
    played = script("Three it is.")

    async def story(house: House) -> None:
        sent = await house.text("a table for two")
        await house.until(all_taken(1))
        await house.pass_time(0.5)
        await house.text("no, three")
        await house.stored(2)
        assert played.seen == []
        await house.pass_time(2.0)
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Three it is."]
        assert len(played.seen) == 1

    run(story, played, clock=HeldClock(), settings={**QUIET, "threedots_burst": "patient"})


def test_in_a_group_others_do_not_interrupt():
    played = gated("Eight o'clock.")

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text("Threedots, when?", group_id=group["group_id"])
        await played.is_thinking()
        await house.text("I'd say nine", group_id=group["group_id"], from_handle=BEN)
        await house.stored(2)
        played.go_on()
        await house.settled(turns=2)
        screen = await house.screen(group["conversation_id"])
        assert screen.bodies == ["Eight o'clock."]

    run(story, played)


def test_in_a_group_whoever_asked_may_correct_themselves_before_the_answer():
    played = script("A table for two.", "A table for three.")

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text("Threedots, a table for two", group_id=group["group_id"])
        await thought(house, played)
        await house.text("no, three", group_id=group["group_id"])
        await house.until(lambda _: len(played.seen) == 2)
        await house.pass_time(1.1)
        await house.settled(turns=1)
        screen = await house.screen(group["conversation_id"])
        assert screen.bodies == ["A table for three."]
        assert "no, three" in played.asked()[-1]

    run(story, played, clock=HeldClock(), settings=QUIET)


def test_in_a_group_a_correction_stops_the_bubbles_that_have_not_left():
    played = script([call("send", text="One."), call("send", text="Two.")], "Then not.")

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.fail("POST", "/v1/messages", delay=5.0)
        await house.text("Threedots, count", group_id=group["group_id"])
        await house.until(lambda session: _state(session, "One.") == "dispatched")
        await house.text("ha, counting", group_id=group["group_id"], from_handle=BEN)
        await house.text("stop counting please", group_id=group["group_id"])
        await house.stored(3)
        await house.pass_time(6)
        await house.settled(turns=1)
        screen = await house.screen(group["conversation_id"])
        assert screen.bodies == ["One.", "Then not."]
        assert [words.split("]\n")[-1] for words in played.asked()][1:] == [
            "ha, counting",
            "stop counting please",
        ]

    run(story, played, clock=HeldClock())


def test_in_a_group_chatter_stops_no_bubble():
    played = script([call("send", text="One."), call("send", text="Two.")], SILENT)

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.fail("POST", "/v1/messages", delay=5.0)
        await house.text("Threedots, count", group_id=group["group_id"])
        await house.until(lambda session: _state(session, "One.") == "dispatched")
        await house.text("ha, counting", group_id=group["group_id"], from_handle=BEN)
        await house.stored(2)
        await house.pass_time(6)
        await house.settled(turns=1)
        assert (await house.screen(group["conversation_id"])).bodies == ["One.", "Two."]

    run(story, played, clock=HeldClock())


def test_no_typing_call_follows_the_last_words():
    played = script("Hello!")

    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", delay=12.0)
        await house.text("hi")
        await house.until(lambda session: _state(session, "Hello!") == "dispatched")
        await house.pass_time(13)
        await house.settled(turns=1)
        assert len(await house.calls("POST", "/typing")) == 1

    run(story, played, clock=HeldClock())


def _state(session: Session, text: str) -> str | None:
    return session.exec(select(Bubble.state).where(Bubble.text == text)).first()


def _states(session: Session) -> list[str]:
    return list(session.exec(select(Bubble.state).order_by(Bubble.position)))  # type: ignore[arg-type]


def test_every_text_of_a_restarted_turn_is_settled_with_it():
    played = script("one", "both")

    async def story(house: House) -> None:
        await house.text("first")
        await thought(house, played)
        await house.text("second")
        await house.until(lambda _: len(played.seen) == 2)
        await house.pass_time(1.1)
        await house.settled(turns=1)
        messages: list[Message] = await house.messages()
        assert {message.outcome for message in messages} == {"answered"}
        assert len({message.turn_id for message in messages}) == 1

    run(story, played, clock=HeldClock(), settings=QUIET)


def test_a_flurry_is_thought_about_once_more_and_not_with_each_of_its_texts():
    played = gated("all of it")

    async def story(house: House) -> None:
        sent = await house.text("text 0")
        await played.is_thinking()
        for number in range(1, 12):
            await house.pass_time(0.03)
            await house.text(f"text {number}")
            await house.stored(number + 1)
        played.go_on()
        await house.pass_time(1.4)
        assert (await house.answered(sent.conversation_id)).bodies == ["all of it"]
        [record] = await house.records()
        assert len(record.requests) <= 3, "the first, and what came at once as one"
        assert len(played.asked()) == 12

    run(story, played, clock=HeldClock(), settings=QUIET)
