"""Chat JSONL, read by OpenAI's own types, by inspect_ai's converter and by `datasets`."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import messages_from_openai
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam
from pydantic import TypeAdapter, ValidationError

from tests.exports.conftest import Export, ask, has_no_number, lines

MESSAGES: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionMessageParam])
TOOLS: TypeAdapter[Any] = TypeAdapter(list[ChatCompletionFunctionToolParam])


LOAD = """
import json, sys
from datasets import load_dataset
print(json.dumps(load_dataset("json", data_files=sys.argv[1], split="train").to_list()))
"""


def walked(value: Any) -> Any:
    """A validated value to the bottom: pydantic looks into an Iterable only when it is read."""
    match value:
        case str():
            return value
        case dict():
            return {key: walked(item) for key, item in value.items()}
        case Iterable():
            return [walked(item) for item in value]
        case _:
            return value


def unanswered(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Calls that OpenAI refuses, since their answers do not follow them; the last may wait."""
    for place, message in enumerate(messages[:-1]):
        for call in message.get("tool_calls", []):
            after = messages[place + 1 :]
            answers = [
                m["tool_call_id"]
                for m in after[: len(message["tool_calls"])]
                if "tool_call_id" in m
            ]
            if call["id"] not in answers:
                yield call["id"]


def test_every_line_is_what_openais_types_say(export: Export):
    for chat in lines(export("openai")):
        assert walked(MESSAGES.validate_python(chat["messages"])) == chat["messages"]
        assert walked(TOOLS.validate_python(chat["tools"])) == chat["tools"]
        assert list(unanswered(chat["messages"])) == []
        assert chat.keys() == {"messages", "tools"}


def test_the_walk_sees_what_is_broken_at_the_bottom(export: Export):
    chat = lines(export("openai"))[0]
    chat["messages"][3]["tool_calls"][0]["function"]["arguments"] = {}
    with pytest.raises(ValidationError):
        walked(MESSAGES.validate_python(chat["messages"]))


@pytest.mark.parametrize("arguments", ["text", "objects"])
def test_datasets_load_what_was_written(export: Export, tmp_path: Path, arguments: str):
    path = export("openai", "--arguments", arguments)
    rows = subprocess.run(
        [sys.executable, "-c", LOAD, str(path)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "cache")},
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert json.loads(rows) == lines(path)


def test_inspects_converter_reads_the_messages_of_every_chat(export: Export):
    for chat in lines(export("openai")):
        roles = [message["role"] for message in chat["messages"]]
        read = asyncio.run(messages_from_openai(chat["messages"]))
        assert [message.role for message in read] == roles


def test_inspects_converter_reads_calls_and_words(export: Export):
    noted = lines(export("openai"))[0]["messages"]
    read = asyncio.run(messages_from_openai(noted))
    calls = getattr(read[3], "tool_calls", None) or []
    assert [(call.function, call.arguments) for call in calls] == [
        ("remember", {"fact": "Likes tea"}),
        ("react", {"tapback": "love"}),
    ]
    assert read[-1].text == "Noted!"


def test_a_line_is_what_the_model_was_shown_and_ends_on_its_last_words(export: Export):
    noted, thanked, seen, ben = (chat["messages"] for chat in lines(export("openai")))
    assert [message["role"] for message in noted] == [
        "system", "user", "user", "assistant", "tool", "tool", "assistant",
    ]  # fmt: skip
    assert noted[0]["content"].startswith("You are Threedots")
    assert noted[1]["content"].startswith("[About this conversation")
    assert noted[3]["content"] == "Let me note that."
    assert noted[-1] == {"role": "assistant", "content": "Noted!"}
    assert [it["function"]["name"] for it in thanked[-1]["tool_calls"]] == ["react", "end_turn"]
    # What was said before is shown without our context, which is told afresh in every turn.
    assert thanked[1:6] == noted[2:7]
    assert seen[-4]["content"].endswith("look\n[m4.1: a picture they sent]")
    assert seen[-2]["content"].startswith('{"error":"\'no such\' is no picture')
    assert len(ben) == 4, "Ben's line tells of Ben alone"


def test_a_turn_without_a_model_has_no_line_and_is_of_the_past_of_others(export: Export):
    assert len(lines(export("openai"))) == 4
    assert lines(export("openai", "--text", "STOP")) == []


def test_the_talk_before_is_told_even_where_it_is_filtered_out(export: Export):
    [thanked] = lines(export("openai", "--outcome", "reacted"))
    assert "Noted!" in [message["content"] for message in thanked["messages"]]


def test_arguments_are_text_or_objects(export: Export):
    [text] = lines(export("openai", "--tool", "remember"))
    [plain] = lines(export("openai", "--tool", "remember", "--arguments", "objects"))
    called = [chat["messages"][3]["tool_calls"][0]["function"] for chat in (text, plain)]
    assert called[0] == {"name": "remember", "arguments": '{"fact": "Likes tea"}'}
    assert called[1] == {"name": "remember", "arguments": {"fact": "Likes tea"}}


def test_numbers_are_replaced_in_the_talk_before_too(export: Export):
    assert has_no_number(export("openai").read_text())
    assert not has_no_number(export("openai", "--with-numbers").read_text())


def test_the_same_turns_are_the_same_bytes():
    assert ask("export", "--format", "openai").stdout == ask("export", "--format", "openai").stdout


@pytest.mark.parametrize(("filters", "found"), [
    (["--tool", "send"], 1), (["--tool", "nothing"], 0), (["--text", "RED SQUARE"], 1),
    (["--text", "tea", "--tool", "react"], 1),
])  # fmt: skip
def test_turns_are_found_by_tool_and_by_words(filters: list[str], found: int):
    assert len(json.loads(ask("list", "--json", *filters).stdout)) == found
    assert len(ask("export", *filters).stdout.splitlines()) == found
