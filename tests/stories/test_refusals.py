"""What AgentPhone refuses: told to the agent, to the operator, and never tried in vain."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from phone.answers import CAPS
from phone.clock import HeldClock
from tests.house import ANA, BEN, House, call, gated, run, script

SEND = "/v1/messages"
REFUSED = {"error": {"message": "The text was not accepted.", "code": "VALIDATION_ERROR"}}


@pytest.mark.parametrize("status", [400, 422])
def test_words_that_are_refused_come_back_once_and_the_second_wording_is_sent(status: int):
    played = script("Bad words", "Good words")

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=status, body=REFUSED)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Good words"]
        assert "Your words did not arrive" in played.retried()[0]
        assert "The text was not accepted" in played.retried()[0]
        assert len(await house.calls("POST", SEND)) == 2

    run(story, played)


def test_words_refused_a_second_time_end_the_turn_as_failed():
    played = script("Bad words", "Worse words")

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=422, body=REFUSED, times=2)
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "not_sent: VALIDATION_ERROR")
        assert (await house.screen(sent.conversation_id)).outbound == []

    run(story, played)


def test_a_refused_send_is_told_to_the_agent_which_goes_on():
    played = script(call("send", text="Bad words", send_style="slam"), "Good words")

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=400, body=REFUSED)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert "m2 was NOT sent (VALIDATION_ERROR)" in played.told()[0]
        assert screen.bodies == ["Good words"]

    run(story, played)


def test_an_unregistered_number_is_the_operators_to_mend(caplog: pytest.LogCaptureFixture):
    played = script("hello", "hello again")

    async def story(house: House) -> None:
        await house.switch(sms_registered=False)
        await house.person(ANA, imessage=False)
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "failed"
        assert (await house.screen(sent.conversation_id)).outbound == []
        assert len(played.seen) == 2

    with caplog.at_level(logging.ERROR):
        run(story, played)
    errors = [r.getMessage() for r in caplog.records if r.name == "tools.outbox"]
    assert "register the number for 10DLC" in errors[0]
    assert "https://agentphone.ai/register" in errors[0]


@pytest.mark.parametrize("code", sorted(CAPS))
def test_an_anti_spam_cap_is_never_tried_again(code: str):
    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=429, code=code)
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", f"not_sent: {code}")
        assert len(await house.calls("POST", SEND)) == 1
        assert (await house.screen(sent.conversation_id)).outbound == []

    run(story, script("hello"))


def test_a_throttled_bubble_waits_as_long_as_asked_and_is_sent_once():
    async def story(house: House) -> None:
        limit = {"status": 429, "code": "RATE_LIMIT_EXCEEDED", "headers": {"Retry-After": "40"}}
        await house.fail("POST", SEND, **limit)
        sent = await house.text("hi")
        await house.waits_to_send("RATE_LIMIT_EXCEEDED")
        await house.pass_time(35)
        assert len(await house.calls("POST", SEND)) == 1
        await house.pass_time(10)
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["hello"]
        assert len(await house.calls("POST", SEND)) == 2
        [bubble] = await house.bubbles()
        assert (bubble.state, bubble.attempt) == ("confirmed", 2)

    run(story, script("hello"), clock=HeldClock())


def test_while_agentphone_throttles_typing_and_tapbacks_are_left_out_and_words_go():
    played = gated(
        "hello", call("react", tapback="love"), "hello Ben", call("react", tapback="love"), ""
    )

    async def story(house: House) -> None:
        limit = {"status": 429, "code": "RATE_LIMIT_EXCEEDED", "headers": {"Retry-After": "40"}}
        await house.fail("POST", SEND, **limit)
        await house.text("hi")
        await played.is_thinking()
        played.go_on()
        await house.waits_to_send("RATE_LIMIT_EXCEEDED")
        typed = len(await house.calls("POST", "/typing"))
        sent = await house.text("hi", from_handle=BEN)
        await house.settled_in(sent.conversation_id)
        assert (await house.screen(sent.conversation_id)).bodies == ["hello Ben"]
        assert "words go first" in played.told()[0]
        assert len(await house.calls("POST", "/typing")) == typed
        assert await house.calls("POST", "/reactions") == []
        await house.pass_time(42.5)
        await house.settled(turns=2)
        await house.text("and now?", from_handle=BEN)
        await house.settled(turns=3)
        assert len(await house.calls("POST", "/reactions")) == 1

    run(story, played, clock=HeldClock())


def test_a_throttle_that_never_ends_lets_the_bubble_expire():
    async def story(house: House) -> None:
        limit = {"status": 429, "code": "RATE_LIMIT_EXCEEDED", "headers": {"Retry-After": "100"}}
        await house.fail("POST", SEND, times=100, **limit)
        await house.text("hi")
        await house.waits_to_send("RATE_LIMIT_EXCEEDED")
        await house.pass_time(720)
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "failed"
        assert (await house.bubbles())[0].state == "expired"

    run(story, script("hello"), clock=HeldClock())


def test_a_throttle_of_an_hour_is_not_waited_for():
    played = script("hello", "Sorry, I could not answer before.")

    async def story(house: House) -> None:
        limit = {"status": 429, "code": "RATE_LIMIT_EXCEEDED", "headers": {"Retry-After": "3600"}}
        await house.fail("POST", SEND, **limit)
        await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "not_sent: RATE_LIMIT_EXCEEDED")
        assert (await house.bubbles())[0].state == "expired"
        sent = await house.text("anybody there?")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == ["Sorry, I could not answer before."]
        assert "“hello” was not sent (RATE_LIMIT_EXCEEDED)" in played.context()

    run(story, played, clock=HeldClock())


@pytest.mark.parametrize("header", [None, "soon", "-5", "0"])
def test_a_throttle_that_names_no_sensible_time_is_waited_for_a_second(header: str | None):
    async def story(house: House) -> None:
        headers = {"Retry-After": header} if header else {}
        await house.fail("POST", SEND, status=429, code="RATE_LIMIT_EXCEEDED", headers=headers)
        sent = await house.text("hi")
        await house.waits_to_send("RATE_LIMIT_EXCEEDED")
        assert len(await house.calls("POST", SEND)) == 1
        await house.sleeps(1.0)
        await house.pass_time(1.1)
        assert (await house.answered(sent.conversation_id)).bodies == ["hello"]
        assert len(await house.calls("POST", SEND)) == 2

    run(story, script("hello"), clock=HeldClock())


@pytest.mark.parametrize(
    "fault", [{"code": "INSUFFICIENT_BALANCE"}, {"code": "UNAUTHORIZED", "status": 401}]
)
def test_without_money_or_key_sending_pauses_and_the_words_go_out_once_mended(
    fault: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    async def story(house: House) -> None:
        await house.fail("POST", SEND, times=100, **fault)
        sent = await house.text("hi")
        await house.waits_to_send(str(fault["code"]))
        ready = await house.http.get("/readyz")
        assert ready.status_code == 503
        assert ready.json()["sending"]
        await house.pass_time(120)
        await house.faults()
        await house.pass_time(20)
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["hello"]
        assert (await house.http.get("/readyz")).json()["sending"] is None

    with caplog.at_level(logging.WARNING, logger="tools.outbox"):
        run(story, script("hello"), clock=HeldClock())
    said = [record.getMessage() for record in caplog.records if record.name == "tools.outbox"]
    assert "SENDING IS PAUSED for everybody" in said[0]
    assert said[1:] == ["sending works again"]


def test_words_that_waited_ten_minutes_for_a_mended_account_expire():
    async def story(house: House) -> None:
        await house.fail("POST", SEND, code="INSUFFICIENT_BALANCE", times=1000)
        sent = await house.text("hi")
        await house.waits_to_send("INSUFFICIENT_BALANCE")
        await house.pass_time(620)
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "not_sent: INSUFFICIENT_BALANCE")
        assert (await house.bubbles())[0].state == "expired"
        await house.faults()
        await house.pass_time(60)
        assert (await house.screen(sent.conversation_id)).outbound == []

    run(story, script("hello"), clock=HeldClock())


def test_what_was_refused_is_known_in_the_next_turn():
    played = script("hello", "hello then")

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=429, code="CONVERSATION_STREAK_LIMIT")
        await house.text("hi")
        await house.settled(turns=1)
        await house.text("anybody there?")
        await house.settled(turns=2)
        news = "Since you last spoke: m2 “hello” was not sent (CONVERSATION_STREAK_LIMIT)"
        assert news in played.context()

    run(story, played)
