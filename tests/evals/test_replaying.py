"""Real turns taken again: the model is shown what it was shown then, and what changed is told."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import ModelMessage, ModelMessagesTypeAdapter
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from typer.testing import CliRunner

from evals.local import local_settings
from evals.records.recording import fictitious
from evals.records.replaying import BadRecords, Replayed, records_in, replay, told
from memory.exports.forms import line_of
from memory.pseudonyms import namer, without_numbers
from memory.transcript import TurnRecord
from memory.transcripts import Wanted, stream
from tests.house import ANA, BEN, House, Script, call, gated, run, script
from tests.stories.test_pictures import photo
from tests.stories.test_taking_turns import all_taken
from threedots import app

Story = Callable[[House], Awaitable[None]]
DONE = call("end_turn", reason="done")


def live(story: Story, played: Script) -> list[TurnRecord]:
    """The records that a story leaves, with what was learnt since."""
    found: list[TurnRecord] = []

    async def told(house: House) -> None:
        await story(house)
        assert house.local.deployment is not None
        read = stream(house.local.deployment.store, Wanted())
        found.extend([TurnRecord.model_validate(record) async for record in read])

    run(told, played)
    return found


def again(
    records: Sequence[TurnRecord], played: Script, *, prompts: Path | None = None
) -> list[Replayed]:
    """The same turns once more, by this script."""
    settings = local_settings()
    if prompts is not None:
        settings = settings.model_copy(update={"threedots_prompts_dir": prompts})

    async def take() -> list[Replayed]:
        return [one async for one in replay(records, settings, played.model)]

    done = asyncio.run(take())
    assert played.is_played, "the script has answers the model was never asked for"
    return done


def texts(*words: str) -> Story:
    async def story(house: House) -> None:
        for nth, text in enumerate(words, start=1):
            await house.text(text)
            await house.settled(turns=nth)

    return story


def shown(messages: list[ModelMessage]) -> Any:
    """What a model was shown, without what no two runs share: times of our own, run ids, marks."""
    plain = json.dumps(ModelMessagesTypeAdapter.dump_python(messages, mode="json"))
    plain = re.sub(
        r'"(timestamp|run_id|conversation_id|message_id|instructions)": ("[^"]*"|null)', "", plain
    )
    marks = r"data-[0-9a-f]{8}"
    return re.sub(
        rf"/v1/messages/\w+/media|\w{{3}} \d\d \w{{3}} \d{{4}}, [\d:]+ UTC|{marks}", "", plain
    )


REMEMBERED = (call("remember", fact="Likes tea"), "Noted!", "Tea.", "Bye.")


def test_under_the_same_prompts_and_answers_nothing_is_changed():
    asked = texts("I like tea", "what do I like?", "bye")
    records = live(asked, script(*REMEMBERED))
    done = again(records, script(*REMEMBERED))
    assert [one.problem for one in done] == [None, None, None]
    assert [one.is_changed for one in done] == [False, False, False]
    assert {each["what"] for one in done for each in one.differences} <= {"first_bubble_seconds"}
    assert [line for one in done for line in told(one)][1].endswith("unchanged (answered)")


def test_history_with_tool_calls_and_memory_reach_the_model_exactly_as_then():
    asked = texts("I like tea", "what do I like?", "bye")
    first, second = script(*REMEMBERED), script(*REMEMBERED)
    records = live(asked, first)
    done = again(records, second)
    assert [shown(request) for request in second.seen] == [shown(request) for request in first.seen]
    assert [info.instructions for info in second.infos] == [
        info.instructions for info in first.infos
    ]
    for one in done:
        assert one.after is not None
        assert one.after.memory.before == one.before.memory.before
        assert one.after.heard[0].ref == one.before.heard[0].ref
        assert one.after.parent_turn_id == one.before.parent_turn_id
    assert "Likes tea" in second.context()
    calls = [
        part
        for message in second.seen[-1]
        for part in message.parts
        if isinstance(part, ToolCallPart)
    ]
    assert [(part.tool_name, part.args) for part in calls] == [("remember", {"fact": "Likes tea"})]


def test_one_turn_of_many_begins_with_what_the_others_left(tmp_path: Path):
    records = live(texts("I like tea", "what do I like?"), script(*REMEMBERED[:3]))
    _, last = records
    [alone] = again([last], script("No idea."))
    assert alone.is_changed
    [_, both] = again(records, script(*REMEMBERED[:3]))
    assert not both.is_changed


def obeys(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A model that says the word its instructions tell."""
    asked = [m.instructions for m in messages if isinstance(m, ModelRequest) and m.instructions]
    word = re.search(r"The word is (\w+)", asked[-1])
    return ModelResponse([TextPart(word[1] if word else "no word")])


