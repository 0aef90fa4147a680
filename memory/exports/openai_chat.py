"""Chat as OpenAI's API takes it: a line per turn, its tools, and its talk from the beginning.

    {"messages": [{"role": "system", …}, …, {"role": "assistant", …}], "tools": […]}

The messages are what the model was shown: the instructions as sent, earlier talk, our context, what
was written to it, what it called and was answered. They end on its last words. A turn no model
answered in has no line.
"""

from __future__ import annotations

import json
from typing import Any

from memory.exports.formats import Arguments
from memory.exports.talk import Call, Said, Told, ends_on_the_model, thoughts
from memory.transcript import TurnRecord


def conversation(told: Told, *, arguments: Arguments = Arguments.TEXT) -> dict[str, Any] | None:
    """The line of a turn as JSON values; None when no model answered in it.

    Args:
        arguments: `text` is JSON in a string, as OpenAI has it. `objects` is what the chat
            templates of Hugging Face take.
    """
    own = ends_on_the_model(thoughts(told.record))
    if not any(message.response is not None for message in own):
        return None
    system = {"role": "system", "content": told.record.instructions or ""}
    said = [it for it in [*told.before, *own] if it.role != "assistant" or it.text or it.calls]
    talk = [_message(message, arguments) for message in said]
    tools = tools_of(told.record)
    return {"messages": [system, *talk], **({"tools": tools} if tools else {})}


def tools_of(record: TurnRecord) -> list[dict[str, Any]]:
    """The tools the model was offered, as OpenAI describes functions."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description or "",
                "parameters": tool.parameters,
            },
        }
        for tool in record.tools
    ]


def _message(said: Said, arguments: Arguments) -> dict[str, Any]:
    match said.role:
        case "user":
            return {"role": "user", "content": said.text}
        case "tool":
            return {"role": "tool", "tool_call_id": said.call_id, "content": said.text}
        case "assistant":
            calls = [_call(call, arguments) for call in said.calls]
            # Calls without words have empty words: without any, Inspect's converter puts what was
            # said after the calls before them, and some chat templates print None.
            message = {"role": "assistant", "content": said.text or ""}
            return message | ({"tool_calls": calls} if calls else {})


def _call(call: Call, arguments: Arguments) -> dict[str, Any]:
    written: Any = call.arguments
    if arguments is Arguments.TEXT:
        written = json.dumps(call.arguments, ensure_ascii=False)
    return {
        "id": call.call_id,
        "type": "function",
        "function": {"name": call.name, "arguments": written},
    }
