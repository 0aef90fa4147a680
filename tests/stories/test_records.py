"""What is kept of every turn, and the prompts it was answered under."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from agent.settings import HOME
from memory.tables import ToolCall
from phone.clock import HeldClock
from tests.house import House, call, run, script


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    """A copy of the prompts that a test may edit."""
    return Path(shutil.copytree(HOME / "prompts", tmp_path / "prompts"))


def test_an_edit_of_a_prompt_is_felt_in_the_next_reply(prompts: Path):
    played = script("hello", "ahoy")

    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        (prompts / "texting.md").write_text("You talk like a pirate, $name.")
        await house.text("hi")
        first, second = await house.settled(turns=2)
        assert "pirate" not in first.instructions
        assert "You talk like a pirate, Threedots." in second.instructions
        assert "You talk like a pirate, Threedots." in str(played.seen[-1][-1])
        assert first.prompt_hash != second.prompt_hash

    run(story, played, settings={"threedots_prompts_dir": prompts})


def test_a_prompt_of_ones_own_stands_in_for_the_shipped_one(tmp_path: Path):
    (tmp_path / "opted_out.md").write_text("Bye from $name. Reply START to come back.")

    async def story(house: House) -> None:
        sent = await house.text("STOP")
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["Bye from Threedots. Reply START to come back."]

    run(story, script(), settings={"threedots_prompts_dir": tmp_path})


def test_a_prompt_with_a_blank_nobody_can_fill_fails_the_turn_until_it_is_mended(
    prompts: Path, caplog: pytest.LogCaptureFixture
):
    texting = (prompts / "texting.md").read_text()

    async def story(house: House) -> None:
        (prompts / "texting.md").write_text("Write to $nobody.")
        await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "failed"
        assert "texting.md has the blank $nobody" in turn.reason
        (prompts / "texting.md").write_text(texting)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == ["hello"]

    with caplog.at_level(logging.ERROR, logger="agent"):
        run(story, script("hello"), settings={"threedots_prompts_dir": prompts})
    assert "texting.md has the blank $nobody" in caplog.text


def test_a_list_of_pictures_with_a_slip_fails_the_turn_until_it_is_mended(prompts: Path):
    async def story(house: House) -> None:
        listing = (prompts / "media.toml").read_text()
        (prompts / "media.toml").write_text('[cake]\nfile = "no-such-cake.jpg"\nshows = "Cake"\n')
        await house.text("hi")
        [turn] = await house.settled(turns=1)
        assert turn.outcome == "failed"
        assert "no-such-cake.jpg" in turn.reason
        (prompts / "media.toml").write_text(listing)
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id, turns=2)
        assert screen.bodies == ["hello"]

    run(story, script("hello"), settings={"threedots_prompts_dir": prompts})


def test_a_turn_keeps_what_it_was_answered_with():
    played = script(call("remember", fact="Likes tea"), "Noted!")

    async def story(house: House) -> None:
        await house.text("I like tea")
        [turn] = await house.settled(turns=1)
        assert (turn.outcome, turn.model, turn.channel) == ("answered", "script", "imessage")
        assert len(turn.prompt_hash) == 8
        assert turn.usage["requests"] == 2
        assert turn.usage["tool_calls"] == 1
        assert turn.usage["input_tokens"] > 0 and turn.usage["output_tokens"] > 0
        assert turn.instructions.startswith("You are Threedots")
        assert turn.memory_before["facts"] == []
        assert turn.memory_after["facts"] == ["Likes tea"]
        assert turn.started_at <= turn.settled_at
        kinds = [message["kind"] for message in turn.messages]
        assert kinds == ["response", "request", "response"]
        assert "You are Threedots" not in str(turn.messages)

    run(story, played)


def test_every_tool_call_has_its_row():
    played = script(
        [call("remember", fact="Likes tea"), call("react", tapback="love")],
        call("send", text="Tea it is", media=["no such picture"]),
        call("end_turn", reason="done"),
    )

    async def story(house: House) -> None:
        sent = await house.text("I like tea")
        [turn] = await house.settled(turns=1)
        rows = sorted(await house.rows(ToolCall), key=lambda row: row.id)
        kept = {row.name: (row.state, row.arguments, row.result) for row in rows}
        assert kept["remember"] == ("done", {"fact": "Likes tea"}, "Noted: Likes tea")
        assert kept["react"] == (
            "done",
            {"tapback": "love", "message_id": None},
            "Tapped back love on m1.",
        )
        state, arguments, result = kept["send"]
        assert (state, arguments["media"]) == ("failed", ["no such picture"])
        assert "is no picture you have" in result
        assert {row.turn_id for row in rows} == {turn.id}
        assert len({row.call_id for row in rows}) == len(rows)
        assert (await house.screen(sent.conversation_id)).outbound == []

    run(story, played)


def test_a_tool_call_is_written_down_before_it_runs():
    played = script(call("send", text="hello"), call("end_turn", reason="done"))

    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", delay=10)
        await house.text("hi")
        await house.until(lambda _: house.local.twin.faults.pending == [])
        [row] = await house.rows(ToolCall)
        assert (row.name, row.state, row.result) == ("send", "pending", None)
        assert row.arguments["text"] == "hello"
        [bubble] = await house.bubbles()
        assert (bubble.state, bubble.call_id) == ("dispatched", row.call_id)
        await house.pass_time_until_settled(turns=1, at_most=20)
        assert (await house.rows(ToolCall))[0].state == "done"

    run(story, played, clock=HeldClock())
