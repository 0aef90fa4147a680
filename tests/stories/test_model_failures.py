"""When the model cannot be had: waited for, owned up to, and not for ever."""

from __future__ import annotations

import logging

import pytest
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.messages import TextPart
from pydantic_ai.models.fallback import FallbackModel

from phone.clock import HeldClock
from tests.house import House, Script, call, run, script

DOWN = ModelHTTPError(503, "script", body="overloaded")
SORRY = "Sorry, I can't think straight right now"


@pytest.mark.parametrize(
    "failure",
    [DOWN, ModelHTTPError(429, "script"), ModelAPIError("script", "connection lost")],
    ids=["503", "429", "no connection"],
)
def test_a_model_that_fails_for_a_moment_is_asked_again(failure: Exception):
    played = script(failure, failure, "hello")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.until(lambda _: played.seen)
        await house.pass_time_until_settled(turns=1, at_most=60)
        screen = await house.screen(sent.conversation_id)
        assert screen.bodies == ["hello"]
        assert len(played.seen) == 3

    run(story, played, clock=HeldClock())


def test_a_model_that_stays_away_is_owned_up_to_once_in_an_outage():
    played = script(DOWN, last_for_ever=True)
    clock = HeldClock()

    async def story(house: House) -> None:
        started = clock.now()
        sent = await house.text("hi")
        await house.pass_time_until_settled(turns=1, at_most=400)
        assert 240 <= clock.now() - started <= 330
        screen = await house.screen(sent.conversation_id)
        [apology] = screen.bodies
        assert apology.startswith(SORRY)
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "model_unavailable")
        await house.text("still there?")
        await house.pass_time_until_settled(turns=2, at_most=400)
        assert (await house.screen(sent.conversation_id)).bodies == [apology]
        played.responses = [[TextPart("I'm back.")]]
        await house.text("and now?")
        screen = await house.answered(sent.conversation_id, turns=3)
        assert screen.bodies == [apology, "I'm back."]

    run(story, played, clock=clock)


def test_another_outage_is_owned_up_to_again():
    played = script(ModelHTTPError(401, "script"), "hello", ModelHTTPError(401, "script"))

    async def story(house: House) -> None:
        for turn in range(1, 4):
            sent = await house.text("hi")
            await house.settled(turns=turn)
        bodies = (await house.screen(sent.conversation_id)).bodies
        assert [body.startswith(SORRY) for body in bodies] == [True, False, True]

    run(story, played)


def test_a_wrong_key_is_not_waited_for(caplog: pytest.LogCaptureFixture):
    played = script(ModelHTTPError(401, "script", body="Incorrect API key: sk-secret"))
    clock = HeldClock()

    async def story(house: House) -> None:
        started = clock.now()
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert clock.now() == started
        assert screen.bodies[0].startswith(SORRY)

    with caplog.at_level(logging.ERROR, logger="agent"):
        run(story, played, clock=clock)
    assert "no model could be had: ModelHTTPError 401" in caplog.text
    assert "sk-secret" not in caplog.text


def test_a_model_lost_after_something_was_said_is_not_apologised_for():
    played = script(call("send", text="One moment."), DOWN)

    async def story(house: House) -> None:
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["One moment."]
        assert len(played.seen) == 2

    run(story, played, clock=HeldClock())


def test_others_are_answered_while_one_waits_for_the_model():
    played = script(DOWN, "hello Ben")

    async def story(house: House) -> None:
        await house.text("hi")
        await house.until(lambda _: played.seen)
        sent = await house.text("hi", from_handle="+14155550177")
        await house.settled_in(sent.conversation_id)
        assert (await house.screen(sent.conversation_id)).bodies == ["hello Ben"]
        played.responses = [[TextPart("hello Ana")]]
        await house.pass_time_until_settled(turns=2, at_most=30)

    run(story, played, clock=HeldClock())


class SecondInLine(Script):
    """The model that is asked when the first one cannot be had."""

    @property
    def model(self) -> FallbackModel:  # type: ignore[override]
        return FallbackModel(script(DOWN, last_for_ever=True).model, super().model)


def test_the_next_model_of_the_chain_answers_at_once():
    clock = HeldClock()

    async def story(house: House) -> None:
        started = clock.now()
        sent = await house.text("hi")
        assert (await house.answered(sent.conversation_id)).bodies == ["hello"]
        assert clock.now() == started

    run(story, SecondInLine([[TextPart("hello")]]), clock=clock)
