"""Who says that they are under age: minor mode, no text first, and under thirteen silence."""

from __future__ import annotations

from functools import partial
from typing import Any

from memory import minors
from memory.alerts import Alert, resolve_one
from memory.consent_records import add
from memory.minors import MinorFlag
from memory.tables import Consent
from memory.texting_first import Order, may_text_first
from phone.clock import HeldClock, utc
from safety.verdicts import Refused
from tests.house import ANA, BEN, House, call, run, script
from tests.stories.test_crisis import calls_into

RULES = "Somebody here has said that they are under 18"
CHILD = "I can't text with anybody under 13"
REMINDER = "(A reminder: I'm Threedots, an AI, not a person. Maybe time for a break?)"


async def write(house: House, work: Any) -> Any:
    assert house.local.deployment is not None
    return await house.local.deployment.store.write(work)


def test_who_says_they_are_fifteen_is_texted_with_as_a_minor_from_that_very_turn_on():
    played = script("Nice!", "Sure.", "Hello.")

    async def story(house: House) -> None:
        for turn, text in enumerate(["I'm 15", "so, homework?"], start=1):
            await house.text(text)
            await house.settled(turns=turn)
        await house.text("hi", from_handle=BEN)
        await house.settled(turns=3)
        told = [info.instructions or "" for info in played.infos]
        assert [RULES in each for each in told] == [True, True, False]
        [flag] = await house.rows(MinorFlag)
        assert (flag.participant, flag.is_child) == (ANA, False)
        assert await house.rows(Alert) == []

    run(story, played)


def test_a_minor_is_not_texted_first_whatever_they_agreed_to():
    async def story(house: House) -> None:
        await house.text("I'm 16")
        await house.settled(turns=1)
        now = house.local.twin.line.clock.now()
        agree = partial(
            add, participant=ANA, purpose="news", text="yes", evidence="form", given_at=utc(now),
            now=now,
        )  # fmt: skip
        await write(house, agree)
        verdict = await house.read(
            partial(may_text_first, order=Order(ANA, "news"), number="+14155550100", now=now)
        )
        assert isinstance(verdict, Refused) and verdict.code == "minor"

    run(story, script("ok"))


def test_under_thirteen_gets_static_words_once_then_silence_and_a_person_is_called():
    played = script()

    async def story(house: House) -> None:
        taken = calls_into(house)
        sent = await house.text("hi, I'm 12")
        screen = await house.answered(sent.conversation_id)
        assert len(screen.bodies) == 1 and CHILD in screen.bodies[0]
        assert (taken[0]["kind"], ANA in str(taken)) == ("child", False)
        await house.text("I'm 12 and I have a question")
        await house.text("hello?", to_number=await house.sms_number())
        await house.stored(3)
        assert [m.outcome for m in (await house.messages())[1:]] == ["dropped(child)"] * 2
        assert len(await house.settled(turns=1)) == 1
        assert (await house.screen(sent.conversation_id)).bodies == screen.bodies

    run(story, played)


def test_silence_to_a_child_outlives_the_alert_and_ends_with_the_flag():
    async def story(house: House) -> None:
        sent = await house.text("soy una niña de 10 años")
        await house.settled(turns=1)
        [alert] = await house.rows(Alert)
        await write(house, partial(resolve_one, alert_id=alert.id, by="test", now=1.0))
        await house.text("hello?")
        await house.stored(2)
        await write(house, partial(minors.clear, participant=ANA, by="test", now=2.0))
        await house.text("I have a son of that age, I wanted to say")
        assert (await house.answered(sent.conversation_id, turns=2)).bodies[1:] == ["I see!"]
        assert [flag.cleared_by for flag in await house.rows(MinorFlag)] == ["test"]

    run(story, script("I see!"))


