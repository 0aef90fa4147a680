"""What a record says as talk, whatever format it goes into."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic_ai import ModelMessage, ModelMessagesTypeAdapter, ModelRequest
from pydantic_ai.messages import TextPart, ToolCallPart, ToolReturnPart, UserPromptPart

from memory.exports.earlier_talk import EarlierTalk
from memory.exports.talk import NOT_KNOWN, Said, Told, remembered, thoughts
from memory.transcript import TurnRecord
from tests.exports.conftest import ask
from tests.house import House, call, script
from tests.house import run as play
from tests.stories.test_pictures import photo


@pytest.fixture
def told() -> Told:
    """A turn in which two tools were called, to be changed."""
    [line] = ask("export", "--tool", "remember").stdout.splitlines()
    return Told(json.loads(line))


def changed(told: Told, **fields: Any) -> TurnRecord:
    return TurnRecord.model_validate({**told.raw, **fields})


def spoken(said: list[Said]) -> list[tuple[str, str]]:
    return [(it.role, it.text.split("\n")[-1]) for it in said]


def as_talk(messages: list[ModelMessage]) -> list[tuple[str, str]]:
    """Messages a model was shown, but for our context, as what they say."""
    talk: list[tuple[str, str]] = []
    for part in [part for message in messages for part in message.parts]:
        match part:
            case UserPromptPart(content=str(words)) if not words.startswith("[About this"):
                talk.append(("user", words))
            case UserPromptPart(content=list([str(words), *_])):
                talk.append(("user", words))
            case TextPart(content=words):
                talk.append(("assistant", words))
            case ToolCallPart(tool_name=name):
                talk.append(("call", name))
            case ToolReturnPart():
                talk.append(("tool", part.model_response_str()))
    return talk


def test_the_talk_before_a_turn_is_what_the_model_was_shown():
    """Of a picture, a tapback, a turn that ended in a call, and a notice said without a model."""
    played = script(
        ["Let me see.", call("remember", fact="Likes red")], "Red!",
        [call("react", tapback="love"), call("end_turn", reason="done")], "Bye.",
    )  # fmt: skip
    told: list[Told] = []

    async def story(house: House) -> None:
        red = await house.picture(photo("red"), "image/png")
        sent = await house.text("look", media_urls=[red])
        await house.settled(turns=1)
        await house.tap(sent.message_ids[0], "like")
        await house.text("thanks")
        await house.settled(turns=2)
        for turns, text in ((3, "STOP"), (4, "START"), (5, "ok")):
            await house.text(text)
            await house.settled(turns=turns)
        told.extend(Told(record.model_dump(mode="json")) for record in await house.records())

    play(story, played)
    *past, last = told
    earlier = EarlierTalk(30)
    for turn in past:
        earlier.add(turn)
    asked = ends_before_the_model(thoughts(last.record))
    talk = [*earlier.before(last.record.parent_turn_id), *asked]
    assert [entry for said in talk for entry in as_entries(said)] == as_talk(played.seen[-1])


def ends_before_the_model(said: list[Said]) -> list[Said]:
    return [it for it in said if it.response is None and not it.text.startswith("[About this")]


def as_entries(said: Said) -> list[tuple[str, str]]:
    words = [(said.role, said.text)] if said.text else []
    return [*words, *(("call", it.name) for it in said.calls)]


def test_a_call_nobody_has_an_answer_to_is_answered_with_that(told: Told):
    messages = told.raw["messages"]
    without = [messages[0], messages[1], messages[3]]
    written = thoughts(changed(told, messages=without))
    assert [it.text for it in written if it.role == "tool"] == [
        "Noted: Likes tea", "Tapped back love on m1.",
    ]  # fmt: skip
    lost = thoughts(changed(told, messages=without, tool_calls=[]))
    assert [it.text for it in lost if it.role == "tool"] == [NOT_KNOWN, NOT_KNOWN]


def test_what_they_wrote_while_the_turn_went_on_is_told_once(told: Told):
    heard = [*told.raw["heard"], {**told.raw["heard"][0], "ref": "m2", "text": "and milk"}]
    messages = ModelMessagesTypeAdapter.validate_python(told.raw["messages"])
    later = UserPromptPart("[m2 · Ana · iMessage · now]\nand milk")
    messages[2] = ModelRequest(parts=[*messages[2].parts, later])  # type: ignore[list-item]
    plain = ModelMessagesTypeAdapter.dump_python(messages, mode="json")
    said = spoken(remembered(changed(told, heard=heard, messages=plain)))
    assert [text for _, text in said].count("and milk") == 1


def test_what_no_turn_was_about_comes_before_it(told: Told):
    aside = {**told.raw["heard"][0], "ref": "m0", "in_turn": False, "text": "earlier"}
    ours = {**aside, "direction": "outbound", "text": "from before our time"}
    record = changed(told, heard=[aside, ours, *told.raw["heard"]])
    assert spoken(thoughts(record))[:2] == [
        ("user", "earlier"), ("assistant", "from before our time"),
    ]  # fmt: skip
    assert spoken(remembered(record))[:2] == spoken(thoughts(record))[:2]


def test_no_more_turns_are_kept_than_are_looked_back_at(told: Told):
    earlier = EarlierTalk(3)
    ids = [f"t{number}" for number in range(20)]
    for parent, turn_id in zip([None, *ids], ids, strict=False):
        raw = {**told.raw, "turn_id": turn_id, "parent_turn_id": parent}
        earlier.add(Told(raw))
    one = len(remembered(told.record))
    assert len(earlier.before("t19")) == 3 * one
    assert earlier.before("t0") == earlier.before(None) == []


def test_a_fork_is_told_with_its_own_past(told: Told):
    earlier = EarlierTalk(30)
    for turn_id, parent, words in (("a", None, "one"), ("b", "a", "two"), ("c", "a", "three")):
        heard = [{**told.raw["heard"][0], "text": words}]
        earlier.add(
            Told({**told.raw, "turn_id": turn_id, "parent_turn_id": parent, "heard": heard})
        )
    heard = [text for role, text in spoken(earlier.before("c")) if role == "user"]
    assert heard == ["one", "three"]
