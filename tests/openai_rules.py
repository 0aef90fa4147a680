"""What OpenAI refuses with 400: requests whose parts do not fit together, on both of its APIs.

Only what its reference says plainly. Stricter in one thing: no request here may ask for a stream.
"""

import json
import re
from typing import Any

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
ROLES = {"system", "developer", "user", "assistant"}


class Malformed(Exception):
    """The request is refused. `param` is where in the body, the text is what OpenAI would say."""

    def __init__(self, param: str, text: str):
        super().__init__(text)
        self.param = param


def check_responses(body: Any) -> None:
    """Raise Malformed unless POST /v1/responses would take this body."""
    _check_common(body)
    for index, tool in enumerate(body.get("tools") or []):
        _check_function(f"tools[{index}]", tool)
    items = body.get("input")
    if isinstance(items, str) and items:
        return
    _need(isinstance(items, list) and bool(items), "input", "'input' is a text or a list of items.")
    open_calls: dict[str, str] = {}
    seen: set[str] = set()
    for index, item in enumerate(items):
        _check_item(f"input[{index}]", item, open_calls)
        item_id = item.get("id")
        _need(item_id not in seen, f"input[{index}].id", f"Duplicate item found with id {item_id}.")
        seen |= {item_id} if item_id else set()
    for call_id, param in open_calls.items():
        raise Malformed(param, f"No tool output found for function call {call_id}.")


def check_chat(body: Any) -> None:
    """Raise Malformed unless POST /v1/chat/completions would take this body."""
    _check_common(body)
    for index, tool in enumerate(body.get("tools") or []):
        fits = isinstance(tool, dict) and tool.get("type") == "function"
        _need(fits, f"tools[{index}].type", "A tool's type is 'function'.")
        _check_function(f"tools[{index}].function", tool.get("function"), typed=False)
    messages = body.get("messages")
    _need(isinstance(messages, list) and bool(messages), "messages", "'messages' is a list.")
    waiting: dict[str, str] = {}
    for index, message in enumerate(messages):
        param = f"messages[{index}]"
        _need(isinstance(message, dict), param, "A message is an object.")
        if message.get("role") == "tool":
            call_id = message.get("tool_call_id")
            answers = waiting.pop(call_id, None) if isinstance(call_id, str) else None
            _need(answers is not None, param, "'tool' must answer a preceding 'tool_calls'.")
            _check_content(f"{param}.content", message.get("content"), {"text"})
            continue
        _none_waiting(waiting)
        _check_message(param, message, waiting)
    _none_waiting(waiting)


def _check_common(body: Any) -> None:
    _need(isinstance(body, dict), "", "The body is a JSON object.")
    model = body.get("model")
    _need(isinstance(model, str) and bool(model), "model", "'model' is required.")
    _need(not body.get("stream"), "stream", "This server does not stream.")


def _check_function(param: str, tool: Any, *, typed: bool = True) -> None:
    _need(isinstance(tool, dict), param, "A tool is an object.")
    if typed:
        _need(tool.get("type") == "function", f"{param}.type", "A tool's type is 'function'.")
    _check_name(f"{param}.name", tool.get("name"))
    schema = tool.get("parameters", {"type": "object"})
    fits = isinstance(schema, dict) and schema.get("type") == "object"
    _need(fits, f"{param}.parameters", "Parameters are a JSON schema of type 'object'.")
    if tool.get("strict"):
        closed = schema.get("additionalProperties") is False
        every = set(schema.get("required", [])) == set(schema.get("properties", {}))
        _need(closed and every, f"{param}.parameters", "A strict schema is closed, all required.")


