"""The agent of these tests: it rings a bell, notes who asked, and says how the ringing went.

What it does outside the database, it leaves in files, so that one can see who did it how often.
"""

from __future__ import annotations

import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

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
RUNG, ASKED = Path("rung.log"), Path("asked.log")
"""Each ring of the bell and each question to the model: a line with the process and the person."""


@dataclass(frozen=True)
class Note:
    """One line of such a file."""

    pid: int
    name: str


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
    _note(RUNG, for_whom)
    return RANG


def model() -> FunctionModel:
    """A model without a memory of its own: a process that takes over goes on from what it reads."""
    return FunctionModel(_play, model_name="bell")


def _play(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    parts = [part for message in messages for part in message.parts]
    name = _who(messages)
    _note(ASKED, name)
    told = {part.tool_name: part.content for part in parts if isinstance(part, ToolReturnPart)}
    calls = [
        ToolCallPart("ring_the_bell", {"for_whom": name}),
        ToolCallPart("remember", {"fact": fact_about(name)}),
    ]
    open_calls = [call for call in calls if told.get(call.tool_name, STOPPED) == STOPPED]
    # No two answers have the same words: one that was thought twice would show.
    words = TextPart(f"{told.get('ring_the_bell')} ({uuid.uuid4().hex[:8]})")
    return ModelResponse(parts=open_calls or [words])


def _who(messages: list[ModelMessage]) -> str:
    texts = [
        str(part.content)
        for message in messages
        if isinstance(message, ModelRequest)
        for part in message.parts
        if isinstance(part, UserPromptPart)
    ]
    return re.findall(r"I am (\w+)\.", " ".join(texts))[-1]


def _note(file: Path, name: str) -> None:
    with file.open("a") as notes:
        notes.write(f"{os.getpid()} {name}\n")


def notes(file: Path) -> list[Note]:
    """What such a file says."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [Note(int(pid), name) for pid, name in map(str.split, lines)]
