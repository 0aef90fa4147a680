"""A model that does something else each time, as the seed says, and never says a thing twice."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable

from pydantic_ai import FunctionToolset, RunContext
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from agent.build import END
from tests.history.history import Log, Prompt
from tests.simulation.ports import Ports
from tools.hands import Hands

THINKS = (0.2, 4.0)
"""Between which seconds one request takes; one in twenty takes ten times as long."""


class Mind:
    """What answers on a simulated line; each replica asks it through its own ports."""

    def __init__(self, rng: random.Random, log: Log, now: Callable[[], float]) -> None:
        self._rng = rng
        self._log = log
        self._now = now
        self._number = itertools.count(1)

    def model(self, ports: Ports) -> FunctionModel:
        async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            await ports.passage()
            self._log.prompts.append(Prompt(self._now(), "\n".join(_told(messages))))
            await asyncio.sleep(self._rng.uniform(*THINKS) * self._rng.choice([1] * 19 + [10]))
            parts = self._respond(messages, {tool.name for tool in info.function_tools})
            await ports.passage()
            return ModelResponse(parts=parts)

        return FunctionModel(answer, model_name="mind")

    def _respond(self, messages: list[ModelMessage], tools: set[str]) -> list[ModelResponsePart]:
        after_tools = any(isinstance(part, ToolReturnPart) for part in messages[-1].parts)
        ways = [self._words] * 4 + [self._say_and_end, self._end] if after_tools else [
            self._words, self._words, self._words, self._words, self._send, self._send_twice,
            self._say_and_end, self._act, self._act, self._remember, self._tap, self._end,
            self._nothing, self._fail,
        ]  # fmt: skip
        parts = self._rng.choice(ways)()
        known = [
            p for p in parts if not isinstance(p, ToolCallPart) or p.tool_name in tools | {END}
        ]
        return known or self._words()

    def _words(self) -> list[ModelResponsePart]:
        return [TextPart(f"words {next(self._number)}")]

    def _send(self) -> list[ModelResponsePart]:
        return [self._call("send", text=f"extra {next(self._number)}")]

    def _send_twice(self) -> list[ModelResponsePart]:
        return [*self._send(), *self._send()]

    def _say_and_end(self) -> list[ModelResponsePart]:
        return [*self._send(), self._call(END, reason="all said")]

    def _act(self) -> list[ModelResponsePart]:
        return [self._call("book", what=f"table {next(self._number)}")]

    def _remember(self) -> list[ModelResponsePart]:
        return [self._call("remember", fact=f"fact {next(self._number)}")]

    def _tap(self) -> list[ModelResponsePart]:
        return [self._call("react", tapback="like")]

    def _end(self) -> list[ModelResponsePart]:
        return [self._call(END, reason="nothing to say")]

    def _nothing(self) -> list[ModelResponsePart]:
        return [TextPart("")]

    def _fail(self) -> list[ModelResponsePart]:
        raise ModelHTTPError(status_code=503, model_name="mind")

    def _call(self, tool: str, **arguments: str) -> ToolCallPart:
        return ToolCallPart(tool, arguments, f"call_{next(self._number)}")


def booking(log: Log, ports: Ports) -> FunctionToolset[Hands]:
    """A tool that acts on the world beyond the phone and must not be run twice for one call."""
    tools = FunctionToolset[Hands](id="booking", sequential=True)

    @tools.tool
    async def book(ctx: RunContext[Hands], what: str) -> str:
        """Book something."""
        await ports.passage()
        log.ran.append((ctx.deps.turn_id, str(ctx.tool_call_id)))
        await asyncio.sleep(0.3)
        await ports.passage()
        return f"Booked {what}."

    return tools


def _told(messages: list[ModelMessage]) -> list[str]:
    """What people wrote and tools answered, a piece each; the line before each text is ours."""
    pieces: list[str] = []
    for message in messages:
        for part in message.parts if isinstance(message, ModelRequest) else []:
            if isinstance(part, UserPromptPart):
                content = part.content if isinstance(part.content, str) else part.content[0]
                pieces.append(str(content))
            elif isinstance(part, ToolReturnPart):
                pieces.append(str(part.content))
    return pieces
