"""What is used up is not given: a notice, then silence. Consent words are answered all the same."""

# ruff: noqa: RUF001  # some of it is about characters that look like others

from __future__ import annotations

import logging
import re
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from sqlmodel import Session, select

from agent.sweep import sweep
from console.timeline import timeline
from memory.admission import Muted
from memory.spending import LimitAlert, Spent, count, used
from memory.tables import Mailbox
from phone.clock import HeldClock
from safety.limits import Amounts
from tests.house import ANA, BEN, KIM, Gated, House, Script, call, gated, run, script
from tools.reviewing import listed

NOTICE = "That's as much as I can text with you for now. Please text me again later."

DAVE = "+14155550125"


async def say(house: House, *texts: str, **who: Any) -> str:
    """Text these, each after the turn before has ended; the conversation."""
    conversation_id = ""
    for text in texts:
        done = len(await house.settled(turns=0))
        conversation_id = (await house.text(text, **who)).conversation_id
        await house.settled(turns=done + 1)
    return conversation_id


async def bodies(house: House, conversation_id: str) -> list[str]:
    return (await house.screen(conversation_id)).bodies


async def outcomes(house: House) -> list[str]:
    """How each message ended, without why."""
    return [str(message.outcome).split(":")[0].rstrip(")") for message in await house.messages()]


async def spent(house: House, subject: str) -> Amounts:
    """What was used up today."""
    assert house.local.deployment is not None
    now = house.local.deployment.clock.now()
    found = await house.read(lambda session: used(session, {"sender": subject}, now=now))
    return found["sender", "day"]


def test_a_person_over_the_limit_is_told_once_and_then_nothing_until_the_hour_is_over():
    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        place = await say(house, "one", "two", "three", "four")
        assert await bodies(house, place) == ["1", "2", NOTICE]
        assert await outcomes(house) == ["answered"] * 2 + ["dropped(over_limit"] * 2
        turn = (await house.settled(turns=4))[-1]
        assert turn.reason.startswith("over_limit: sender turns 2/hour: this person has had its 2")
        house.clock.advance(3600)
        await say(house, "five")
        assert (await bodies(house, place))[-1] == "3"

    limits = {"threedots_limit_sender_turns": "2/hour"}
    run(story, script("1", "2", "3"), settings=limits, clock=HeldClock())


def test_consent_words_are_answered_whatever_is_used_up():
    limits = {"threedots_limit_sender_turns": "1/hour", "threedots_limit_sender_bubbles": "1/hour",
              "threedots_limit_deployment_segments": "1/day"}  # fmt: skip

    async def story(house: House) -> None:
        place = await say(house, "one", "HELP", "STOP", "START", channel="sms")
        assert [body.split()[0] for body in await bodies(house, place)] == [
            "yes", "Threedots", "Threedots:", "Threedots:",
        ]  # fmt: skip

    run(story, script("yes"), settings=limits)


def test_others_go_on_when_one_person_is_over_and_nobody_when_all_of_it_is():
    async def story(house: House) -> None:
        await say(house, "one", "two")
        await say(house, "one", from_handle=BEN)
        place = await say(house, "one", from_handle=KIM)
        assert await bodies(house, place) == []
        reason = (await house.settled(turns=4))[-1].reason
        assert reason.startswith("over_limit: deployment turns 2/day: the whole deployment")

    limits = {"threedots_limit_sender_turns": "1/hour", "threedots_limit_deployment_turns": "2/day"}
    run(story, script("yes", "yes"), settings=limits)


def test_a_group_has_a_limit_of_its_own_and_what_is_not_meant_for_us_uses_up_nothing():
    async def story(house: House) -> None:
        group = await house.group(ANA, BEN)
        there = {"group_id": str(group["group_id"])}
        await say(house, "who brings the tent?", "Threedots, hello", **there, from_handle=BEN)
        place = await say(house, "Threedots, and now?", "Threedots?", **there)
        assert await bodies(house, place) == ["yes", NOTICE]
        await say(house, "hello")

    limits = {"threedots_limit_group_turns": "1/hour", "threedots_limit_sender_turns": "1/hour"}
    run(story, script("yes", "alone"), settings=limits)


def test_a_bubble_that_is_one_too_many_does_not_leave_and_the_model_is_told():
    sends = [call("send", text=str(number)) for number in range(3)]

    async def story(house: House) -> None:
        place = await say(house, "hi")
        assert await bodies(house, place) == ["0", "1"]
        states = [(bubble.state, bubble.code) for bubble in await house.bubbles()]
        assert states[2:] == [("cancelled", "over_limit")] * 2
        told = "this person has had its 2 bubbles an hour"
        assert told in played.told()[-1]

    played = script(sends, "the end")
    run(story, played, settings={"threedots_limit_sender_bubbles": "2/hour"})


