"""What one turn may do at most; beyond it, it is brought to its end and not cut off in silence."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic_ai import RunContext, ToolDefinition, ToolFailed, UsageLimits
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import UsageLimitExceeded
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

from memory.notes import usage_of
from tools.hands import Hands

REQUESTS = 10
"""Requests to the model in one turn."""

TO_END_WITH = 2
"""Requests a turn gets, without tools, once its tokens are used up: for words, and to mend them."""

ALIKE = 3
"""Calls of one tool with the same arguments in one turn."""


ALWAYS = ("record_opt_out", "call_a_person")
"""Tools that work whoever has the conversation: nobody's opt-out or cry for help is lost."""


def as_called(tool: str, arguments: dict[str, Any]) -> tuple[str, str]:
    """A call as it is compared with others."""
    return tool, json.dumps(arguments, sort_keys=True, default=str)


@dataclass
class Restraint(AbstractCapability[Hands]):
    """Refuses calls once there were enough, and then offers the model nothing but words."""

    async def prepare_tools(
        self, ctx: RunContext[Hands], tool_defs: list[ToolDefinition]
    ) -> list[ToolDefinition]:
        """No tools in the last request, nor when no call would be made or paid any more."""
        is_enough = ctx.run_step >= REQUESTS or _had_its_calls(ctx.deps) or _is_nearly_spent(ctx)
        return [] if is_enough else tool_defs

    async def before_model_request(self, ctx: RunContext[Hands], request_context: Any) -> Any:
        """Stop a turn that has had all its tokens and has not ended with the words it still got."""
        most, answered = ctx.deps.allowance.answer_tokens, 0
        requests = [request for request in ctx.deps.notes.requests if request.model is not None]
        for place, request in enumerate(requests, start=1):
            answered += request.output_tokens
            if most is not None and answered >= most and len(requests) >= place + TO_END_WITH:
                raise UsageLimitExceeded(f"{answered} of {most} tokens of answers in one turn")
        return request_context

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
        if _had_its_calls(ctx.deps):
            most = ctx.deps.allowance.tool_calls
            raise ToolFailed(f"Not done: {most} calls in one turn are enough. End your turn now.")
        if calls.count(this) >= ALIKE:
            raise ToolFailed(
                f"Not done: you have called {call.tool_name} {ALIKE} times with just these"
                " arguments. Work with what it answered, or end your turn."
            )
        silent = await ctx.deps.outbox.silence(ctx.deps.claim)
        if silent is not None and call.tool_name not in ALWAYS:
            raise ToolFailed(f"Not done: {silent.reason} End your turn now.")
        calls.append(this)
        return await handler(args)


def _had_its_calls(hands: Hands) -> bool:
    most = hands.allowance.tool_calls
    return most is not None and len(hands.calls) >= most


def _is_nearly_spent(ctx: RunContext[Hands]) -> bool:
    """Whether the model has had so much that it should end; what was thrown away counts too."""
    so_far = usage_of(ctx.deps.notes.requests, tool_calls=0)
    return ctx.deps.allowance.is_nearly_spent(
        answered=so_far.output_tokens,
        tokens=so_far.input_tokens + so_far.output_tokens,
        cost=so_far.cost_usd,
    )


def limits_of(hands: Hands, *, is_priced: bool) -> UsageLimits:
    """Where the run is stopped that would not end by itself: what is left of the turn's limits.

    Args:
        is_priced: Whether the model's price is known; otherwise no cost can be limited.
    """
    allowance, so_far = hands.allowance, usage_of(hands.notes.requests, tool_calls=0)
    left = None
    if is_priced and allowance.cost_usd is not None:
        left = max(allowance.cost_usd - (so_far.cost_usd or 0), Decimal(0))
    return UsageLimits(request_limit=REQUESTS, cost_limit=left)


def is_priced(model: Model) -> bool:
    """Whether every model that may answer has a price that is known."""
    if isinstance(model, FallbackModel):
        return all(is_priced(each) for each in model.models)
    if isinstance(model, WrapperModel):
        return is_priced(model.wrapped)
    return _has_price(model.model_name, model.system)


@functools.lru_cache(maxsize=16)
def _has_price(name: str, provider: str) -> bool:
    usage = RequestUsage(input_tokens=1)
    answer = ModelResponse(parts=[], usage=usage, model_name=name, provider_name=provider)
    try:
        answer.cost()
    except (LookupError, AssertionError, ValueError):
        return False
    return True
