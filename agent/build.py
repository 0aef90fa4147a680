"""The agent: pydantic-ai's loop with our instructions, tools and sense of when a turn ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pydantic_ai
from pydantic_ai import (
    Agent,
    FunctionToolset,
    ModelRetry,
    RunContext,
    TextOutput,
    ToolDefinition,
    ToolOutput,
)
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelResponse, ModelResponsePart, TextPart, ToolCallPart
from pydantic_ai.toolsets import AbstractToolset

from agent.approving import Approvals, waiting_tools
from agent.journal import Journal
from agent.purse import Purse
from agent.restraint import Restraint
from agent.trusting import Answers
from agent.verifying import Verifying
from memory.tables import Bubble, BubbleState
from phone.jsontext import storable, storable_json
from tools.custom import custom
from tools.eyes import eyes, has_something_to_see
from tools.hands import Hands, superseded, told
from tools.links import Unsayable
from tools.messaging import fits, messaging, without_effects
from tools.notebook import notebook
from tools.opting_out import consent

END = "end_turn"
"""The tool that ends a turn without another word."""

HOPELESS = (
    "CONVERSATION_", "OUTBOUND_LIMIT", "NEW_CONVERSATION_LIMIT", "opted_out", "expired",
    "undelivered",
)  # fmt: skip
"""Beginnings of codes that other words would not change."""


async def end_turn(ctx: RunContext[Hands], reason: str) -> str:
    """End your turn without another word. This is how to stay silent, or to stop after a tapback.

    Args:
        reason: Why no more words are due, in a few words, for the operator.
    """
    hands = ctx.deps
    _bring_back_what_failed(ctx)
    words = _words_of(ctx)
    if words and not hands.repeats(words):
        await _say(hands, words, _response(ctx))
    return reason


async def last_words(ctx: RunContext[Hands], text: str) -> str:
    """Text the words that end the turn; an empty one gets a nudge when nothing was done yet."""
    hands = ctx.deps
    if text.strip():
        if not hands.repeats(text):
            await _say(hands, text, _response(ctx))
    elif not hands.did_something and not hands.nudged:
        hands.nudged = True
        raise ModelRetry(hands.nudge)
    return ""


async def _say(hands: Hands, text: str, response: ModelResponse) -> None:
    """Send the last words. A refusal goes back to the model once, to be said another way.

    So do words that did not leave because they wrote again: the model reads that first.
    """
    if response.finish_reason == "length" and not hands.cut_short:
        hands.cut_short = True
        raise ModelRetry("Your answer broke off: it was too long. Say it in far fewer words.")
    with hands.floor.watch.standing():
        await hands.floor.take()
    hands.floor.closing = True
    try:
        bubbles = await hands.say(text)
    except Unsayable as error:
        hands.floor.closing = False
        raise ModelRetry(f"Your words were not sent. {error}") from error
    if unsaid := superseded(bubbles):
        hands.floor.closing = False
        raise ModelRetry(f"They wrote again before you had said it all.\n{told(unsaid)}")
    if not hands.warned and any(_can_be_reworded(bubble) for bubble in bubbles):
        hands.warned = True
        raise ModelRetry(
            f"Your words did not arrive.\n{told(bubbles)}\nSay it another way, or end the turn."
        )


def _bring_back_what_failed(ctx: RunContext[Hands]) -> None:
    """A send that failed beside `end_turn` would go unnoticed: let the model see it first."""
    hands = ctx.deps
    calls = {part.tool_call_id for part in _response(ctx).parts if isinstance(part, ToolCallPart)}
    beside = [bubble for bubble in hands.bubbles if bubble.call_id in calls]
    if unsaid := superseded(beside):
        raise ModelRetry(f"They wrote again before you had said it all.\n{told(unsaid)}")
    failed = [bubble for bubble in beside if _can_be_reworded(bubble)]
    if failed and not hands.warned:
        hands.warned = True
        raise ModelRetry(f"You ended the turn, but:\n{told(failed)}")


def _can_be_reworded(bubble: Bubble) -> bool:
    hopeless = (bubble.code or "").startswith(HOPELESS)
    return bubble.state == BubbleState.REJECTED and not hopeless


def _words_of(ctx: RunContext[Hands]) -> str:
    parts = [part.content for part in _response(ctx).parts if isinstance(part, TextPart)]
    return "\n\n".join(part for part in parts if part.strip())


def _response(ctx: RunContext[Hands]) -> ModelResponse:
    return next(m for m in reversed(ctx.messages) if isinstance(m, ModelResponse))


@dataclass
class Endings(AbstractCapability[Hands]):
    """When a response ends the turn: the ending is done last, and an empty response is one too."""

    async def after_model_request(
        self, ctx: RunContext[Hands], *, request_context: Any, response: ModelResponse
    ) -> ModelResponse:
        """Put `end_turn` behind the other calls of its response, so that it knows how they went.

        An empty response becomes a blank text, which means the same and reaches `last_words`; one
        that was cut off or filtered away stays empty, for that is a failure and no answer.
        """
        ending = [part for part in response.parts if _ends(part)]
        rest = [part for part in response.parts if not _ends(part)]
        parts = [*rest, *ending[:1]]
        is_failure = response.finish_reason in ("length", "content_filter")
        if not is_failure and not any(_says_something(part) for part in parts):
            parts.append(TextPart(" "))
        return replace(response, parts=parts)


def _storable(part: ModelResponsePart) -> ModelResponsePart:
    match part:
        case TextPart(content=words):
            return replace(part, content=storable(words))
        case ToolCallPart(args=str() as arguments):
            return replace(part, args=storable_json(arguments))
        case ToolCallPart(args=dict() as arguments):
            return replace(part, args=storable(arguments))
    return part


def _says_something(part: object) -> bool:
    """Whether the library notices it: a text of no characters is an empty response to it."""
    return isinstance(part, ToolCallPart) or (isinstance(part, TextPart) and part.content != "")


def _ends(part: object) -> bool:
    return isinstance(part, ToolCallPart) and part.tool_name == END


@dataclass
class Storing(AbstractCapability[Hands]):
    """Keeps out of what the model says what no database takes; models have written even that."""

    async def wrap_model_request(
        self, ctx: RunContext[Hands], *, request_context: Any, handler: Callable[[Any], Any]
    ) -> ModelResponse:
        """Replace NUL and halves of emoji before anybody reads the response."""
        response: ModelResponse = await handler(request_context)
        return replace(response, parts=[_storable(part) for part in response.parts])


@dataclass
class Hearing(AbstractCapability[Hands]):
    """What they write while the turn goes on reaches the model with its next request."""

    async def before_model_request(self, ctx: RunContext[Hands], request_context: Any) -> Any:
        """Take in what has come since, before the model is asked once more."""
        for part in await ctx.deps.hear():
            ctx.enqueue(part)
        return request_context


async def instructions(ctx: RunContext[Hands]) -> str:
    """What the model is instructed in this turn, as the prompt files stand now.

    Asynchronous for nothing it does: a plain function would be run in a thread at every request.
    """
    return ctx.deps.instructions


def _available(ctx: RunContext[Hands], tool: ToolDefinition) -> bool:
    return fits(ctx, tool)


def build_agent(journal: Journal, *more: AbstractToolset[Hands]) -> Agent[Hands, str]:
    """The agent, once per process; a turn brings its model, its hands and its messages.

    Args:
        more: Tools beyond those of `tools/`: a simulation has some of its own.
    """
    approvals = Approvals(journal.store, journal.clock)
    proofs = Verifying(journal.store, journal.clock)
    purse = Purse(journal.store, journal.clock)
    pydantic_ai.BANNER_ENABLED = False  # it would be drawn into a chat, or into a progress bar
    return Agent(
        None,
        name="threedots",
        deps_type=Hands,
        instructions=instructions,
        toolsets=[
            messaging.filtered(_available).prepared(without_effects),
            notebook,
            consent.filtered(_available),
            eyes.filtered(has_something_to_see),
            *(toolset.prepared(waiting_tools) for toolset in (custom, *more)),
        ],
        output_type=[ToolOutput(end_turn, name=END), TextOutput(last_words)],
        # The nudge, the refusal and the interruptions are ours to count; this only allows them.
        retries={"tools": 2, "output": 8},
        # The last of these sees a response first.
        capabilities=[
            *(Endings(), Hearing(), Restraint(), purse, journal),
            *(proofs, approvals, Answers(), Storing()),
        ],
    )


def idempotent_tools(agent: Agent[Hands, str]) -> frozenset[str]:
    """Names of the tools that may be run again when a stop cut them off: twice is as good as once.

    Those that say so, and those that only read.
    """
    return tools_marked(agent, "idempotent", "read_only")


def tools_marked(agent: Agent[Hands, str], *marks: str) -> frozenset[str]:
    """Names of the tools whose metadata has one of these marks."""
    names: set[str] = set()

    def look(toolset: AbstractToolset[Hands]) -> None:
        if isinstance(toolset, FunctionToolset):
            known = {name: tool.metadata or {} for name, tool in toolset.tools.items()}
            names.update(name for name, has in known.items() if any(has.get(m) for m in marks))

    for toolset in agent.toolsets:
        toolset.apply(look)
    return frozenset(names)