def test_who_could_be_said_nothing_is_not_thought_about():
    async def story(house: House) -> None:
        place = await say(house, "one", "two", channel="sms")
        assert await bodies(house, place) == ["yes", NOTICE]

    run(story, script("yes"), settings={"threedots_limit_sender_segments": "1/day"})


def test_tokens_and_dollars_are_counted_and_let_no_more_turn_begin_once_used_up():
    class Priced(Script):
        def play(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            response = super().play(messages, info)
            response.usage.input_tokens, response.usage.output_tokens = 100, 20
            response.model_name, response.provider_name = "gpt-5-mini", "openai"
            return response

    async def story(house: House) -> None:
        place = await say(house, "one", "two", "three")
        assert await bodies(house, place) == ["yes", "yes"]
        amounts = await spent(house, "deployment:")
        assert (amounts.turns, amounts.heard, amounts.bubbles, amounts.tokens) == (2, 2, 2, 240)

    played = Priced([[TextPart("yes")], [TextPart("yes")]])
    run(story, played, settings={"threedots_limit_deployment_tokens": "130/day"})


def test_new_people_beyond_the_limit_wait_without_a_word_and_those_known_go_on():
    async def story(house: House) -> None:
        await say(house, "hi")
        place = await say(house, "hi", from_handle=BEN)
        assert await bodies(house, place) == []
        assert (await bodies(house, await say(house, "and now?")))[-1] == "still here"

    limits = {"threedots_limit_block_newcomers": "1/hour"}
    run(story, script("hello", "still here"), settings=limits)


def test_at_eighty_per_cent_and_at_the_end_the_operator_reads_one_line(
    caplog: pytest.LogCaptureFixture,
):
    async def story(house: House) -> None:
        assert house.local.deployment is not None
        await say(house, *"123456")
        with caplog.at_level(logging.WARNING, "agent.sweep"):
            for _ in range(2):
                await sweep(house.local.deployment)
        kept = {(alert.limit, alert.level) for alert in await house.rows(LimitAlert)}
        limit = "sender turns 5/hour"
        assert kept == {(limit, "warned"), (limit, "reached"), (limit, "told")}
        assert [record.message for record in caplog.records if record.name == "agent.sweep"] == [
            "the limit of sender turns 5/hour is 80 % used by one sender; see: threedots limits",
            "the limit of sender turns 5/hour is used up by one sender; see: threedots limits",
        ]

    limits = {"threedots_limit_sender_turns": "5/hour"}
    run(story, script("yes", last_for_ever=True), settings=limits)


def test_a_number_that_says_far_more_than_it_hears_calls_a_person():
    calls: list[dict[str, Any]] = []

    async def story(house: House) -> None:
        deployment = house.local.deployment
        assert deployment is not None
        answers = iter([False, True])

        async def pager(alert: dict[str, Any]) -> bool:
            calls.append(alert)
            return next(answers)

        deployment.call_person = pager
        place = await say(house, "hi")
        now, heard = deployment.clock.now(), partial(mailbox_of, conversation_id=place)
        for bubbles in (58, 2):
            assert calls == []
            await deployment.store.write(
                lambda session, more=bubbles: count(
                    session, heard(session), Amounts(bubbles=more), now=now
                )
            )
        await say(house, "and?")
        for _ in range(3):
            await sweep(deployment)
        assert [alert["kind"] for alert in calls] == ["lopsided", "lopsided"], "until it was taken"
        assert "said more than 6 times as much" in calls[0]["text"]
        assert not re.search(r"\+1\d", str(calls)), "no number of anybody's leaves"

    limits = {"threedots_limit_number_turns": "1000/day"}
    run(story, script("hello", "yes"), settings=limits)


def mailbox_of(session: Session, *, conversation_id: str) -> Mailbox:
    return session.exec(select(Mailbox).where(Mailbox.conversation_id == conversation_id)).one()


def test_a_turn_makes_as_many_calls_as_it_may():
    many = [call("shopping_list", change="add", items=[str(number)]) for number in range(4)]

    async def story(house: House) -> None:
        await say(house, "put it all on")
        assert [told.startswith("Not done") for told in played.told()] == [False] * 2 + [True] * 2
        assert played.tools() == {}

    played = script(many, "two of them")
    run(story, played, settings={"threedots_limit_turn_tool_calls": 2})


def test_a_turn_that_has_had_its_tokens_gets_no_more_tools_and_ends_with_words():
    async def story(house: House) -> None:
        place = await say(house, "hi")
        assert played.tools() == {}
        assert await bodies(house, place) == ["done"]

    show = call("shopping_list", change="show")
    played = script(["thinking " * 50, show], "done")
    run(story, played, settings={"threedots_limit_turn_tokens": 40})


def test_a_turn_without_end_is_stopped_at_its_tokens():
    show = call("shopping_list", change="show")

    async def story(house: House) -> None:
        await say(house, "hi")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "model_astray: UsageLimitExceeded")
        assert len(played.seen) == 3

    played = script(["thinking " * 50, show], last_for_ever=True)
    run(story, played, settings={"threedots_limit_turn_tokens": 40})