def _check_item(param: str, item: Any, open_calls: dict[str, str]) -> None:
    _need(isinstance(item, dict), param, "An input item is an object.")
    match item.get("type", "message"):
        case "message":
            _need(item.get("role") in ROLES, f"{param}.role", f"Unknown role {item.get('role')!r}.")
            kinds = {"input_text", "input_image", "input_file"}
            if item["role"] == "assistant":
                kinds = {"output_text", "refusal"}
            _check_content(f"{param}.content", item.get("content"), kinds)
        case "function_call":
            call_id = item.get("call_id")
            fits = isinstance(call_id, str) and bool(call_id) and call_id not in open_calls
            _need(fits, f"{param}.call_id", "A call has a 'call_id' of its own.")
            _check_call(param, item)
            open_calls[call_id] = param
        case "function_call_output":
            answers = open_calls.pop(item.get("call_id"), None)
            missing = (
                f"No tool call found for function call output with call_id {item.get('call_id')}."
            )
            _need(answers is not None, param, missing)
            kinds = {"input_text", "input_image", "input_file"}
            _check_content(f"{param}.output", item.get("output"), kinds)
        case "reasoning":
            _need(isinstance(item.get("summary"), list), param, "Reasoning has a 'summary'.")
        case other:
            raise Malformed(f"{param}.type", f"Unknown item type {other!r}.")


def _check_message(param: str, message: dict[str, Any], waiting: dict[str, str]) -> None:
    role, content = message.get("role"), message.get("content")
    _need(role in ROLES, f"{param}.role", f"Unknown role {role!r}.")
    if role != "assistant":
        kinds = {"text", "image_url", "file"} if role == "user" else {"text"}
        _check_content(f"{param}.content", content, kinds)
        return
    calls = message.get("tool_calls")
    _need(calls is None or bool(calls), f"{param}.tool_calls", "'tool_calls' is never empty.")
    if content is not None or not calls:
        _check_content(f"{param}.content", content, {"text", "refusal"})
    for call in calls or []:
        fits = isinstance(call, dict) and call.get("type") == "function" and bool(call.get("id"))
        _need(fits, f"{param}.tool_calls", "A call has an 'id' and the type 'function'.")
        _check_call(f"{param}.tool_calls", call.get("function"))
        waiting[call["id"]] = param


def _none_waiting(waiting: dict[str, str]) -> None:
    for call_id, param in waiting.items():
        raise Malformed(param, f"tool_call_id {call_id} has no 'tool' message after it.")


def _check_call(param: str, call: Any) -> None:
    _need(isinstance(call, dict), param, "A call is an object.")
    _check_name(f"{param}.name", call.get("name"))
    try:
        arguments = json.loads(call.get("arguments"))
    except (TypeError, ValueError):
        arguments = None
    _need(isinstance(arguments, dict), f"{param}.arguments", "Arguments are a JSON object as text.")


def _check_name(param: str, name: Any) -> None:
    fits = isinstance(name, str) and NAME.fullmatch(name) is not None
    _need(fits, param, f"{name!r} does not match '^[a-zA-Z0-9_-]{{1,64}}$'.")


def _check_content(param: str, content: Any, kinds: set[str]) -> None:
    if isinstance(content, str):
        return
    _need(
        isinstance(content, list) and bool(content), param, "Content is a text or a list of parts."
    )
    for index, part in enumerate(content):
        where = f"{param}[{index}]"
        kind = part.get("type") if isinstance(part, dict) else None
        _need(kind in kinds, f"{where}.type", f"{kind!r} is none of {sorted(kinds)}.")
        if kind in {"text", "input_text", "output_text"}:
            _need(isinstance(part.get("text"), str), f"{where}.text", "'text' is a text.")
        if kind in {"image_url", "input_image"}:
            url = part.get("image_url")
            if kind == "image_url":
                url = url.get("url") if isinstance(url, dict) else None
            fits = isinstance(url, str) and re.match(r"https://|data:image/[a-z+]+;base64,.", url)
            _need(bool(fits), f"{where}.image_url", "An image is a data: or https: address.")


def _need(fits: bool, param: str, text: str) -> None:
    if not fits:
        raise Malformed(param, text)
