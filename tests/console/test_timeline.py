"""What a turn's timeline tells, read off turns that were really taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlmodel import select

from console.api import create_app
from console.changes import changes
from memory.tables import Event
from tests.house import ANA, House, call, gated, run, script
from tests.stories.test_taking_turns import all_taken


@asynccontextmanager
async def console(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """The console of a house."""
    transport = httpx.ASGITransport(app=create_app(lambda: house.local.deployment))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


async def turns(house: House, **wanted: Any) -> list[dict[str, Any]]:
    async with console(house) as client:
        answer = await client.get("/console/api/turns", params=wanted)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["turns"])


async def seen(house: House, nth: int = 0) -> dict[str, Any]:
    """The nth newest turn, whole."""
    turn_id = (await turns(house))[nth]["turn_id"]
    async with console(house) as client:
        return dict((await client.get(f"/console/api/turns/{turn_id}")).json())


def titles(turn: dict[str, Any], kind: str) -> list[str]:
    return [entry["title"] for entry in turn["timeline"] if entry["kind"] == kind]


def entry(turn: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(dict(entry) for entry in turn["timeline"] if entry["kind"] == kind)


def test_a_turn_is_told_from_the_webhook_to_its_end():
    played = script(call("remember", fact="Has a dog called Rex"), "Hello Rex!")

    async def story(house: House) -> None:
        await house.text("I have a dog called Rex")
        [turn] = await house.settled(turns=1)
        told = await seen(house)
        kinds = [entry["kind"] for entry in told["timeline"]]
        assert kinds[:2] == ["webhook", "burst"]
        assert kinds[-1] == "outcome"
        assert kinds.index("memory") < kinds.index("instructions") < kinds.index("request")
        assert kinds.index("request") < kinds.index("tool") < kinds.index("bubble")
        assert titles(told, "webhook") == ["m1 came by webhook, was verified and stored"]
        assert entry(told, "webhook")["raw"]["body"]["data"]["message"] == "I have a dog called Rex"
        assert entry(told, "burst")["text"] == f"m1 {ANA}: I have a dog called Rex"
        assert entry(told, "instructions")["text"] == turn.instructions
        assert f"prompts {turn.prompt_hash}" in titles(told, "instructions")[0]
        assert titles(told, "tool") == ["remember(fact='Has a dog called Rex', said_in=None)"]
        assert titles(told, "bubble") == ["Bubble m2 arrived (imessage)"]
        assert entry(told, "bubble")["text"] == "Hello Rex!"
        first, last = titles(told, "memory")
        assert (first, last) == ("Memory loaded: nothing yet", "Memory saved")
        saved = [one for one in told["timeline"] if one["kind"] == "memory"][-1]
        assert saved["text"] == "+ facts: Has a dog called Rex"
        assert titles(told, "outcome")[0].startswith("The turn ended answered after ")

    run(story, played)


def test_each_request_says_what_was_asked_and_what_came_of_it():
    played = script(call("remember", fact="Likes tea"), "Noted!")

    async def story(house: House) -> None:
        await house.text("I like tea")
        await house.settled(turns=1)
        told = await seen(house)
        requests = [one for one in told["timeline"] if one["kind"] == "request"]
        assert [one["title"].split(":")[0] for one in requests] == ["Request 1", "Request 2"]
        assert "tokens in" in requests[0]["title"]
        assert requests[0]["text"] == 'Calls remember({"fact": "Likes tea"})'
        assert requests[1]["text"] == "Noted!"
        assert requests[1]["raw"]["answer"]["parts"][0]["content"] == "Noted!"

    run(story, played)


def test_a_webhook_that_came_twice_is_told_as_recognised():
    async def story(house: House) -> None:
        await house.webhook_fault("duplicate")
        await house.text("hi")
        await house.settled(turns=1)
        twice = select(Event).where(Event.duplicates == 1)
        await house.until(lambda session: session.exec(twice).first())
        assert "delivered again once, recognised" in titles(await seen(house), "webhook")[0]

    run(story, script("hello"))


def test_what_was_read_back_is_told_as_such():
    async def story(house: House) -> None:
        await house.webhook_fault("drop")
        await house.text("lost")
        await house.text("hi")
        await house.settled(turns=1)
        told = titles(await seen(house), "webhook")
        assert "m2 came by reading back: its webhook had not reached us" in told

    run(story, script("hello"))


def test_a_bubble_comes_with_the_call_that_sends_it_again():
    played = script(
        call("send", text="it's here", send_style="confetti"), call("end_turn", reason="")
    )

    async def story(house: House) -> None:
        await house.text("where's my parcel?")
        await house.settled(turns=1)
        bubble = entry(await seen(house), "bubble")
        assert bubble["title"] == "Bubble m2 arrived (imessage, with confetti)"
        assert bubble["curl"].startswith('curl -X POST "${AGENTPHONE_BASE_URL:-')
        assert "Authorization: Bearer $AGENTPHONE_API_KEY" in bubble["curl"]
        assert """it'"'"'s here""" in bubble["curl"], "quoted for a shell"
        assert '"send_style": "confetti"' in bubble["curl"]
        assert bubble["after"], "it names the call it came from"

    run(story, played)


