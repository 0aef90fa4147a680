"""The three dots: before the model is asked, never on SMS, and never in anybody's way."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo

from phone.clock import HeldClock
from tests.house import ANA, House, Script, call, gated, run, script

TYPING = "/v1/conversations/*/typing"


class Watching(Script):
    """A script that notes what the line had heard when the model was asked."""

    house: House
    heard: list[str]

    def play(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        events = self.house.local.twin.line.log.after(0)
        self.heard = [event["path"] for event in events if event["type"] == "api_call"]
        return super().play(messages, info)


def test_typing_shows_before_the_model_is_asked():
    played = Watching(script("hello").responses)

    async def story(house: House) -> None:
        played.house = house
        sent = await house.text("hi")
        await house.settled(turns=1)
        assert f"/v1/conversations/{sent.conversation_id}/typing" in played.heard

    run(story, played)


def test_typing_shows_while_the_agent_thinks_and_is_gone_when_it_has_answered():
    played = gated("hello")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        assert (await house.screen(sent.conversation_id)).data["typing"] is True
        played.go_on()
        screen = await house.answered(sent.conversation_id)
        assert screen.data["typing"] is False

    run(story, played)


def test_typing_is_refreshed_while_the_thinking_takes_long():
    played = gated("hello")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        await house.pass_time(30)
        assert len(await house.calls("POST", "/typing")) >= 4
        assert (await house.screen(sent.conversation_id)).data["typing"] is True
        played.go_on()
        await house.settled(turns=1)

    run(story, played, clock=HeldClock())


def test_there_is_no_typing_on_sms():
    async def story(house: House) -> None:
        await house.person(ANA, imessage=False)
        await house.text("hi")
        await house.settled(turns=1)
        assert await house.calls("POST", "/typing") == []

    run(story, script("hello"))


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 400}, {"drop": True}])
def test_typing_that_fails_breaks_nothing(fault: dict[str, Any]):
    async def story(house: House) -> None:
        await house.fail("POST", TYPING, times=9, **fault)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["hello"]

    run(story, script("hello"))


def test_typing_that_hangs_delays_nothing():
    clock = HeldClock()

    async def story(house: House) -> None:
        await house.fail("POST", TYPING, delay=3600)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["hello"]
        assert clock.now() == HeldClock().now()

    run(story, script("hello"), clock=clock)


def test_a_consent_word_is_answered_without_typing():
    async def story(house: House) -> None:
        await house.text("STOP")
        await house.settled(turns=1)
        assert await house.calls("POST", "/typing") == []

    run(story, script())


def test_silence_may_follow_typing():
    async def story(house: House) -> None:
        sent = await house.text("no need to answer")
        screen = await house.answered(sent.conversation_id)
        assert screen.outbound == []

    run(story, script(call("end_turn", reason="they said so")))
