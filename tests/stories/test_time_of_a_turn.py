"""What hangs takes a minute and no more: the turn ends with what was said, and the next one works.

Only thinking and tools count. What waits for AgentPhone has bounds of its own.
"""

from __future__ import annotations

import asyncio
import threading

from pydantic import SecretStr
from pydantic_ai import FunctionToolset
from pydantic_ai.messages import TextPart
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel

from agent.models import model_for, models_in
from agent.settings import Settings
from memory.tables import ToolCall
from phone.clock import HeldClock
from tests.house import PATIENCE, House, call, gated, run, script
from tests.stories.test_model_failures import SORRY
from tools.hands import Hands

SOON = {"threedots_limit_turn_seconds": 3.3}
"""No minute, so that these are quick."""


async def ended(
    house: House, *, turns: int = 1, seconds: float = 3.3
) -> tuple[str | None, str | None]:
    """How the newest turn ended, once its time is over."""
    await house.sleeps(seconds)
    await house.pass_time_until_settled(turns=turns, at_most=seconds + 2.5)
    turn = (await house.settled(turns=turns))[-1]
    return turn.outcome, turn.reason


def test_a_model_that_hangs_is_owned_up_to_after_a_minute_and_the_next_text_is_answered():
    played = gated("hello")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        assert await ended(house, seconds=60.0) == ("failed", "out_of_time")
        [sorry] = (await house.screen(sent.conversation_id)).bodies
        assert sorry.startswith(SORRY)
        [record] = await house.records()
        assert (record.outcome, record.reason) == ("failed", "out_of_time")
        assert record.requests[0].error == "cancelled"
        played.go_on()
        await house.text("still there?")
        assert (await house.answered(sent.conversation_id, turns=2)).bodies == [sorry, "hello"]

    run(story, played, clock=HeldClock())


def test_what_was_said_before_it_hung_is_the_answer():
    played = gated(call("send", text="One moment."), "never said")

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        played.go_on_once()
        await house.happened("message", times=2)
        await played.is_thinking()
        assert await ended(house) == ("answered", "stopped early: out_of_time")
        assert (await house.screen(sent.conversation_id)).bodies == ["One moment."]
        played.responses = []

    run(story, played, clock=HeldClock(), settings=SOON)


def test_a_tool_that_hangs_is_cut_off_and_nobody_knows_whether_it_happened():
    begun, shop = asyncio.Event(), FunctionToolset[Hands](id="shop")

    @shop.tool_plain
    async def order() -> str:
        """Order it."""
        begun.set()
        await asyncio.Event().wait()
        return "ordered"

    played = script(call("order"), "hello")

    async def story(house: House) -> None:
        await house.text("buy it")
        await begun.wait()
        assert await ended(house) == ("failed", "out_of_time")
        [row] = await house.rows(ToolCall)
        assert (row.name, row.state) == ("order", "unknown")
        await house.text("hello?")
        assert (await house.settled(turns=2))[-1].outcome == "answered"
        assert "interrupted before a result" in str(played.seen[-1])

    run(story, played, clock=HeldClock(), more=[shop], settings=SOON)


def test_a_tool_that_cannot_be_cut_off_is_left_alone_and_says_nothing_later():
    go_on, shop = threading.Event(), FunctionToolset[Hands](id="shop")

    @shop.tool_plain
    def order() -> str:
        """Order it, in a thread."""
        go_on.wait(PATIENCE)
        return "ordered"

    played = script(call("order"), "hello")

    async def story(house: House) -> None:
        sent = await house.text("buy it")
        assert await ended(house) == ("failed", "out_of_time")
        go_on.set()
        await house.text("hello?")
        bodies = (await house.answered(sent.conversation_id, turns=2)).bodies
        assert [body.startswith(SORRY) for body in bodies] == [True, False]

    run(story, played, clock=HeldClock(), more=[shop], settings=SOON)


def test_waiting_for_agentphone_does_not_count():
    async def story(house: House) -> None:
        await house.fail(
            "POST", "/v1/messages", status=429, code="RATE_LIMITED", headers={"Retry-After": "6"},
            times=3,
        )  # fmt: skip
        sent = await house.text("hi")
        await house.waits_to_send("RATE_LIMITED")
        await house.pass_time_until_settled(turns=1, at_most=30)
        assert (await house.screen(sent.conversation_id)).bodies == ["hello"]

    run(story, script("hello"), clock=HeldClock(), settings=SOON)


def test_the_models_of_a_chain_share_the_minute():
    one: Model = script("hello").model
    assert models_in(one) == 1
    assert models_in(FallbackModel(one, one, one)) == 3
    settings = Settings(openai_api_key=SecretStr("sk-not-a-key"), threedots_model="openai:gpt-5")
    assert model_for(settings).client.max_retries == 0  # type: ignore[attr-defined]


def test_without_a_limit_a_model_has_all_the_time_it_wants():
    played = gated("hello")
    clock = HeldClock()

    async def story(house: House) -> None:
        sent = await house.text("hi")
        await played.is_thinking()
        await house.pass_time(90)
        played.responses = [[TextPart("at last")]]
        played.go_on()
        assert (await house.answered(sent.conversation_id)).bodies == ["at last"]

    run(story, played, clock=clock, settings={"threedots_limit_turn_seconds": 0})
