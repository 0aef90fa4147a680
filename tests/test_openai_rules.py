from typing import Any

import pytest

from tests.openai_rules import Malformed, check_chat, check_responses

PIXEL = "data:image/png;base64,iVBORw0KGgo="
USER = {"role": "user", "content": "hi"}
CALL = {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "sun"}
FUNCTION = {"name": "weather", "arguments": "{}"}
ASKED = {
    "role": "assistant",
    "tool_calls": [{"id": "c1", "type": "function", "function": FUNCTION}],
}
TOLD = {"role": "tool", "tool_call_id": "c1", "content": "sun"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
STRICT = SCHEMA | {"required": ["city"], "additionalProperties": False}


def shown(image: Any) -> dict[str, Any]:
    part = {"type": "input_image", "image_url": image}
    return {"role": "user", "content": [{"type": "input_text", "text": "look"}, part]}


def pictured(image: Any) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "image_url", "image_url": image}]}


@pytest.mark.parametrize(
    "items",
    ["hi", [USER], [USER, CALL, OUTPUT, USER], [shown(PIXEL)], [shown("https://x.com/a.png")]],
)
def test_the_responses_api_takes_what_fits_together(items: Any):
    check_responses({"model": "m", "input": items})


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ("", "input"),
        ([], "input"),
        ([OUTPUT], "input[0]"),
        ([CALL, OUTPUT, OUTPUT], "input[2]"),
        ([CALL, USER], "input[0]"),
        ([CALL, CALL], "input[1].call_id"),
        ([CALL | {"name": "the weather"}, OUTPUT], "input[0].name"),
        ([CALL | {"arguments": "city"}, OUTPUT], "input[0].arguments"),
        ([CALL | {"arguments": {}}, OUTPUT], "input[0].arguments"),
        ([{"role": "tool", "content": "hi"}], "input[0].role"),
        ([{"role": "user", "content": None}], "input[0].content"),
        ([USER | {"content": [{"type": "text", "text": "hi"}]}], "input[0].content[0].type"),
        ([{"type": "thought"}], "input[0].type"),
        ([USER | {"id": "msg_1"}, USER | {"id": "msg_1"}], "input[1].id"),
        ([shown("/tmp/a.png")], "input[0].content[1].image_url"),
        ([shown("http://x.com/a.png")], "input[0].content[1].image_url"),
        ([shown("data:image/png;base64,")], "input[0].content[1].image_url"),
        ([shown({"url": PIXEL})], "input[0].content[1].image_url"),
    ],
)
def test_the_responses_api_refuses_what_does_not(items: Any, param: str):
    with pytest.raises(Malformed) as refusal:
        check_responses({"model": "m", "input": items})
    assert refusal.value.param == param


@pytest.mark.parametrize(
    "messages",
    [[USER], [USER, ASKED, TOLD, USER], [pictured({"url": PIXEL})]],
)
def test_the_chat_api_takes_what_fits_together(messages: Any):
    check_chat({"model": "m", "messages": messages})


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        (None, "messages"),
        ([], "messages"),
        ([TOLD], "messages[0]"),
        ([USER, ASKED], "messages[1]"),
        ([USER, ASKED, USER, TOLD], "messages[1]"),
        ([USER, ASKED, TOLD, TOLD], "messages[3]"),
        ([{"role": "robot", "content": "hi"}], "messages[0].role"),
        ([{"role": "assistant", "content": None}], "messages[0].content"),
        ([{"role": "assistant", "content": "a", "tool_calls": []}], "messages[0].tool_calls"),
        ([pictured(PIXEL)], "messages[0].content[0].image_url"),
        ([pictured({"url": "a.png"})], "messages[0].content[0].image_url"),
    ],
)
def test_the_chat_api_refuses_what_does_not(messages: Any, param: str):
    with pytest.raises(Malformed) as refusal:
        check_chat({"model": "m", "messages": messages})
    assert refusal.value.param == param


@pytest.mark.parametrize(
    "schema", [{"type": "array"}, STRICT | {"required": []}, SCHEMA | {"required": ["city"]}]
)
def test_both_refuse_a_tool_whose_schema_is_wrong(schema: dict[str, Any]):
    function = {"name": "weather", "parameters": schema, "strict": True}
    with pytest.raises(Malformed, match="schema"):
        check_responses({"model": "m", "input": "hi", "tools": [{"type": "function", **function}]})
    tool = {"type": "function", "function": function}
    with pytest.raises(Malformed, match="schema"):
        check_chat({"model": "m", "messages": [USER], "tools": [tool]})


@pytest.mark.parametrize("check", [check_responses, check_chat])
@pytest.mark.parametrize(
    ("body", "param"), [(None, ""), ({}, "model"), ({"model": "m", "stream": True}, "stream")]
)
def test_both_refuse_a_body_that_is_none_or_asks_for_a_stream(check: Any, body: Any, param: str):
    with pytest.raises(Malformed) as refusal:
        check(body)
    assert refusal.value.param == param