def test_a_text_of_too_many_segments_comes_back_to_be_said_in_fewer_words():
    async def story(house: House) -> None:
        place = await say(house, "explain", channel="sms")
        assert await bodies(house, place) == ["In short: yes."]
        assert "A text has 2 SMS segments at most and this has 4" in played.retried()[0]
        assert "Without characters like é" not in played.retried()[0]

    played = script("word " * 100, "In short: yes.")
    run(story, played, settings={"threedots_limit_turn_segments": 2})


def test_segments_are_counted_by_sms_alone_and_plain_punctuation_halves_them():
    words = "It’s “just” fine – really. " * 5

    async def story(house: House) -> None:
        await say(house, "hi")
        place = await say(house, "hi", channel="sms", from_handle=BEN)
        assert (await spent(house, f"sender:{ANA}")).segments == 0
        assert (await spent(house, f"sender:{BEN}")).segments == 1
        assert (await bodies(house, place))[0].startswith('It\'s "just" fine - really.')

    run(story, script(words, words))


def test_the_operator_sees_what_an_sms_is_billed_by_and_what_made_it_dear():
    async def story(house: House) -> None:
        await say(house, "hi", channel="sms")
        await say(house, "hi")
        [on_imessage, by_sms] = await house.read(partial(listed, state=None, limit=5))
        name, named = "Ł", "U+0141 LATIN CAPITAL LETTER L WITH STROKE"
        assert by_sms["sms"]["encoding"] == "UCS-2"
        assert (by_sms["sms"]["segments"], on_imessage["sms"]) == (1, None)
        assert by_sms["sms"]["flipped_by"][0] == f"{name} ({named})"
        [record, _] = await house.records()
        told = [entry.title for entry in timeline(record) if entry.kind == "bubble"]
        assert f"1 segment, UCS-2 because of {name} ({named}) and" in told[0]

    run(story, script("Łódź, mała", "Łódź, mała"))


def test_punctuation_stays_as_it_is_when_the_owner_wants_it_so():
    async def story(house: House) -> None:
        place = await say(house, "hi", channel="sms")
        assert await bodies(house, place) == ["It’s fine"]

    run(story, script("It’s fine"), settings={"threedots_sms_plain_punctuation": False})


def test_what_falls_to_sms_is_counted_in_segments_after_all():
    played = gated("yes")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        await house.person(ANA, imessage=False)
        played.go_on()
        await house.settled(turns=1)
        assert (await house.screen(sent.conversation_id)).last["channel"] == "sms"
        assert (await spent(house, f"sender:{ANA}")).segments == 1

    run(story, played)


def test_a_machine_that_answers_at_once_is_muted_for_an_hour_and_then_heard_again():
    names = ["apple", "bear", "cedar", "dune", "elm", "fjord", "grove", "hill", "iris", "jade", "k"]

    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        for name in names:
            place = await say(house, name)
            house.clock.advance(2)
        assert len(await bodies(house, place)) == 9
        [muted] = await house.rows(Muted)
        assert muted.subject == f"sender:{ANA}"
        assert (await outcomes(house))[-2:] == ["dropped(loop", "dropped(muted"]
        house.clock.advance(3600)
        await say(house, "are you there?")
        assert (await bodies(house, place))[-1] == "yes"

    played = script("yes", last_for_ever=True)
    run(story, played, settings={"threedots_loop_breaker": True}, clock=HeldClock())


def test_the_same_sentence_after_each_answer_is_a_machine():
    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        for number in range(5):
            place = await say(house, f"I am out of the office. Ticket {number}.")
            house.clock.advance(60)
        assert len(await bodies(house, place)) == 3

    played = script("yes", last_for_ever=True)
    run(story, played, settings={"threedots_loop_breaker": True}, clock=HeldClock())


