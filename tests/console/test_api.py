"""The console's API: turns listed, searched, paged, watched."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from console.watching import watch
from tests.console.test_timeline import console, turns
from tests.house import BEN, House, call, gated, run, script


def test_turns_are_listed_newest_first_with_what_was_heard_and_said():
    played = script("one", call("end_turn", reason="they said bye"))

    async def story(house: House) -> None:
        await house.text("first")
        await house.settled(turns=1)
        await house.text("bye")
        await house.settled(turns=2)
        newest, oldest = await turns(house)
        assert (newest["outcome"], newest["reason"]) == ("silent", "they said bye")
        assert (oldest["heard"], oldest["said"]) == (["first"], ["one"])
        assert oldest["usage"]["requests"] == 1
        assert len(oldest["message_ids"]) == 2, "what was heard, and the bubble"

    run(story, played)


def test_turns_of_one_conversation_are_those_alone():
    played = script("to Ana", "to Bo")

    async def story(house: House) -> None:
        first = await house.text("from Ana")
        await house.settled(turns=1)
        await house.text("from Bo", from_handle=BEN)
        await house.settled(turns=2)
        [only] = await turns(house, conversation=first.conversation_id)
        assert only["said"] == ["to Ana"]

    run(story, played)


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("DOG", ["I have a dog"]),
        ("hello", ["I have a dog"]),
        ("remember", ["I have a dog"]),
        ("likes tea", ["tea please"]),
        ("100%", []),
        ("i_have", []),
    ],
)
def test_words_are_found_in_what_was_heard_said_and_called(search: str, found: list[str]):
    played = script(
        call("remember", fact="Rex"), "Hello Rex!", call("end_turn", reason="likes tea")
    )

    async def story(house: House) -> None:
        await house.text("I have a dog")
        await house.settled(turns=1)
        await house.text("tea please")
        await house.settled(turns=2)
        assert [turn["heard"][0] for turn in await turns(house, search=search)] == found

    run(story, played)


def test_earlier_turns_are_reached_by_time():
    played = script("1", "2", "3")

    async def story(house: House) -> None:
        for count in (1, 2, 3):
            await house.text(f"text {count}")
            await house.settled(turns=count)
        first_page = await turns(house, limit=2)
        rest = await turns(house, limit=2, before=first_page[-1]["started_at"])
        assert [turn["said"] for turn in (*first_page, *rest)] == [["3"], ["2"], ["1"]]

    run(story, played)


def test_a_watcher_hears_a_turn_begin_go_on_and_end():
    played = gated("hello")

    async def story(house: House) -> None:
        assert house.local.deployment is not None
        events: list[dict[str, Any]] = []

        async def look() -> None:
            assert house.local.deployment is not None
            async for event in watch(house.local.deployment, None):
                if event is not None:
                    events.append(event)

        looking = asyncio.create_task(look())
        await asyncio.sleep(0)
        await house.text("hi")
        await played.is_thinking()
        async with asyncio.timeout(5):
            while not events:  # noqa: ASYNC110  # a list rings no bell
                await asyncio.sleep(0.01)
            assert events[0]["state"] == "running"
            played.go_on()
            while events[-1]["state"] == "running":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        looking.cancel()
        assert (events[-1]["outcome"], events[-1]["said"]) == ("answered", ["hello"])

    run(story, played)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("api/turns/nothing", 404, "There is no turn nothing"),
        ("api/turns?before=2026-01-01T00:00:00", 422, "needs a zone"),
        ("api/turns?limit=0", 422, "greater than or equal to 1"),
        ("page/nothing.js", 404, "Not Found"),
        ("page/..%2Fapi.py", 404, "Not Found"),
    ],
)
def test_what_cannot_be_answered_says_why(path: str, status: int, words: str):
    async def story(house: House) -> None:
        async with console(house) as client:
            answer = await client.get(f"/console/{path}")
            assert answer.status_code == status
            assert words in answer.text

    run(story, script())
