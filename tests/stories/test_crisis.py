"""Somebody may harm themselves: static words at once, a person is called, the agent is silent."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from agent.alerting import call_people
from memory.alerts import Alert, resolve
from memory.tables import Consent
from tests.house import ANA, House, call, gated, run, script

LIFELINE = "call or text 988"


def calls_into(house: House) -> list[dict[str, Any]]:
    """Where calls for a person arrive in this house."""
    taken: list[dict[str, Any]] = []

    async def take(alert: dict[str, Any]) -> bool:
        taken.append(alert)
        return True

    assert house.local.deployment is not None
    house.local.deployment.call_person = take
    return taken


async def round_of_calls(house: House) -> None:
    """What goes on every few seconds beside the turns."""
    assert house.local.deployment is not None
    await call_people(house.local.deployment)


def test_words_of_crisis_get_static_words_at_once_and_the_agent_is_silent_until_resumed():
    played = script("Good to hear from you.")

    async def story(house: House) -> None:
        taken = calls_into(house)
        sent = await house.text("I want to kill myself")
        screen = await house.answered(sent.conversation_id)
        assert len(screen.bodies) == 1 and LIFELINE in screen.bodies[0]
        await house.text("are you there?")
        [first, second] = await house.settled(turns=2)
        assert (first.outcome, first.reason) == ("handed_over", "crisis")
        assert (second.outcome, second.reason) == ("handed_over", "taken_over")
        await round_of_calls(house)
        assert taken[0]["conversation_id"] == sent.conversation_id
        assert ANA not in str(taken) and "kill" not in str(taken)
        [alert] = await house.rows(Alert)
        now = house.local.twin.line.clock.now()
        await house.local.deployment.store.write(  # type: ignore[union-attr]
            partial(resolve, mailbox_id=alert.mailbox_id, by="test", now=now)
        )
        await house.text("hi again")
        assert (await house.answered(sent.conversation_id, turns=3)).bodies[-1] == (
            "Good to hear from you."
        )

    run(story, played)


def test_the_words_go_out_once_and_a_person_is_called_each_time():
    async def story(house: House) -> None:
        calls_into(house)
        sent = await house.text("I want to die")
        await house.settled(turns=1)
        await house.text("I really want to die")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert len(screen.bodies) == 1
        [alert] = await house.rows(Alert)
        assert alert.times == 2

    run(story, script())


def test_what_the_agent_was_about_to_say_does_not_leave():
    played = gated("What a lovely day!")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        await house.text("I just took a whole bottle of pills")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert len(screen.bodies) == 1 and LIFELINE in screen.bodies[0]
        played.responses.clear()  # its thought was cut off: there was nothing to wait for

    run(story, played)


def test_whoever_has_opted_out_gets_the_words_once_and_a_person_is_called():
    async def story(house: House) -> None:
        sent = await house.text("STOP")
        await house.settled(turns=1)
        await house.text("I want to end my life")
        await house.settled(turns=2)
        await house.text("I want to end my life")
        screen = await house.answered(sent.conversation_id, turns=3)
        assert len(screen.bodies) == 2 and LIFELINE in screen.bodies[1]
        assert [entry.opted_out for entry in await house.rows(Consent)] == [True]
        assert len(await house.rows(Alert)) == 1

    run(story, script())


def test_the_words_are_those_of_their_country_and_language():
    async def story(house: House) -> None:
        people = {
            "+447400123456": ("I want to die", "Samaritans"),
            "+14155550177": ("quiero morirme", "oprime 2"),
            "+819012345678": ("I want to die", "findahelpline.com"),
        }
        for turn, (who, (text, words)) in enumerate(people.items(), start=1):
            sent = await house.text(text, from_handle=who)
            screen = await house.answered(sent.conversation_id, turns=turn)
            assert words in screen.bodies[0]

    run(story, script())


def test_a_crisis_only_the_model_hears_is_answered_the_same_way():
    async def story(house: House) -> None:
        sent = await house.text("I have it all laid out on the table, and then it is over")
        screen = await house.answered(sent.conversation_id)
        assert len(screen.bodies) == 1 and LIFELINE in screen.bodies[0]
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("handed_over", "crisis")
        [alert] = await house.rows(Alert)
        assert alert.pauses

    run(story, script([call("call_a_person"), "Take care!"], ""))


def test_in_a_group_a_person_is_called_and_nothing_is_said_before_everybody():
    async def story(house: House) -> None:
        group = await house.group(ANA, "+14155550124")
        await house.text("I want to die", group_id=group["group_id"])
        await house.stored(1)
        [alert] = await house.rows(Alert)
        assert not alert.pauses
        await house.settled(turns=1)
        assert (await house.screen(group["conversation_id"])).outbound == []

    run(story, script())


def test_the_log_says_loudly_that_a_person_is_needed_and_not_who(caplog: Any):
    async def story(house: House) -> None:
        await house.text("I want to kill myself")
        await house.settled(turns=1)
        await round_of_calls(house)
        loud = [r.getMessage() for r in caplog.records if r.levelno == logging.CRITICAL]
        assert len(loud) == 1 and "A PERSON IS NEEDED: alert 1, crisis" in loud[0]
        assert ANA not in loud[0] and "kill" not in loud[0]

    run(story, script())