@pytest.mark.parametrize(
    ("settings", "who", "said", "outcome"),
    [
        ({"threedots_block": "+1415*"}, ANA, [], "dropped(blocked"),
        ({"threedots_unknown_senders": "ignore"}, ANA, [], "dropped(unknown_sender"),
        ({"threedots_unknown_senders": "ignore", "threedots_allow": ANA}, ANA, ["yes"], "answered"),
        ({"threedots_countries": "own"}, "+18765551234", [], "dropped(country"),
        ({"threedots_countries": "own"}, "+19005551234", [], "dropped(premium_number"),
        ({"threedots_countries": "own,JM"}, "+18765551234", ["yes"], "answered"),
        ({"threedots_answer_machines": False}, "72975", [], "dropped(short_code"),
        ({}, "+447700900123", ["yes"], "answered"),
    ],
)
def test_who_is_not_to_be_answered_is_heard_and_gets_no_word(
    settings: Any, who: str, said: list[str], outcome: str
):
    async def story(house: House) -> None:
        place = await say(house, "hi", from_handle=who, channel="sms")
        assert await bodies(house, place) == said
        assert await outcomes(house) == [outcome]

    run(story, script(*said), settings=settings)


def test_strangers_to_a_private_line_are_told_so_once():
    async def story(house: House) -> None:
        place = await say(house, "hi", "hello?")
        assert await bodies(house, place) == ["Sorry, this number only answers people it knows."]

    run(story, script(), settings={"threedots_unknown_senders": "static"})


def test_on_a_phone_of_ones_own_only_what_was_set_on_purpose_holds():
    async def story(house: House) -> None:
        assert house.local.deployment is not None
        guard = house.local.deployment.guard
        assert [str(limit) for limit in guard.limits.standing] == ["group turns 3/hour"]
        assert (guard.breaks_loops, guard.senders.countries) == (False, ())
        await say(house, "hi")
        assert {row.subject for row in await house.rows(Spent)} == {
            f"sender:{ANA}", f"block:{ANA[:-4]}", "deployment:",
            f"number:{(await house.line())['numbers'][0]['phone_number']}",
        }  # fmt: skip

    run(story, script("yes"), settings={"threedots_limit_group_turns": "3/hour"})


class Dear(Gated):
    """A model with a price that thinks until it may go on; each answer costs a cent and a half."""

    def play(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        response = super().play(messages, info)
        response.usage.input_tokens, response.usage.output_tokens = 8_000, 6_500
        response.model_name, response.provider_name = "gpt-5-mini", "openai"
        return response

    @property
    def model(self) -> FunctionModel:
        class Known(FunctionModel):
            system = "openai"

        return Known(self, model_name="gpt-5-mini")


def dear(*words: str) -> Dear:
    return Dear([[TextPart(word)] for word in words], last_for_ever=False)


def test_turns_side_by_side_cannot_spend_the_same_dollars():
    played = dear("yes")

    async def story(house: House) -> None:
        first = await house.text("hi")
        await played.is_thinking()
        second = await house.text("hi", from_handle=BEN)
        await house.settled_in(second.conversation_id)
        played.go_on()
        await house.settled(turns=2)
        assert await bodies(house, first.conversation_id) == ["yes"]
        assert await bodies(house, second.conversation_id) == []
        assert sorted(await outcomes(house)) == ["answered", "dropped(over_limit"]
        assert (await spent(house, "deployment:")).cost_usd <= Decimal("0.016")

    run(story, played, settings={"threedots_limit_deployment_cost": "0.016/day"})


def test_a_person_whose_money_is_used_up_is_told_once():
    played = dear("yes")
    played.go_on()

    async def story(house: House) -> None:
        place = await say(house, "one", "two", "three")
        assert await bodies(house, place) == ["yes", NOTICE]
        turn = (await house.settled(turns=3))[-1]
        assert turn.reason.startswith("over_limit: sender cost_usd 0.016/day: this person has had")

    run(story, played, settings={"threedots_limit_sender_cost": "0.016/day"})


@pytest.mark.parametrize(("limit", "has_tools"), [("0.012/day", False), ("1/day", True)])
def test_the_last_request_there_is_money_for_has_no_tools(limit: str, has_tools: bool):
    played = dear("yes")
    played.go_on()

    async def story(house: House) -> None:
        assert await bodies(house, await say(house, "one")) == ["yes"]
        assert bool(played.tools()) is has_tools

    run(story, played, settings={"threedots_limit_sender_cost": limit})
