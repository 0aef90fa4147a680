"""Going on with a turn whose worker died: what was said stays said, what was done stays done.

The model is not asked again for what it has already answered. Calls it made get the result that was
written down, or the honest word that nobody knows. A tool that says of itself that it is idempotent
is run again instead, once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from pydantic_ai import DeferredToolResults, ModelRequest
from pydantic_ai.messages import (
    ModelResponse,
    RetryFeedbackPart,
    RetryInfo,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from sqlmodel import Session, col, select

from agent.build import END, idempotent_tools, tools_marked
from agent.deployment import Deployment
from agent.keeping import read_again
from agent.restraint import as_called
from agent.scene import Scene
from agent.thinking import Ending, ending_of
from memory.bubbles import of_turn
from memory.state import ConversationState
from memory.tables import Bubble, ToolCall, ToolState, Turn
from tools.hands import told
from tools.links import Unsayable
from tools.notebook import as_noted

STOPPED = "Not done: we were stopped before it. Call it again if it still matters."
UNKNOWN = "Unknown whether this happened: we were stopped in the middle. Do not repeat it."


async def take_up(deployment: Deployment, turn: Turn, scene: Scene) -> Ending | None:
    """Put the scene where the dead worker left it; the ending, when all had been thought."""
    calls = await deployment.store.read(partial(_calls_of, turn.id))
    bubbles = await deployment.store.read(partial(of_turn, turn_id=turn.id))
    _restore(scene, turn, calls, bubbles)
    trusted = tools_marked(deployment.agent, "trusted_links")
    scene.hands.links.learn(*(str(call.result) for call in calls if call.name in trusted))
    saved = read_again(turn.messages or [])
    if not saved or not isinstance(saved[-1], ModelResponse):
        return None
    asked = [part for part in saved[-1].parts if isinstance(part, ToolCallPart)]
    if any(call.tool_name != END for call in asked):
        may_run_again = idempotent_tools(deployment.agent)
        again = [call for call in asked if _runs_again(call, calls, may_run_again)]
        results = [_result(call, calls, bubbles) for call in asked if call not in again]
        told_of = [ModelRequest(parts=results)] if results else []
        scene.messages = [*scene.messages, *saved, *told_of]
        if again:
            scene.again = DeferredToolResults(approvals={call.tool_call_id: True for call in again})
        return None
    try:
        return await _say_the_rest(scene, saved[-1])
    except Unsayable as error:
        refusal = RetryFeedbackPart(
            f"Your words were not sent. {error}",
            retry=RetryInfo(cause="model_retry"),
        )
        scene.messages = [*scene.messages, *saved, ModelRequest(parts=[refusal])]
        return None


async def _say_the_rest(scene: Scene, last: ModelResponse) -> Ending:
    """The model had ended the turn: its words go out if they did not yet. Raises Unsayable."""
    hands = scene.hands
    words = "\n\n".join(part.content for part in last.parts if isinstance(part, TextPart)).strip()
    if words and not any(bubble.call_id is None for bubble in hands.bubbles):
        await hands.say(words)
    return ending_of(hands, "taken up after a stop", {})


def _restore(
    scene: Scene, turn: Turn, calls: Sequence[ToolCall], bubbles: Sequence[Bubble]
) -> None:
    hands = scene.hands
    hands.bubbles = [bubble for bubble in bubbles if bubble.kind == "reply"]
    hands.tapped = [
        call.arguments.get("message_id") or hands.latest or ""
        for call in calls
        if call.name == "react" and call.state == ToolState.DONE
    ]
    hands.calls = [as_called(call.name, call.arguments) for call in calls]
    hands.floor.acted = True
    hands.floor.ours = bool(bubbles)
    if turn.memory_after is not None:
        hands.memory = scene.memory.state = ConversationState.model_validate(turn.memory_after)
    for call in calls:
        source = hands.reference(call.arguments.get("said_in") or hands.latest_words or "")
        if call.name == "remember" and call.state == ToolState.DONE and source in hands.theirs:
            hands.noted[as_noted(str(call.arguments.get("fact")))] = source


def _calls_of(turn_id: str, session: Session) -> list[ToolCall]:
    calls = select(ToolCall).where(ToolCall.turn_id == turn_id)
    return list(session.exec(calls.order_by(col(ToolCall.id))))


def _runs_again(
    call: ToolCallPart, calls: Sequence[ToolCall], may_run_again: Collection[str]
) -> bool:
    """Whether a call that was cut off is simply made once more.

    Once only: if it was the call that brought us down, the next one goes on without it.
    """
    rows = [row for row in calls if row.call_id == call.tool_call_id]
    cut_off = [row for row in rows if row.state in (ToolState.PENDING, ToolState.UNKNOWN)]
    return call.tool_name in may_run_again and len(rows) == len(cut_off) == 1


def _result(
    call: ToolCallPart, calls: Sequence[ToolCall], bubbles: Sequence[Bubble]
) -> ToolReturnPart:
    """What the model is told of a call it made before the stop."""
    sent = [bubble for bubble in bubbles if bubble.call_id == call.tool_call_id]
    row = next((row for row in reversed(calls) if row.call_id == call.tool_call_id), None)
    if sent:
        content = told(sent)
    elif row is None:
        content = STOPPED
    elif row.state in (ToolState.DONE, ToolState.FAILED):
        content = row.result
    else:
        content = UNKNOWN
    return ToolReturnPart(call.tool_name, content, call.tool_call_id)
