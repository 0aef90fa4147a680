"""What is kept of every turn, and the prompts it was answered under."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic_ai import ModelMessage, ModelMessagesTypeAdapter
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.settings import ModelSettings
from sqlmodel import select

from agent.history import Past, earlier
from agent.settings import HOME
from memory.tables import Bubble, Message, ToolCall, Transcript, Turn
from memory.transcript import Act, BubbleSent, TurnRecord
from memory.transcripts import Wanted, newest
from phone.clock import HeldClock
from tests.house import ANA, House, call, crash, gated, run, script
from tests.stories.test_lost_answers import LOST, UNREADABLE, is_lost
from tests.stories.test_model_failures import DOWN
from tests.stories.test_pictures import photo
from tests.stories.test_poison import BROKEN, passing
from tests.stories.test_resuming import saved_responses
from tests.stories.test_taking_turns import all_taken


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
        noted = {"fact": "Likes tea", "said_in": None}
        assert kept["remember"] == ("done", noted, "Noted: Likes tea")
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


def test_the_record_of_an_answered_turn_tells_it_all():
    played = script(
        [call("remember", fact="Likes tea"), call("react", tapback="love")],
        call("send", text="Tea it is", send_style="confetti", media=["cake"]),
        "Noted!",
    )

    async def story(house: House) -> None:
        sent = await house.text("I like tea")
        [turn] = await house.settled(turns=1)
        [record] = await house.records()
        assert (record.turn_id, record.parent_turn_id, record.session) == (turn.id, None, "local")
        assert (record.outcome, record.reason, record.attempts) == ("answered", None, 1)
        assert record.conversation.conversation_id == sent.conversation_id
        assert (record.conversation.participant, record.conversation.channel) == (ANA, "imessage")
        assert (record.started_at, record.settled_at) == (turn.started_at, turn.settled_at)
        [heard] = record.heard
        assert (heard.ref, heard.text, heard.outcome) == ("m1", "I like tea", "answered")
        assert record.instructions == turn.instructions
        assert (record.model, record.settings) == ("script", {"timeout": 60.0})
        assert {"send", "react", "end_turn"} <= {tool.name for tool in record.tools}
        assert [tool.name for tool in record.tools if tool.ends_turn] == ["end_turn"]
        assert [(c.name, c.state) for c in record.tool_calls] == [
            ("remember", "done"), ("react", "done"), ("send", "done"),
        ]  # fmt: skip
        assert (record.memory.before["facts"], record.memory.after["facts"]) == ([], ["Likes tea"])
        assert record.memory.is_saved
        assert record.usage.model_dump(mode="json") == turn.usage
        assert (record.usage.requests, record.usage.tool_calls) == (3, 3)
        assert record.thrown_away.requests == 0

    run(story, played)


def test_the_record_keeps_what_the_model_was_asked_word_for_word():
    played = script("hello")

    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        [record] = await house.records()
        asked = [part.content for part in played.seen[0][-1].parts]
        assert [part["content"] for part in record.messages[0]["parts"]] == asked
        assert record.messages[-1]["parts"][0]["content"] == "hello"
        [offered] = played.infos
        assert {tool.name: tool.parameters for tool in record.tools} == {
            tool.name: tool.parameters_json_schema
            for tool in [*offered.function_tools, *offered.output_tools]
        }

    run(story, played)


def test_the_record_names_each_prompt_file_by_its_hash(prompts: Path):
    played, names = script("hello", "ahoy"), {path.name for path in prompts.glob("*.md")}

    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        (prompts / "texting.md").write_text("You talk like a pirate, $name.")
        await house.text("hi")
        await house.settled(turns=2)
        before, after = [
            {file.name: file.sha256 for file in record.prompts.files}
            for record in await house.records()
        ]
        assert before.keys() == names
        assert {name for name in before if before[name] != after[name]} == {"texting.md"}

    run(story, played, settings={"threedots_prompts_dir": prompts})


def test_what_was_done_on_the_wire_is_told_apart_from_what_was_asked():
    played = script(
        [call("react", tapback="🔥"), call("send", text="Wow", send_style="confetti")],
        call("set_background", media="dusk"),
        call("end_turn", reason="done"),
    )

    async def story(house: House) -> None:
        await house.faults(
            {"method": "POST", "path": "/v1/messages/*/reactions", "status": 400},
            {"method": "POST", "path": "/v1/conversations/*/background", "status": 503},
        )
        await house.text("look at this")
        await house.settled(turns=1)
        [record] = await house.records()
        tap, bubble, background = record.wire
        assert isinstance(tap, Act) and isinstance(bubble, BubbleSent)
        assert isinstance(background, Act)
        assert (tap.act, tap.asked, tap.landed, tap.ref) == ("tapback", "🔥", "emphasize", "m1")
        assert (bubble.text, bubble.status, bubble.channel) == ("Wow", "confirmed", "imessage")
        assert bubble.call_id == record.tool_calls[1].call_id
        assert bubble.written_at <= bubble.dispatched_at <= bubble.finished_at
        assert (background.asked, background.landed) == ("dusk", None)
        assert (background.status, background.code) == ("unconfirmed", "INTERNAL_ERROR")

    run(story, played)


def test_a_turn_that_only_tapped_back_and_one_that_kept_silent_have_records():
    played = script(
        [call("react", tapback="like"), call("end_turn", reason="thanked")],
        call("end_turn", reason="nothing to add"),
    )

    async def story(house: House) -> None:
        await house.text("thanks!")
        await house.settled(turns=1)
        await house.text("bye")
        await house.settled(turns=2)
        reacted, silent = await house.records()
        assert (reacted.outcome, [act.act for act in reacted.wire]) == ("reacted", ["tapback"])
        assert (silent.outcome, silent.reason, silent.wire) == ("silent", "nothing to add", [])
        assert silent.latencies.first_bubble is None
        assert silent.parent_turn_id == reacted.turn_id

    run(story, played)


def test_a_static_notice_is_recorded_without_a_model():
    async def story(house: House) -> None:
        await house.text("STOP")
        await house.settled(turns=1)
        [record] = await house.records()
        assert (record.outcome, record.reason) == ("answered", "notice for stop")
        assert (record.model, record.instructions, record.prompts) == (None, None, None)
        assert (record.messages, record.tools, record.requests) == ([], [], [])
        [notice] = record.wire
        assert isinstance(notice, BubbleSent)
        assert (notice.kind, notice.status) == ("notice", "confirmed")
        assert (record.heard[0].keyword, record.usage.cost_usd) == ("stop", 0)

    run(story, script())


def test_a_model_that_failed_is_recorded_with_every_request():
    played = script(DOWN, last_for_ever=True)

    async def story(house: House) -> None:
        await house.text("hi")
        await house.pass_time_until_settled(turns=1, at_most=400)
        [record] = await house.records()
        assert (record.outcome, record.reason) == ("failed", "model_unavailable")
        assert len(record.requests) == len(played.seen) > 3
        assert {request.error for request in record.requests} == {"ModelHTTPError 503"}
        assert record.usage.requests == 0
        assert record.instructions.startswith("You are Threedots")
        assert [part["part_kind"] for part in record.messages[0]["parts"]] == ["user-prompt"] * 2

    run(story, played, clock=HeldClock())


def test_a_second_text_before_anything_was_done_is_recorded_with_what_was_thrown_away():
    played = script("Booked for two.", "Booked for three.")

    async def story(house: House) -> None:
        await house.text("a table for two")
        await house.until(lambda _: bool(played.seen))
        await house.text("no, three")
        await house.until(lambda _: len(played.seen) == 2)
        await house.pass_time(1.1)
        await house.settled(turns=1)
        [record] = await house.records()
        [again] = record.interruptions
        assert (again.what, again.refs) == ("began_again", ["m2"])
        assert [heard.text for heard in record.heard] == ["a table for two", "no, three"]
        assert [request.is_thrown_away for request in record.requests] == [True, False]
        assert (record.usage.requests, record.thrown_away.requests) == (2, 1)
        assert record.thrown_away.output_tokens > 0
        said = [m["parts"][0]["content"] for m in record.messages if m["kind"] == "response"]
        assert said == ["Booked for three."]
        assert len(record.messages[0]["parts"]) == 3, "our context and both texts"

    run(story, played, clock=HeldClock(), settings={"threedots_quiet_for": 1.0})


def test_a_thought_cut_off_before_its_answer_is_recorded_as_cancelled():
    played = gated("Here.")

    async def story(house: House) -> None:
        await house.text("a table for two")
        await played.is_thinking()
        await house.text("no, three")
        await house.until(all_taken(2))
        await played.is_thinking()
        played.go_on()
        await house.settled(turns=1)
        [record] = await house.records()
        cut, answer = record.requests
        assert (cut.error, cut.is_thrown_away, cut.model) == ("cancelled", True, None)
        assert (answer.error, answer.is_thrown_away) == (None, False)

    run(story, played)


def test_a_text_heard_on_the_way_is_recorded_as_heard():
    played = gated(
        call("remember", fact="Likes tea"), call("remember", fact="Has a dog"), "Both noted."
    )

    async def story(house: House) -> None:
        await house.text("I like tea")
        await played.is_thinking()
        played.go_on_once()
        await house.until(lambda session: session.exec(select(ToolCall)).first())
        await played.is_thinking()
        await house.text("and no milk")
        await house.stored(2)
        played.go_on()
        await house.settled(turns=1)
        [record] = await house.records()
        [heard] = record.interruptions
        assert (heard.what, heard.refs) == ("heard", ["m2"])
        assert "and no milk" in str(record.messages[-2])
        assert record.thrown_away.requests == 0

    run(story, played)


def test_a_turn_taken_up_after_a_crash_is_recorded_whole(tmp_path: Path):
    first = script("Nice to meet you.")

    async def until_it_stops(house: House) -> None:
        house.local.deployment.quiet_for = 3600.0  # type: ignore[union-attr]
        await house.text("hello")
        await house.until(saved_responses(1))

    asyncio.run(crash(until_it_stops, first.model, folder=tmp_path))

    async def after(house: House) -> None:
        await house.settled(turns=1)
        [record] = await house.records()
        assert (record.outcome, record.attempts) == ("answered", 2)
        assert [it.what for it in record.interruptions] == ["taken_up"]
        assert record.instructions.startswith("You are Threedots")
        assert (record.model, len(record.requests)) == ("script", 1)
        assert [m["kind"] for m in record.messages] == ["request", "response"]
        assert [act.text for act in record.wire] == ["Nice to meet you."]  # type: ignore[union-attr]
        assert record.typing.calls >= 1

    run(after, script(), folder=tmp_path)


def test_a_poisoned_turn_is_recorded_with_what_is_known_of_it():
    async def story(house: House) -> None:
        await house.text("my secret words")
        await passing(house, turns=1)
        [record] = await house.records()
        assert (record.outcome, record.reason, record.attempts) == ("failed", "poison", 3)
        assert [it.what for it in record.interruptions] == ["taken_up", "taken_up"]
        assert record.heard[0].text == "my secret words"

    run(story, script(BROKEN, BROKEN, BROKEN), clock=HeldClock())


def test_what_asked_for_no_answer_is_in_the_record_of_the_next_turn():
    played = script("I like it too.", "Sure.")

    async def story(house: House) -> None:
        sent = await house.text("I like tea")
        screen = await house.answered(sent.conversation_id)
        await house.tap(screen.last["id"], "love")
        await house.stored(2)
        await house.text("more?")
        await house.settled(turns=2)
        first, second = await house.records()
        assert [heard.in_turn for heard in first.heard] == [True]
        assert [(heard.kind, heard.in_turn) for heard in second.heard] == [
            ("tapback", False), ("text", True),
        ]  # fmt: skip
        assert (second.heard[0].reaction, second.heard[0].outcome) == ("love", "noted")
        assert second.parent_turn_id == first.turn_id

    run(story, played)


def test_a_photo_is_recorded_by_its_handle_and_its_address_by_nobody():
    played = script(call("send", text="Nice", media=["m1.1", "cake"]), "A red one.")

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        await house.text("look", media_urls=[red])
        await house.settled(turns=1)
        [row] = await house.rows(Transcript)
        [message] = await house.rows(Message)
        record = TurnRecord.model_validate_json(row.record)
        assert record.heard[0].media == ["m1.1"]
        [_, asked] = record.messages[0]["parts"]
        assert [(p["url"], p["media_type"]) for p in asked["content"] if isinstance(p, dict)] == [
            ("media:m1.1", "image/jpeg"),
        ]  # fmt: skip
        assert record.wire[0].media == ["m1.1", "cake"]  # type: ignore[union-attr]
        secrets = [url for bubble in await house.bubbles() for url in bubble.media] + message.media
        assert len(secrets) == 3
        assert [secret for secret in secrets if secret in row.record] == []
        assert "base64" not in row.record

    run(story, played)


def test_an_address_that_agentphone_quotes_in_a_refusal_is_left_out():
    played = script(call("send", text="Cake", media=["cake"]), call("end_turn", reason="no luck"))

    async def story(house: House) -> None:
        assert house.local.deployment is not None
        address = house.local.deployment.pictures()["cake"]
        refusal = {"error": {"code": "MEDIA", "message": f"cannot fetch {address}"}}
        await house.fail("POST", "/v1/messages", status=400, body=refusal)
        await house.text("cake?")
        await house.settled(turns=1)
        [row] = await house.rows(Transcript)
        assert address not in row.record
        assert "cannot fetch [address left out]" in row.record

    run(story, played)


def test_no_key_and_no_secret_is_in_any_record(monkeypatch: pytest.MonkeyPatch):
    canaries = ["sk_canary_of_the_model", "sk_canary_in_a_header"]
    monkeypatch.setenv("OPENAI_API_KEY", canaries[0])
    played = script(call("remember", fact="Likes tea"), "Noted!")
    chosen: dict[str, Any] = {"extra_headers": {"X-Key": canaries[1]}, "temperature": 0.5}

    async def story(house: House) -> None:
        assert house.local.deployment is not None
        house.local.deployment.model = FunctionModel(
            played, model_name="script", settings=cast(ModelSettings, chosen)
        )
        await house.text("I like tea")
        await house.settled(turns=1)
        [row] = await house.rows(Transcript)
        secret = house.webhook_secret
        assert [it for it in [*canaries, secret, "sk_twin"] if it in row.record] == []
        assert json.loads(row.record)["settings"] == {"temperature": 0.5, "timeout": 60.0}

    run(story, played)


def history_from(records: list[TurnRecord]) -> list[ModelMessage]:
    """What the model is shown before its next burst, from the records of a conversation alone."""
    messages = [
        Message(
            **heard.model_dump(exclude={"ref", "in_turn", "media"}),
            mailbox_id=1,
            ref=int(heard.ref[1:]),
            media=heard.media,
            turn_id=record.turn_id if heard.in_turn else None,
        )
        for record in records
        for heard in record.heard
    ]
    turns = [
        Turn(
            id=record.turn_id, mailbox_id=1, epoch=1, started_at=record.started_at,
            messages=record.messages[1:] or None,
        )
        for record in records
    ]  # fmt: skip
    bubbles = [
        Bubble(
            id=act.bubble_id, mailbox_id=1, turn_id=record.turn_id, position=1, ref=1,
            text=act.text, message_id=act.message_id, created_at=act.written_at,
            expires_at=act.written_at,
        )
        for record in records
        for act in record.wire
        if isinstance(act, BubbleSent)
    ]  # fmt: skip
    return earlier(Past(messages, bubbles, turns))


def shown(messages: list[ModelMessage]) -> list[Any]:
    """Every part of these messages as JSON, however they are put together."""
    plain = ModelMessagesTypeAdapter.dump_python(messages, mode="json")
    return [part for message in plain for part in message["parts"]]


def test_who_resumes_from_the_records_asks_the_model_the_same():
    played = script(
        [call("remember", fact="Likes tea"), call("react", tapback="love")], "Noted!", "Sure.",
        "Bye.",
    )  # fmt: skip

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        sent = await house.text("I like tea", media_urls=[red])
        screen = await house.answered(sent.conversation_id)
        await house.tap(screen.last["id"], "love")
        await house.stored(2)
        for turns, word in ((2, "STOP"), (3, "START")):
            await house.text(word)
            await house.settled(turns=turns)
        await house.text("more?")
        await house.settled(turns=4)
        records = await house.records()
        await house.text("bye")
        await house.settled(turns=5)
        asked, [last] = played.seen[-1], (await house.records())[4:]
        again = history_from(records)
        assert shown(again) == shown(asked)[: len(shown(again))]
        rest = shown(asked)[len(shown(again)) :]
        assert [part["content"] for part in rest] == [
            part["content"] for part in last.messages[0]["parts"]
        ]
        assert len(rest) == 2, "our context and the newest text"

    run(story, played)


def test_what_is_learnt_of_a_bubble_later_is_told_beside_its_record():
    async def story(house: House) -> None:
        await house.faults(LOST, UNREADABLE)
        await house.text("hi")
        await is_lost(house)
        await house.pass_time_until_settled(turns=1, at_most=80)
        [before] = await house.rows(Transcript)
        [then] = await house.read(partial(newest, wanted=Wanted(), limit=9))
        assert (then["wire"][0]["status"], then["since"]) == ("unconfirmed", [])
        await house.faults()
        await house.pass_time(100)
        [after] = await house.rows(Transcript)
        assert after.record == before.record, "what is written stays written"
        [told] = await house.read(partial(newest, wanted=Wanted(), limit=9))
        [learnt] = told["since"]
        assert learnt["bubble_id"] == told["wire"][0]["bubble_id"]
        assert (learnt["status"], learnt["channel"]) == ("confirmed_late", "imessage")
        assert TurnRecord.model_validate(told).since[0].learnt_at is not None

    run(story, script("hello"), clock=HeldClock())
