"""A message that breaks its turn costs three tries, not the conversation and not the night."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from sqlmodel import select

from memory.dead_letters import as_json, replay
from memory.tables import DeadLetter, Turn
from phone.clock import HeldClock
from tests.house import BEN, PATIENCE, House, crash, gated, run, script

BROKEN = RuntimeError("cannot digest: my secret words")


async def passing(house: House, *, turns: int) -> None:
    """Let the held clock run, quicker than the machine's, until so many turns are settled.

    Nobody renews the lease of a turn that broke: it is not waited for, as `pass_time` would.
    """
    assert isinstance(house.clock, HeldClock)
    async with asyncio.timeout(PATIENCE):
        while sum(turn.state == "settled" for turn in await house.rows(Turn)) < turns:
            house.clock.advance(1.0)
            await asyncio.sleep(0.03)


def test_what_breaks_its_turn_three_times_is_put_aside_and_the_rest_is_answered(
    caplog: pytest.LogCaptureFixture,
):
    async def story(house: House) -> None:
        sent = await house.text("my secret words")
        await passing(house, turns=1)
        await house.text("and this?")
        await passing(house, turns=2)
        poison, other = sorted(await house.rows(Turn), key=lambda turn: turn.started_at)
        assert (poison.outcome, poison.reason, poison.attempts) == ("failed", "poison", 3)
        assert other.outcome == "answered"
        assert [m.outcome for m in await house.messages()] == ["failed(poison)", "answered"]
        assert (await house.screen(sent.conversation_id)).bodies == ["That I can answer."]

    run(story, script(BROKEN, BROKEN, BROKEN, "That I can answer."), clock=HeldClock())
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert any("threedots dead-letters list" in text for text in errors)


def test_the_next_try_waits_for_the_lease_to_run_out():
    played = script(BROKEN, "better now")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        noted = select(Turn.id).where(Turn.reason == "broke: RuntimeError")
        await house.until(lambda session: session.exec(noted).first())
        await house.pass_time(10)
        assert len(played.seen) == 1
        await passing(house, turns=1)
        assert (await house.screen(sent.conversation_id)).bodies == ["better now"]

    run(story, played, clock=HeldClock())


def test_a_dead_letter_keeps_the_webhook_and_names_the_error_without_its_words():
    async def story(house: House) -> None:
        await house.text("my secret words")
        await passing(house, turns=1)
        [letter] = await house.rows(DeadLetter)
        assert json.loads(letter.body)["data"]["message"] == "my secret words"
        assert "RuntimeError" in letter.reason
        assert "secret" not in str(as_json(letter))

    run(story, script(BROKEN, BROKEN, BROKEN), clock=HeldClock())


def test_every_message_of_a_poisoned_turn_is_kept_and_can_be_replayed(tmp_path: Path):
    clock = HeldClock()

    async def breaking(house: House) -> None:
        for text in ("one", "two"):
            await house.text(text)
        await passing(house, turns=1)

    async def mended(house: House) -> None:
        assert house.local.deployment is not None
        store = house.local.deployment.store
        letters = await house.rows(DeadLetter)
        assert len(letters) == len([m for m in await house.messages() if "poison" in m.outcome])
        for letter in letters:
            work = partial(replay, letter_id=letter.id, now=clock.now())
            assert (await store.write(work)).fate == "accepted"
        store.wake()
        async with asyncio.timeout(PATIENCE):
            while any(message.outcome != "answered" for message in await house.messages()):
                await house.pass_time(0.5)
        assert await house.rows(DeadLetter) == []
        newest = max(await house.rows(Turn), key=lambda turn: turn.started_at)
        assert (newest.outcome, newest.attempts) == ("answered", 1)

    run(breaking, script(BROKEN, last_for_ever=True), clock=clock, folder=tmp_path)
    run(mended, script("Here I am.", last_for_ever=True), clock=clock, folder=tmp_path)


def test_a_turn_in_which_the_process_died_three_times_is_not_begun_a_fourth_time(tmp_path: Path):
    for start in range(3):
        played = gated("never said")

        async def story(house: House, first: bool = start == 0, model=played) -> None:
            if first:
                await house.text("deadly")
            await model.is_thinking()

        asyncio.run(crash(story, played.model, folder=tmp_path))

    async def after(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("failed", "poison")
        [letter] = await house.rows(DeadLetter)
        assert "died" in letter.reason

    run(after, script(), folder=tmp_path)


def test_who_was_under_way_beside_a_deadly_message_is_answered(tmp_path: Path):
    def brings_us_down(falls: asyncio.Event) -> FunctionModel:
        async def think(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            if "deadly" in str(messages):
                falls.set()
                await asyncio.Event().wait()
            await asyncio.sleep(0.3)  # slower than the fall, if there is one
            return ModelResponse(parts=[TextPart("Good to hear from you.")])

        return FunctionModel(think, model_name="brings us down")

    async def until_it_falls(house: House, falls: asyncio.Event, first: bool) -> None:
        if first:
            await house.text("hello")
            await house.text("deadly", from_handle=BEN)
        async with asyncio.timeout(PATIENCE):
            await falls.wait()

    for start in range(3):
        falls = asyncio.Event()
        story = partial(until_it_falls, falls=falls, first=start == 0)
        asyncio.run(crash(story, brings_us_down(falls), folder=tmp_path))

    async def after(house: House) -> None:
        await house.settled(turns=2)
        outcomes = {message.text: message.outcome for message in await house.messages()}
        assert outcomes == {"hello": "answered", "deadly": "failed(poison)"}

    run(after, script("Good to hear from you.", last_for_ever=True), folder=tmp_path)
