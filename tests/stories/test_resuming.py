"""A turn survives its worker: the next one goes on where it stopped, and repeats nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic_ai.messages import ToolReturnPart
from sqlmodel import Session, select

from agent.resuming import UNKNOWN
from memory.alerts import Alert
from memory.tables import Bubble, Mailbox, ToolCall, Turn
from tests.house import House, Script, call, crash, gated, run, script
from tests.stories.test_taking_turns import set_the_scene


def stopped(played: object, story: object, folder: Path) -> None:
    """Play until the story ends, and stop hard."""
    asyncio.run(crash(story, played.model, folder=folder))  # type: ignore[attr-defined,arg-type]


def saved_responses(count: int):
    def work(session: Session) -> bool:
        turn = session.exec(select(Turn)).first()
        responses = [m for m in (turn.messages or []) if m["kind"] == "response"] if turn else []
        return len(responses) >= count

    return work


def test_what_a_tool_has_done_is_not_done_again_and_what_it_remembered_is_kept(tmp_path: Path):
    first = script(call("remember", fact="Has a dog called Rex"), "never said")

    async def until_it_stops(house: House) -> None:
        await house.fail("POST", "/v1/messages", delay=3600)
        await house.text("my dog is called Rex")
        await house.until(saved_responses(2))

    stopped(first, until_it_stops, tmp_path)
    second = script()

    async def after(house: House) -> None:
        turns = await house.settled(turns=1)
        assert turns[0].outcome == "answered"
        [remembered] = await house.rows(ToolCall)
        assert (remembered.name, remembered.state) == ("remember", "done")
        [mailbox] = await house.rows(Mailbox)
        metadata = await house.metadata(mailbox.conversation_id)
        assert metadata["threedots"]["facts"] == ["Has a dog called Rex"]

    run(after, second, folder=tmp_path)


def test_words_the_model_had_found_are_said_without_asking_it_again(tmp_path: Path):
    first = script("Nice to meet you.")

    async def until_it_stops(house: House) -> None:
        house.local.deployment.quiet_for = 3600.0  # type: ignore[union-attr]
        await house.text("hello")
        await house.until(saved_responses(1))

    stopped(first, until_it_stops, tmp_path)

    async def after(house: House) -> None:
        turns = await house.settled(turns=1)
        assert (turns[0].outcome, len(await house.calls("POST", "/v1/messages"))) == ("answered", 1)
        assert [bubble.text for bubble in await house.bubbles()] == ["Nice to meet you."]

    run(after, script(), folder=tmp_path)


def test_words_too_long_to_be_sent_come_back_to_the_model_after_a_stop_as_well(tmp_path: Path):
    async def until_it_stops(house: House) -> None:
        house.local.deployment.quiet_for = 3600.0  # type: ignore[union-attr]
        await house.text("explain")
        await house.until(saved_responses(1))

    stopped(script("word " * 5000), until_it_stops, tmp_path)
    second = script("In short: yes.")

    async def after(house: House) -> None:
        await house.settled(turns=1)
        assert [bubble.text for bubble in await house.bubbles()] == ["In short: yes."]
        assert "Say it in fewer words" in str(second.seen[-1][-1].parts)

    run(after, second, folder=tmp_path)


def test_the_model_goes_on_from_the_results_that_were_written_down(tmp_path: Path):
    first = gated(call("shopping_list", change="add", items=["milk"]), "never said")

    async def until_it_stops(house: House) -> None:
        await house.text("put milk on the list")
        await first.is_thinking()
        first.go_on_once()
        await house.until(saved_responses(1))
        await house.until(
            lambda s: (c := s.exec(select(ToolCall)).first()) is not None and c.state == "done"
        )
        await first.is_thinking()

    stopped(first, until_it_stops, tmp_path)
    second = script("Milk is on it.")

    async def after(house: House) -> None:
        turns = await house.settled(turns=1)
        assert turns[0].outcome == "answered"
        assert second.told() == ["On the list: milk"]
        assert len(await house.rows(ToolCall)) == 1
        assert turns[0].memory_after["state"]["shopping_list"] == ["milk"]

    run(after, second, folder=tmp_path)


def test_a_call_in_the_middle_of_the_stop_is_told_as_unknown(tmp_path: Path):
    first = script(call("send", text="On my way."), "never said")

    async def until_it_stops(house: House) -> None:
        await house.fail("POST", "/v1/messages", delay=3600)
        await house.text("where are you?")
        await house.until(lambda s: s.exec(select(ToolCall)).first() is not None)
        await house.until(lambda _: house.local.twin.faults.pending == [])

    stopped(first, until_it_stops, tmp_path)
    second = script("Sorry, I got cut off.")

    async def after(house: House) -> None:
        await house.settled(turns=1)
        assert "nobody knows whether it arrived" in second.told()[0]
        texts = [bubble.text for bubble in await house.bubbles()]
        assert texts == ["On my way.", "Sorry, I got cut off."]

    run(after, second, folder=tmp_path)


def cut_off(folder: Path, *parts: object, times: int = 1) -> None:
    """Stop after this response, so many times in the middle of its calls: intent, no result."""
    played = script(parts, "never said")

    async def until_it_stops(house: House) -> None:
        await house.fail("POST", "/v1/messages", delay=3600)
        await house.text("I have a dog, Rex")
        await house.until(saved_responses(2))

    stopped(played, until_it_stops, folder)

    def forget_the_result(session: Session, turn: Turn) -> None:
        turn.messages, turn.memory_after = turn.messages[:1], None
        for bubble in session.exec(select(Bubble)).all():
            session.delete(bubble)
        for row in session.exec(select(ToolCall)).all():
            row.state, row.result = "pending", None
            copy = row.model_dump(exclude={"id"})
            session.add_all([row, *(ToolCall(**copy) for _ in range(times - 1))])

    set_the_scene(folder, forget_the_result)


NOTED = call("remember", fact="Has a dog called Rex")


def test_an_idempotent_tool_that_was_cut_off_is_run_again_under_the_same_call(tmp_path: Path):
    cut_off(tmp_path, NOTED)
    played = script("Rex, noted.")

    async def after(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert played.told() == ["Noted: Has a dog called Rex"]
        assert turn.memory_after["facts"] == ["Has a dog called Rex"]
        rows = await house.rows(ToolCall)
        assert [row.state for row in rows] == ["pending", "done"]
        assert len({(row.turn_id, row.call_id) for row in rows}) == 1
        assert [bubble.text for bubble in await house.bubbles()] == ["Rex, noted."]

    run(after, played, folder=tmp_path)


def test_beside_it_a_tool_that_is_not_idempotent_is_unknown_and_not_run_again(tmp_path: Path):
    cut_off(tmp_path, call("react", tapback="love"), NOTED)
    played = script("Rex, noted.")

    async def after(house: House) -> None:
        await house.settled(turns=1)
        told = sorted(str(part.content) for part in tool_results(played))
        assert told == ["Noted: Has a dog called Rex", UNKNOWN]
        assert await house.calls("POST", "/reactions") == []
        assert [row.name for row in await house.rows(ToolCall)] == ["react", "remember", "remember"]

    run(after, played, folder=tmp_path)


def test_a_tool_that_was_cut_off_twice_is_not_tried_a_third_time(tmp_path: Path):
    cut_off(tmp_path, NOTED, times=2)
    played = script("Hello!")

    async def after(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert played.told() == [UNKNOWN]
        assert (turn.outcome, turn.memory_after["facts"]) == ("answered", [])

    run(after, played, folder=tmp_path)


def tool_results(played: Script) -> list[ToolReturnPart]:
    """Every result of a tool in the newest request."""
    parts = [part for message in played.seen[-1] for part in message.parts]
    return [part for part in parts if isinstance(part, ToolReturnPart)]


def said_to(number: int):
    def work(session: Session) -> bool:
        return len(session.exec(select(ToolCall).where(ToolCall.state == "done")).all()) >= number

    return work


def test_a_stop_before_the_words_that_confirm_an_opt_out_does_not_leave_it_unsaid(tmp_path: Path):
    first = gated(call("record_opt_out", their_words="leave my mother in peace"), "never said")

    async def until_it_stops(house: House) -> None:
        await house.text("can you leave my mother in peace now")
        await first.is_thinking()
        first.go_on_once()
        await house.until(said_to(1))
        await first.is_thinking()

    stopped(first, until_it_stops, tmp_path)

    async def after(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("answered", "taken up after a stop")
        [bubble] = await house.bubbles()
        assert (bubble.kind, bubble.state) == ("notice", "confirmed")
        assert "You won't get any more texts" in bubble.text

    run(after, script(), folder=tmp_path)


def test_a_stop_before_the_words_for_somebody_in_danger_does_not_leave_them_unsaid(tmp_path: Path):
    first = gated(call("call_a_person", language="es"), "never said")

    async def until_it_stops(house: House) -> None:
        await house.text("ya lo tengo todo preparado sobre la mesa")
        await first.is_thinking()
        first.go_on_once()
        await house.until(said_to(1))
        await first.is_thinking()

    stopped(first, until_it_stops, tmp_path)

    async def after(house: House) -> None:
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.reason) == ("answered", "taken up after a stop")
        [bubble] = await house.bubbles()
        assert (bubble.kind, bubble.state) == ("crisis", "confirmed")
        assert "llama al 988" in bubble.text
        [alert] = await house.rows(Alert)
        assert alert.referred_at is not None and alert.resolved_at is None

    run(after, script(), folder=tmp_path)
