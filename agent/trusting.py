"""What tools bring back: data too, with an end, and trusted only where the owner says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic_ai import RunContext, ToolDefinition
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ToolCallPart

from safety.untrusted import shown
from tools.hands import Hands

ANSWER_LENGTH = 20_000
"""Characters of one tool's answer that the model is shown."""


@dataclass
class Answers(AbstractCapability[Hands]):
    """Looks at what a tool answers before the model does."""

    async def wrap_tool_execute(
        self,
        ctx: RunContext[Hands],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        handler: Callable[[dict[str, Any]], Any],
    ) -> Any:
        """Make visible what hides in the answer, and learn the links of a trusted one."""
        answer = await handler(args)
        if (tool_def.metadata or {}).get("trusted_links"):
            ctx.deps.links.learn(str(answer))
        return shown(answer, at_most=ANSWER_LENGTH) if isinstance(answer, str) else answer
