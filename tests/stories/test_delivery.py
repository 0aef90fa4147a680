"""The delivery contract: which of the agent's words are texted, how often, and in what form."""

from __future__ import annotations

from itertools import pairwise

import pytest

from memory.tables import ToolCall
from tests.house import ANA, House, call, run, script

SEND = "/v1/messages"
REFUSED = {"detail": "The text was not accepted."}


def end(reason: str = "done"):
    return call("end_turn", reason=reason)


def test_plain_words_are_texted():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert (await house.screen(sent.conversation_id)).bodies == ["hello"]
        assert (turn.outcome, turn.reason) == ("answered", None)

    run(story, script("hello"))


def test_words_beside_a_tool_call_are_a_thought_and_not_texted():
    played = script(["Let me note that.", call("remember", fact="Likes tea")], "Noted!")

    async def story(house: House) -> None:
        sent = await house.text("I like tea")
        assert (await house.answered(sent.conversation_id)).bodies == ["Noted!"]
        [turn] = await house.settled(turns=1)
        assert "Let me note that." in str(turn.messages)

    run(story, played)


@pytest.mark.parametrize("first", ["words", "end"])
def test_words_beside_the_end_are_texted_once(first: str):
    parts = ["Good night!", end()]

    async def story(house: House) -> None:
        sent = await house.text("good night")
        assert (await house.answered(sent.conversation_id)).bodies == ["Good night!"]

    run(story, script(parts if first == "words" else parts[::-1]))


def test_the_end_alone_is_silence_with_its_reason():
    async def story(house: House) -> None:
        sent = await house.text("no need to answer")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("silent", "they asked for none")
        assert (await house.screen(sent.conversation_id)).outbound == []
        assert [m.outcome for m in await house.messages()] == ["silent(they asked for none)"]

    run(story, script(end("they asked for none")))


def test_an_empty_answer_is_asked_about_once():
    played = script("", "hello")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        assert (await house.answered(sent.conversation_id)).bodies == ["hello"]
        assert "You wrote nothing and did nothing" in played.retried()[0]

    run(story, played)


@pytest.mark.parametrize("empty", ["", "   ", []])
def test_a_second_empty_answer_is_silence(empty: str | list[str]):
    async def story(house: House) -> None:
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("silent", "empty answer")
        assert (await house.screen(sent.conversation_id)).outbound == []

    run(story, script(empty, empty))


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (call("send", text="Hooray"), "answered"),
        (call("react", tapback="love"), "reacted"),
        (call("set_background", media="dusk"), "reacted"),
    ],
    ids=["send", "react", "set_background"],
)
def test_an_empty_answer_after_something_happened_is_an_end(act: object, outcome: str):
    async def story(house: House) -> None:
        await house.text("I won")
        [turn] = await house.settled(turns=1)
        assert turn.outcome == outcome

    run(story, script(act, ""))


@pytest.mark.parametrize("again", ["Hooray!", " Hooray! ", "**Hooray!**"])
def test_last_words_that_repeat_a_bubble_of_the_turn_are_not_sent_again(again: str):
    async def story(house: House) -> None:
        sent = await house.text("I won")
        assert (await house.answered(sent.conversation_id)).bodies == ["Hooray!"]

    run(story, script(call("send", text="Hooray!", send_style="confetti"), again))


def test_the_same_words_may_be_said_in_another_turn():
    async def story(house: House) -> None:
        sent = await house.text("thanks")
        await house.settled(turns=1)
        await house.text("thanks again")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == ["Gladly!", "Gladly!"]

    run(story, script("Gladly!", "Gladly!"))


@pytest.mark.parametrize("order", ["send first", "end first"])
def test_a_send_that_failed_beside_the_end_comes_back(order: str):
    both = [call("send", text="Bad words"), end()]
    played = script(both if order == "send first" else both[::-1], "Good words")

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=400, body=REFUSED)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Good words"]
        told = " ".join(played.retried())
        assert "You ended the turn, but" in told
        assert "The text was not accepted" in told

    run(story, played)