def test_taking_a_flag_away_also_closes_the_alert_and_gives_the_conversation_back():
    async def story(house: House) -> None:
        sent = await house.text("I'm 11")
        await house.settled(turns=1)
        await write(house, partial(minors.clear, participant=ANA, by="test", now=2.0))
        [alert] = await house.rows(Alert)
        assert alert.resolved_by == "test"
        await house.text("11 minutes away, I meant")
        assert (await house.answered(sent.conversation_id, turns=2)).bodies[1:] == ["Ah, ok!"]

    run(story, script("Ah, ok!"))


def test_a_childs_stop_and_cry_for_help_are_heard_all_the_same():
    async def story(house: House) -> None:
        sent = await house.text("I'm 12")
        await house.settled(turns=1)
        await house.text("I want to die")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert "988" in screen.bodies[-1]
        await house.text("STOP")
        await house.settled(turns=3)
        assert [entry.opted_out for entry in await house.rows(Consent)] == [True]
        assert {alert.kind for alert in await house.rows(Alert)} == {"child", "crisis"}

    run(story, script())


def test_in_a_group_nothing_is_said_about_it_before_everybody_and_the_others_are_answered():
    played = script("Hi Ben!")

    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        await house.text("Threedots, I'm 12", group_id=group["group_id"])
        await house.stored(1)
        assert [(one.kind, one.pauses) for one in await house.rows(Alert)] == [("child", False)]
        await house.text("Threedots, hi", from_handle=BEN, group_id=group["group_id"])
        screen = await house.answered(group["conversation_id"])
        assert [RULES in (info.instructions or "") for info in played.infos] == [True]
        assert "Hi Ben!" in screen.bodies[0] and len(screen.bodies) == 1

    run(story, played)


def test_a_bare_number_is_an_age_only_where_we_asked_for_one():
    async def story(house: House) -> None:
        await house.text("12")
        await house.settled(turns=1)
        assert await house.rows(MinorFlag) == []
        await house.text("12")
        await house.settled(turns=2)
        [flag] = await house.rows(MinorFlag)
        assert flag.is_child

    run(story, script("12 what? And how old are you?"))


def test_where_ages_do_not_count_nobody_is_flagged():
    async def story(house: House) -> None:
        sent = await house.text("I'm 12")
        assert (await house.answered(sent.conversation_id)).bodies == ["Hi!"]
        assert await house.rows(MinorFlag) == []

    run(story, script("Hi!"), settings={"threedots_minors": "off"})


def reminded(settings: dict[str, Any], first: str, *, times: int = 3) -> list[bool]:
    """Which answers carry the reminder, with a text every 100 minutes."""
    clock = HeldClock()
    said: list[bool] = []

    async def story(house: House) -> None:
        for turn in range(1, times + 1):
            sent = await house.text(first if turn == 1 else "and then?")
            screen = await house.answered(sent.conversation_id, turns=turn)
            said.append(REMINDER in screen.bodies[-1])
            clock.advance(100 * 60)

    run(story, script("Go on.", last_for_ever=True), clock=clock, settings=settings)
    return said


def test_a_companion_says_every_three_hours_of_one_conversation_that_it_is_an_ai():
    told = reminded({"threedots_profile": "companion"}, "hi", times=5)
    assert told == [False, False, True, False, True]


def test_a_minor_is_reminded_by_any_agent_and_nobody_else_is():
    assert reminded({}, "I'm 15") == [False, False, True]
    assert reminded({}, "hi") == [False, False, False]


def test_a_reminder_counts_as_said_only_when_it_may_have_arrived_and_the_model_knows_of_it():
    clock = HeldClock()
    played = script("One.", "Two.", call("end_turn", reason="enough"), "Four.")

    async def story(house: House) -> None:
        for turn in range(1, 5):
            sent = await house.text("hi")
            await house.settled(turns=turn)
            clock.advance(100 * 60)
        bodies = (await house.screen(sent.conversation_id)).bodies
        assert [REMINDER in body for body in bodies] == [False, False, True]
        told = [info.instructions or "" for info in played.infos]
        assert ["reminds them that you are" in each for each in told] == [False, False, True, True]

    run(story, played, clock=clock, settings={"threedots_profile": "companion"})