def test_another_prompt_shows_in_what_changed(tmp_path: Path):
    records = live(texts("hi"), script("no word"))
    (tmp_path / "instructions.md").write_text("The word is plum.")
    settings = local_settings().model_copy(update={"threedots_prompts_dir": tmp_path})

    async def take(chosen: Any) -> list[Replayed]:
        return [one async for one in replay(records, chosen, FunctionModel(obeys))]

    [same] = asyncio.run(take(local_settings()))
    [other] = asyncio.run(take(settings))
    assert not same.is_changed and other.is_changed
    found = {each["what"]: (each["before"], each["after"]) for each in other.differences}
    assert found["words"] == (["no word"], ["plum"])
    assert "outcome" not in found and "bubbles" not in found
    lines = list(told(other))
    assert lines[0].endswith("“hi”: changed")
    assert lines[1:4] == ["    words", "      - no word", "      + plum"]


def test_what_is_done_instead_of_said_shows_too():
    records = live(texts("thanks"), script("You're welcome!"))
    [one] = again(records, script([call("react", tapback="love"), DONE]))
    found = {each["what"]: each["after"] for each in one.differences}
    assert (found["outcome"], found["tools"], found["words"]) == (
        "reacted",
        ['react(tapback="love")'],
        [],
    )
    assert found["tapbacks"] == ["love on m1"]


def test_a_burst_is_one_turn_again():
    first = gated("all three")

    async def story(house: House) -> None:
        await house.text("one")
        await first.is_thinking()
        await house.text("two")
        await house.text("three")
        await house.until(all_taken(3))
        first.go_on()
        await house.settled(turns=1)

    records = live(story, first)
    [one] = again(records, script("all three"))
    assert one.after is not None and not one.is_changed
    assert [heard.text for heard in one.after.heard] == ["one", "two", "three"]


def test_a_group_is_a_group_again():
    async def story(house: House) -> None:
        await house.person(ANA, name="Ana")
        await house.person(BEN, name="Ben")
        group = await house.group(ANA, BEN, name="Market")
        await house.text("who brings bread?", group_id=group["group_id"])
        await house.settled(turns=1)
        await house.text("Threedots, you?", from_handle=BEN, group_id=group["group_id"])
        await house.settled(turns=2)

    first, second = script("Not me."), script("Not me.")
    records = live(story, first)
    done = again(records, second)
    assert [(one.problem, one.is_changed) for one in done] == [(None, False)] * 2
    assert [one.before.outcome for one in done] == ["silent", "answered"]
    assert shown(second.seen[0]) == shown(first.seen[0])
    assert "Market (a group)" in second.context()


def test_photos_are_stand_ins():
    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        await house.text("look", media_urls=[red])
        await house.settled(turns=1)
        await house.text("nice?")
        await house.settled(turns=2)

    played = script("I see it.", "Very.")
    done = again(live(story, script("I see it.", "Very.")), played)
    assert [(one.problem, one.is_changed) for one in done] == [(None, False)] * 2
    assert len(played.pictures(0)) == 1


def test_threads_and_tapbacks_find_their_messages():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        screen = await house.answered(sent.conversation_id)
        await house.text("to this", reply_to_message_id=screen.last["id"])
        screen = await house.answered(sent.conversation_id, turns=2)
        await house.tap(screen.last["id"], "like")
        await house.settled(turns=3)

    answers = ("hello", "shall I book?", [call("reply", text="booked", message_id="m1"), DONE])
    first, second = script(*answers), script(*answers)
    records = live(story, first)
    done = again(records, second)
    assert [(one.problem, one.is_changed) for one in done] == [(None, False)] * 3
    assert [shown(each) for each in second.seen] == [shown(each) for each in first.seen]


