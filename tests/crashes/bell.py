"""The agent of these tests: it rings a bell, remembers who asked, and says how the ringing went.

What it reads and does, it notes in files beside the database: a process that dies leaves them.
"""

from __future__ import annotations

import json
import os
import re
import time
import uuid
from pathlib import Path
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from agent.resuming import STOPPED
from tools.custom import custom
from tools.hands import Hands

RANG = "It rang."
RUNG, ASKED = Path("rung.jsonl"), Path("asked.jsonl")
"""Each ring of the bell, and each question to the model: by which process, and for whom."""


def request_of(name: str) -> str:
    """What somebody of this name texts."""
    return f"I am {name}. Ring the bell, please."


def fact_about(name: str) -> str:
    """What the agent remembers of them."""
    return f"Is called {name}"


def hang() -> None:
    """Give the agent the bell. A second ring would be one too many: it is not `idempotent`."""
    custom.tool(ring_the_bell)


async def ring_the_bell(ctx: RunContext[Hands], for_whom: str) -> str:
    """Ring the bell.

    Args:
        for_whom: Who asked.
    """
    _note(RUNG, for_whom, turn_id=ctx.deps.turn_id, call_id=ctx.tool_call_id)
    return RANG


def model() -> FunctionModel:
    """A model without a memory of its own: a process that takes over goes on from what it reads."""
    return FunctionModel(_play, model_name="bell")


def _play(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    read, told = _read(messages), _told(messages)
    name = re.findall(r"I am (\w+)\.", read)[-1]
    _note(ASKED, name, at=time.time(), read=read)
    calls = [
        ToolCallPart("ring_the_bell", {"for_whom": name}),
        ToolCallPart("remember", {"fact": fact_about(name)}),
    ]
    open_calls = [call for call in calls if told.get(call.tool_name, STOPPED) == STOPPED]
    # No two answers have the same words: one that was thought twice would show.
    words = TextPart(f"{told.get('ring_the_bell')} ({uuid.uuid4().hex[:8]})")
    return ModelResponse(parts=open_calls or [words])


def _read(messages: list[ModelMessage]) -> str:
    """What people wrote, and what we wrote around it."""
    contents = [
        [part.content] if isinstance(part.content, str) else part.content
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]
    return "\n".join(str(content) for pieces in contents for content in pieces)


def _told(messages: list[ModelMessage]) -> dict[str, Any]:
    """What each tool answered."""
    parts = [part for message in messages for part in message.parts]
    return {part.tool_name: part.content for part in parts if isinstance(part, ToolReturnPart)}


def _note(file: Path, name: str, **more: Any) -> None:
    with file.open("a") as notes:
        notes.write(json.dumps({"pid": os.getpid(), "name": name, **more}) + "\n")


def notes(file: Path) -> list[dict[str, Any]]:
    """What such a file says."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
