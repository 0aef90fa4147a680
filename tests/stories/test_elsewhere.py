"""Somebody writes in AgentPhone's own dashboard, in the agent's place: the agent is silent then."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlmodel import select

from memory.operating import conversation_of
from memory.overheard import BY_A_PERSON
from memory.takeovers import GONE, METADATA, Takeover, take_over
from phone.clock import HeldClock
from tests.house import House, call, gated, run, script

A_MINUTE = {"threedots_elsewhere_hours": 0.02}


async def held_by(house: House) -> list[tuple[str | None, str | None]]:
    return [(one.claimed_by, one.ended_by) for one in await house.rows(Takeover)]


@pytest.mark.parametrize("copies", [True, False], ids=["told by webhook", "read back"])
def test_somebody_who_writes_in_the_dashboard_has_the_conversation_for_a_while(copies: bool):
    played = script("hello", "as you were told, at six")

    async def story(house: House) -> None:
        await house.switch(outbound_copies=copies)
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.by_the_owner(sent.conversation_id, "We open at six, says Mia.")
        if copies:
            await house.until(lambda session: session.exec(select(Takeover)).first())
        await house.text("thanks, and on Sundays?")
        turns = await house.settled(turns=2)
        assert [turn.outcome for turn in turns] == ["answered", "handed_over"]
        screen = await house.screen(sent.conversation_id)
        assert screen.bodies == ["hello", "We open at six, says Mia."]
        assert await held_by(house) == [("a person at AgentPhone", None)]
        await house.pass_time(90)
        await house.text("six, was it?")
        await house.settled(turns=3)
        assert await held_by(house) == [("a person at AgentPhone", GONE)]
        [hers] = [words for words in played.talk() if "says Mia" in words]
        assert "written to them by a human colleague of yours" in hers

    run(story, played, clock=HeldClock(1_780_000_000.0), settings=A_MINUTE)


def test_what_the_agent_thinks_meanwhile_is_not_said():
    played = gated("never said")

    async def story(house: House) -> None:
        await house.switch(outbound_copies=True)
        sent = await house.text("hi")
        await played.is_thinking()
        await house.by_the_owner(sent.conversation_id, "I have this one.")
        await house.until(lambda session: session.exec(select(Takeover)).first())
        played.go_on()
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "handed_over"
        assert (await house.screen(sent.conversation_id)).bodies == ["I have this one."]

    run(story, played)


def test_copies_of_what_the_agent_says_itself_silence_nobody():
    async def story(house: House) -> None:
        await house.switch(outbound_copies=True)
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.fail("POST", "/v1/messages", status=500, after_effect=True)
        await house.text("and again")
        await house.pass_time_until_settled(turns=2, at_most=60)
        await house.text("go on")
        await house.settled(turns=3)
        await house.text("STOP")
        await house.settled(turns=4)
        await house.by_the_owner(sent.conversation_id, "You have been unsubscribed.")  # a carrier
        await house.text("START")
        await house.settled(turns=5)
        assert await house.rows(Takeover) == []
        assert not [m for m in await house.messages() if m.outcome == BY_A_PERSON]

    played = script([call("send", text="one"), call("send", text="two")], "", "three", "four")
    run(story, played, clock=HeldClock(1_780_000_000.0))


def test_with_nothing_set_for_it_words_from_elsewhere_are_known_and_silence_nobody():
    played = script("hello", "six, as you were told")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.by_the_owner(sent.conversation_id, "We open at six, says the CRM.")
        await house.text("six?")
        turns = await house.settled(turns=2)
        assert [turn.outcome for turn in turns] == ["answered", "answered"]
        assert [words for words in played.talk() if "colleague" in words and "CRM" in words]

    run(story, played, settings={"threedots_elsewhere_hours": 0.0})


def test_human_mode_in_the_metadata_holds_a_conversation_until_it_is_taken_away():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.human_mode(sent.conversation_id, on=True)
        await house.text("anybody?")
        turns = await house.settled(turns=2)
        assert turns[-1].outcome == "handed_over"
        assert await held_by(house) == [(METADATA, None)]
        await house.human_mode(sent.conversation_id, on=False)
        await house.text("and now?")
        turns = await house.settled(turns=3)
        assert turns[-1].outcome == "answered"
        assert await held_by(house) == [(METADATA, METADATA)]

    run(story, script("hello", "back again"))


def test_human_mode_that_is_over_says_so_in_the_metadata_and_begins_no_second_time():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.human_mode(sent.conversation_id, on=True)
        await house.text("anybody?")
        await house.settled(turns=2)
        await house.pass_time(90)
        await house.text("and now?")
        turns = await house.settled(turns=3)
        assert turns[-1].outcome == "answered"
        assert await held_by(house) == [(METADATA, GONE)]
        flags = (await house.metadata(sent.conversation_id))["threedots"]["flags"]
        assert flags["human_mode"] is False

    played = script("hello", "back again")
    run(story, played, clock=HeldClock(1_780_000_000.0), settings=A_MINUTE)


def test_who_takes_over_in_the_console_then_keeps_it():
    async def story(house: House) -> None:
        deployment = house.local.deployment
        assert deployment is not None
        sent = await house.text("hi")
        await house.settled(turns=1)
        await house.by_the_owner(sent.conversation_id, "I have this one.")
        await house.text("good")
        await house.settled(turns=2)

        def take(session: Any) -> None:
            mailbox = conversation_of(session, sent.conversation_id)
            assert mailbox is not None
            now = deployment.clock.now()
            take_over(session, mailbox.id or 0, by="Mia", now=now)

        await deployment.store.write(partial(take))
        await house.by_the_owner(sent.conversation_id, "Still here.")
        await house.pass_time(90)
        await house.text("are you?")
        turns = await house.settled(turns=3)
        assert turns[-1].outcome == "handed_over"
        assert await held_by(house) == [("Mia", None)]

    run(story, script("hello"), clock=HeldClock(1_780_000_000.0), settings=A_MINUTE)