def test_a_stop_silences_what_follows_it_again():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await house.text("STOP")
        await house.settled(turns=2)
        await house.text("are you there?")
        await house.text("START")
        await house.settled(turns=3)

    done = again(live(story, script("hello")), script("hello"))
    assert [(one.problem, one.is_changed) for one in done] == [(None, False)] * 3


def test_what_was_learnt_of_a_bubble_later_is_told_to_the_model_later():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await house.text("by sms", channel="sms")
        await house.settled(turns=2)

    first, second = script("hello", "so it is"), script("hello", "so it is")
    records = live(story, first)
    done = again(records, second)
    assert [one.is_changed for one in done] == [False, False]
    assert shown(second.seen[1]) == shown(first.seen[1])


def test_an_export_without_numbers_can_be_replayed():
    records = live(texts("I like tea", "what do I like?"), script(*REMEMBERED[:3]))
    name = namer(b"key")
    plain = [without_numbers(r.model_dump(mode="json"), name, region="US") for r in records]
    assert ANA not in json.dumps(plain)
    exported = records_in([line_of(each) for each in plain], name="turns.jsonl")
    played = script(*REMEMBERED[:3])
    done = again(exported, played)
    assert [(one.problem, one.is_changed) for one in done] == [(None, False)] * 2
    assert fictitious(b"")(name(ANA)) in played.asked()[-1]


def test_a_turn_that_cannot_be_replayed_says_why_and_the_others_go_on():
    records = live(texts("hi", "and?"), script("hello", "well"))
    heard = [records[0].heard[0].model_copy(update={"in_turn": False})]
    empty = records[0].model_copy(update={"heard": heard})
    done = again([empty, records[1]], script("well"))
    assert [one.problem for one in done] == ["nothing was heard in it", None]
    assert "could not be replayed: nothing was heard" in next(told(done[0]))


def test_a_text_that_is_sent_is_never_taken_for_one_that_was_missed(
    caplog: pytest.LogCaptureFixture,
):
    records = live(texts("hi", "and?", "so"), script("hello", "well", "yes"))
    caplog.clear()
    again(records, script("hello", "well", "yes"))
    assert caplog.messages == []


def test_nothing_of_production_is_touched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/production.db")
    monkeypatch.setenv("AGENTPHONE_BASE_URL", "https://api.agentphone.ai")
    monkeypatch.setenv("AGENTPHONE_API_KEY", "sk_live_1")
    monkeypatch.chdir(tmp_path)
    records = live(texts("hi"), script("hello"))
    again(records, script("hello"))
    assert list(tmp_path.iterdir()) == []


def written(folder: Path, records: Sequence[TurnRecord]) -> Path:
    file = folder / "turns.jsonl"
    file.write_bytes(b"".join(line_of(record.model_dump(mode="json")) for record in records))
    return file


def test_the_command_shows_what_changed_under_other_prompts(tmp_path: Path):
    records = live(texts("hi"), script("hello"))
    file = written(tmp_path, records)
    own = tmp_path / "own"
    own.mkdir()
    asked = ["replay", str(file), "--prompts", str(own), "--model", "scripted"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    assert "“hi”: changed" in done.stdout and "- hello" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 turns: 1 changed, 0 could not be replayed.")
    told = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert told["turn_id"] == records[0].turn_id
    assert told["is_changed"] and told["problem"] is None
    assert {"outcome", "words", "tools"} >= {"words"} and told["after"]["outcome"] == "answered"


def test_a_file_of_something_else_is_refused_with_the_line(tmp_path: Path):
    file = tmp_path / "turns.jsonl"
    file.write_text("{}\n")
    done = CliRunner().invoke(app, ["replay", str(file)])
    assert done.exit_code == 2 and "turns.jsonl:1" in done.output
    with pytest.raises(BadRecords, match="has no records"):
        records_in([b"\n"], name="empty")


def test_the_exit_code_says_when_a_turn_could_not_be_replayed(tmp_path: Path):
    [record] = live(texts("hi"), script("hello"))
    heard = [record.heard[0].model_copy(update={"in_turn": False})]
    file = written(tmp_path, [record.model_copy(update={"heard": heard})])
    assert CliRunner().invoke(app, ["replay", str(file)]).exit_code == 1