def test_a_send_beside_the_end_is_sent_and_ends_the_turn():
    async def story(house: House) -> None:
        sent = await house.text("I won")
        assert (await house.answered(sent.conversation_id)).bodies == ["Hooray!"]

    run(story, script([end(), call("send", text="Hooray!")]))


def test_a_long_answer_becomes_a_few_bubbles_and_loses_no_word():
    thoughts = [f"Thought {n}. " + "It goes on for quite a while. " * 12 for n in range(3)]

    async def story(house: House) -> None:
        sent = await house.text("tell me everything")
        screen = await house.answered(sent.conversation_id)
        assert len(screen.bodies) == 3
        assert " ".join(screen.bodies).split() == " ".join(thoughts).split()
        bubbles = await house.bubbles()
        assert [b.ref for b in bubbles] == [2, 3, 4]

    run(story, script("\n\n".join(thoughts)))


def test_on_sms_no_bubble_is_longer_than_the_carrier_takes():
    async def story(house: House) -> None:
        await house.person(ANA, imessage=False)
        sent = await house.text("tell me everything")
        screen = await house.answered(sent.conversation_id)
        assert len(screen.bodies) > 1
        assert max(map(len, screen.bodies)) <= 1600

    run(story, script("Every word of it counts. " * 150))


def test_markdown_arrives_as_plain_text():
    markdown = "# Plan\n\n**Bring**:\n\n- tea\n- `milk`\n\nSee [the map](https://example.com/map)."

    async def story(house: House) -> None:
        sent = await house.text("what's the plan?")
        screen = await house.answered(sent.conversation_id)
        text = "\n".join(screen.bodies)
        assert not any(mark in text for mark in ("#", "*", "`", "["))
        assert "• tea" in text
        assert "https://example.com/map" in text.split("\n")

    run(story, script(markdown), settings={"threedots_links": "example.com"})


def test_the_calls_of_one_response_run_in_order_one_after_the_other():
    numbers = [str(n) for n in range(6)]
    played = script([call("send", text=n) for n in numbers], end())

    async def story(house: House) -> None:
        sent = await house.text("count")
        assert (await house.answered(sent.conversation_id)).bodies == numbers
        calls = sorted(await house.rows(ToolCall), key=lambda row: row.id)
        assert [c.arguments["text"] for c in calls if c.name == "send"] == numbers
        assert all(a.finished_at <= b.started_at for a, b in pairwise(calls))

    run(story, played)


def test_a_tool_that_wants_other_arguments_says_so_and_the_turn_goes_on():
    played = script(call("send"), call("send", text="hello"), end())

    async def story(house: House) -> None:
        sent = await house.text("hi")
        assert (await house.answered(sent.conversation_id)).bodies == ["hello"]
        assert "There is nothing to send" in played.retried(1)[0]

    run(story, played)


def test_a_tool_there_is_not_is_said_to_be_none_and_the_turn_goes_on():
    played = script(call("call_a_taxi", where="home"), "I can't do that.")

    async def story(house: House) -> None:
        sent = await house.text("get me a taxi")
        assert (await house.answered(sent.conversation_id)).bodies == ["I can't do that."]
        assert "Unknown tool name: 'call_a_taxi'" in played.retried()[0]

    run(story, played)


def test_what_was_said_before_an_endless_loop_was_stopped_counts_as_an_answer():
    played = script(
        call("send", text="hello"), call("shopping_list", change="show"), last_for_ever=True
    )

    async def story(house: House) -> None:
        sent = await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "answered"
        assert turn.reason == "stopped early: UsageLimitExceeded"
        assert (await house.screen(sent.conversation_id)).bodies == ["hello"]

    run(story, played)


def test_the_same_mistake_over_and_over_ends_the_turn():
    played = script(call("send"), last_for_ever=True)

    async def story(house: House) -> None:
        await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "model_astray: UnexpectedModelBehavior")
        assert len(played.seen) == 3

    run(story, played)
