"""What one turn may do at most; beyond it, it is brought to its end and not cut off in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_ai import RunContext, ToolDefinition, ToolFailed
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ToolCallPart

from tools.hands import Hands

REQUESTS = 10
"""Requests to the model in one turn."""

CALLS = 12
"""Tool calls in one turn."""

ALIKE = 3
"""Calls of one tool with the same arguments in one turn."""


def as_called(tool: str, arguments: dict[str, Any]) -> tuple[str, str]:
    """A call as it is compared with others."""
    return tool, json.dumps(arguments, sort_keys=True, default=str)


@dataclass
class Restraint(AbstractCapability[Hands]):
    """Refuses calls once there were enough, and then offers the model nothing but words."""

    async def prepare_tools(
        self, ctx: RunContext[Hands], tool_defs: list[ToolDefinition]
    ) -> list[ToolDefinition]:
        """No tools in the last request, nor when no call would be made any more."""
        is_enough = ctx.run_step >= REQUESTS or len(ctx.deps.calls) >= CALLS
        return [] if is_enough else tool_defs

    async def wrap_tool_execute(
        self,
        ctx: RunContext[Hands],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        handler: Callable[[dict[str, Any]], Any],
    ) -> Any:
        """Let the call pass unless there were enough, or enough just like it."""
        calls = ctx.deps.calls
        this = as_called(call.tool_name, args)
        if len(calls) >= CALLS:
            raise ToolFailed(f"Not done: {CALLS} calls in one turn are enough. End your turn now.")
        if calls.count(this) >= ALIKE:
            raise ToolFailed(
                f"Not done: you have called {call.tool_name} {ALIKE} times with just these"
                " arguments. Work with what it answered, or end your turn."
            )
        calls.append(this)
        return await handler(args)
