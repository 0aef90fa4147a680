"""A model that does too much, or writes what nobody can use, is brought to an answer."""

from __future__ import annotations

import json

import pytest
from pydantic_ai.exceptions import ContentFilterError
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo

from agent.restraint import REQUESTS
from memory.tables import ToolCall
from tests.house import House, Script, call, run, script


class NeverEnough(Script):
    """Calls one tool after the other as long as there are any."""

    def play(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.seen.append(list(messages))
        if not info.function_tools:
            return ModelResponse(parts=[TextPart("Enough of that: milk.")])
        item = str(len(self.seen))
        return ModelResponse(parts=[call("shopping_list", change="add", items=[item])])


class CutOff(Script):
    """Its answers end where its tokens did, or were filtered away."""

    def play(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        response = super().play(messages, info)
        response.finish_reason = "length"
        return response


def test_an_endless_loop_of_tool_calls_is_brought_to_an_answer():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.usage["requests"]) == ("answered", REQUESTS)
        assert (await house.screen(sent.conversation_id)).bodies == ["Enough of that: milk."]

    run(story, NeverEnough([]))


def test_a_model_that_cannot_be_stopped_otherwise_is_owned_up_to():
    played = script(call("shopping_list", change="show"), last_for_ever=True)

    async def story(house: House) -> None:
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "model_astray: UsageLimitExceeded")
        [sorry] = (await house.screen(sent.conversation_id)).bodies
        assert sorry.startswith("Sorry, I can't think straight right now")
        assert len(played.seen) == REQUESTS

    run(story, played)


def test_the_same_call_over_and_over_is_made_three_times_and_no_more():
    show = call("shopping_list", change="show")
    played = script(show, show, show, show, "It is empty.")

    async def story(house: House) -> None:
        sent = await house.text("what is on the list?")
        assert (await house.answered(sent.conversation_id)).bodies == ["It is empty."]
        assert "you have called shopping_list 3 times with just these" in played.told()[0]
        assert len(await house.rows(ToolCall)) == 3

    run(story, played)


def test_words_that_were_said_in_this_turn_are_not_sent_a_second_time():
    hello = call("send", text="Hello *there*!")
    played = script(hello, [hello, call("reply", message_id="m1", text="Hello there!")], "Bye.")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        assert (await house.answered(sent.conversation_id)).bodies == ["Hello there!", "Bye."]
        assert all("said exactly that in this turn already" in told for told in played.told())

    run(story, played)


def test_no_more_than_twelve_calls_are_made_however_many_come_at_once():
    many = [call("shopping_list", change="add", items=[str(number)]) for number in range(30)]
    played = script(many, "Twelve things, then.")

    async def story(house: House) -> None:
        sent = await house.text("put everything on it")
        assert (await house.answered(sent.conversation_id)).bodies == ["Twelve things, then."]
        told = played.told()
        assert [words.startswith("Not done") for words in told] == [False] * 12 + [True] * 18
        assert len(await house.rows(ToolCall)) == 12
        assert played.tools() == {}

    run(story, played)


def test_forty_bubbles_are_twelve_and_the_words_at_the_end():
    paragraphs = "\n\n".join(f"{name} thought. " * 20 for name in ("One", "Two", "Three"))
    long = [call("send", text=f"{number} {paragraphs}") for number in range(11)]
    played = script(long, "That was all.")

    async def story(house: House) -> None:
        sent = await house.text("tell me everything")
        screen = await house.answered(sent.conversation_id)
        assert len(screen.bodies) == 13
        assert screen.bodies[-1] == "That was all."
        assert "more would be a flood" in played.told()[4]

    run(story, played)


def test_a_megabyte_is_not_texted_and_comes_back():
    long = "word " * 200_000
    played = script(call("send", text=long), long, "In short: yes.")

    async def story(house: House) -> None:
        sent = await house.text("explain")
        assert (await house.answered(sent.conversation_id)).bodies == ["In short: yes."]
        assert "A text has 20000 characters at most and this has 1000000" in played.retried(1)[0]
        assert "Say it in fewer words" in played.retried(2)[0]

    run(story, played)


@pytest.mark.parametrize("arguments", ['{"text": "hel', "[]", '{"text": 5}', '{"words": "hello"}'])
def test_arguments_that_are_none_are_told_and_never_acted_upon(arguments: str):
    played = script(ToolCallPart("send", arguments), "hello")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        assert (await house.answered(sent.conversation_id)).bodies == ["hello"]
        assert played.retried() != []
        assert await house.rows(ToolCall) == []

    run(story, played)


def test_a_nul_or_half_an_emoji_from_the_model_breaks_nothing():
    odd = "tea\0\ud83d"
    played = script(
        ToolCallPart("remember", json.dumps({"fact": odd})),
        ToolCallPart("send", json.dumps({"text": odd})),
        [odd, ToolCallPart("end_turn", json.dumps({"reason": odd}))],
    )

    async def story(house: House) -> None:
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "answered"
        assert (await house.screen(sent.conversation_id)).bodies == ["tea␀\ufffd"]
        metadata = await house.metadata(sent.conversation_id)
        assert metadata["threedots"]["facts"] == ["tea␀\ufffd"]

    run(story, played)


def test_words_that_broke_off_come_back_once_to_be_said_shorter():
    played = CutOff([[TextPart("I would say that the")], [TextPart("Yes, with")]])

    async def story(house: House) -> None:
        sent = await house.text("explain")
        assert (await house.answered(sent.conversation_id)).bodies == ["Yes, with"]
        assert "Your answer broke off" in played.retried(1)[0]

    run(story, played)


def test_an_answer_of_which_nothing_was_left_is_owned_up_to():
    played = CutOff([[]])

    async def story(house: House) -> None:
        sent = await house.text("explain")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "model_astray: UnexpectedModelBehavior")
        [sorry] = (await house.screen(sent.conversation_id)).bodies
        assert sorry.startswith("Sorry, I can't think straight right now")

    run(story, played)


def test_a_call_that_broke_off_is_not_made_and_is_owned_up_to():
    played = CutOff([[ToolCallPart("send", '{"text": "hel')]] * 3)

    async def story(house: House) -> None:
        sent = await house.text("explain")
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "failed"
        assert await house.rows(ToolCall) == []
        [sorry] = (await house.screen(sent.conversation_id)).bodies
        assert sorry.startswith("Sorry, I can't think straight right now")

    run(story, played)


def test_an_answer_that_was_filtered_away_is_owned_up_to_once():
    played = script(ContentFilterError("filtered"), ContentFilterError("filtered"))

    async def story(house: House) -> None:
        for turn in (1, 2):
            sent = await house.text("explain")
            [*_, last] = await house.settled(turns=turn)
            assert (last.outcome, last.reason) == ("failed", "model_astray: ContentFilterError")
        assert len((await house.screen(sent.conversation_id)).bodies) == 1

    run(story, played)