def test_what_went_wrong_is_told_with_its_reason():
    played = script("hello", "sorry")

    async def story(house: House) -> None:
        refusal = {"status": 403, "code": "CHANNEL_NOT_ALLOWED", "times": 2}
        await house.fail("POST", "/v1/messages", **refusal)
        await house.text("hi")
        await house.settled(turns=1)
        told = await seen(house)
        bad = [one for one in told["timeline"] if one["tone"] == "bad"]
        assert [one["kind"] for one in bad] == ["bubble", "bubble", "outcome"]
        assert bad[0]["title"].startswith("Bubble m2 rejected: ")

    run(story, played)


def test_being_interrupted_is_told_with_what_was_thrown_away():
    played = gated("both")

    async def story(house: House) -> None:
        await house.text("first")
        await played.is_thinking()
        await house.text("no, second")
        await house.until(all_taken(2))
        played.go_on()
        await house.settled(turns=1)
        told = await seen(house)
        assert titles(told, "interruption") == [
            "They wrote m2 before anything had been done: all was thought anew"
        ]
        assert "(thrown away: they wrote on)" in titles(told, "request")[0]

    run(story, played)


def test_a_turn_under_way_is_told_as_far_as_it_is():
    played = gated("hello")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        [summary] = await turns(house, conversation=sent.conversation_id)
        assert (summary["state"], summary["outcome"]) == ("running", "running")
        told = await seen(house)
        assert "instructions" in [one["kind"] for one in told["timeline"]]
        assert titles(told, "request")[0].endswith("thinking…")
        assert titles(told, "outcome") == []
        played.go_on()
        [turn] = await house.settled(turns=1)
        assert turn.notes is None, "looking on has left nothing behind"
        [summary] = await turns(house)
        assert (summary["state"], summary["said"]) == ("settled", ["hello"])

    run(story, played)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"facts": ["a"]}, {"facts": ["a", "b"]}, ["+ facts: b"]),
        ({"facts": ["a"]}, {"facts": []}, ["- facts: a"]),
        ({"summary": ""}, {"summary": "Ana"}, ["+ summary: Ana"]),
        ({"summary": "Ana"}, {"summary": "Bo"}, ["- summary: Ana", "+ summary: Bo"]),
        ({"state": {"n": 1}}, {"state": {"m": True}}, ["- state.n: 1", "+ state.m: true"]),
        ({"rev": 1, "v": 1}, {"rev": 2, "v": 1}, []),
        (None, {"facts": ["a"]}, []),
        ({"flags": {"opted_out": True}}, {"flags": {}}, ["- flags.opted_out: true"]),
    ],
)  # fmt: skip
def test_changes_are_told_line_by_line(before: Any, after: Any, told: list[str]):
    assert changes(before, after) == told
