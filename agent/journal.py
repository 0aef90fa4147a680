"""What the model says and does is written as it happens: a crash leaves a question, no repeat.

Each response is saved when it comes, each tool call before it runs and with its result after.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic_ai import RunContext, ToolDefinition, ToolReturn
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import ToolFailedError, ToolRetryError
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models import ModelRequestContext
from sqlmodel import Session

from agent.asking import ask
from agent.history import kept_since
from memory.notes import Notes
from memory.state import ConversationState
from memory.store import Store
from memory.tables import ToolCall, ToolState, Turn, TurnState
from memory.turns import LeaseLost
from phone.clock import Clock, utc
from tools.hands import Hands
from tools.meters import Meters


@dataclass
class Journal(AbstractCapability[Hands]):
    """Writes down a turn as it goes on."""

    store: Store
    clock: Clock
    meters: Meters = field(default_factory=Meters)

    async def wrap_model_request(
        self,
        ctx: RunContext[Hands],
        *,
        request_context: ModelRequestContext,
        handler: Callable[[ModelRequestContext], Awaitable[ModelResponse]],
    ) -> ModelResponse:
        """Note what the model is asked, and what the answer costs, for the turn's record."""
        return await ask(ctx.deps.notes, request_context, handler, clock=self.clock)

    async def after_model_request(
        self, ctx: RunContext[Hands], *, request_context: Any, response: ModelResponse
    ) -> ModelResponse:
        """Save what the model has said so far in this turn."""
        hands = ctx.deps
        said = kept_since([*ctx.messages, response], hands.given)
        notes = hands.notes.as_json()
        await self.store.write(partial(_keep, turn_id=hands.turn_id, messages=said, notes=notes))
        return response

    async def wrap_tool_execute(
        self,
        ctx: RunContext[Hands],
        *,
        call: ToolCallPart,
        tool_def: ToolDefinition,
        args: dict[str, Any],
        handler: Callable[[dict[str, Any]], Any],
    ) -> Any:
        """Write the intent, run the tool, write what came of it."""
        marks = tool_def.metadata or {}
        if not (marks.get("read_only") or marks.get("visible")):
            ctx.deps.floor.acted = True
        row_id = await self.store.write(
            partial(_intend, turn_id=ctx.deps.turn_id, call=call, args=args, now=self.clock.now())
        )
        finish = partial(_finish, row_id=row_id, memory=ctx.deps.memory)
        count = partial(self.meters.tool, call.tool_name)
        try:
            result = await handler(args)
        except (ToolFailedError, ToolRetryError) as refusal:
            await self._write(finish, ctx.deps.notes, ToolState.FAILED, str(refusal))
            count(ToolState.FAILED)
            raise
        except BaseException:
            await self._write(finish, ctx.deps.notes, ToolState.UNKNOWN, None)
            count(ToolState.UNKNOWN)
            raise
        kept = result.return_value if isinstance(result, ToolReturn) else result
        await self._write(finish, ctx.deps.notes, ToolState.DONE, kept)
        count(ToolState.DONE)
        return result

    async def _write(
        self, finish: Callable[..., None], notes: Notes, state: ToolState, result: Any
    ) -> None:
        done = partial(finish, notes=notes.as_json(), state=state, result=result)
        await self.store.write(partial(done, now=self.clock.now()))


def _keep(session: Session, *, turn_id: str, messages: list[Any], notes: dict[str, Any]) -> None:
    turn = _under_way(session, turn_id)
    turn.messages, turn.notes = messages, notes
    session.add(turn)


def _under_way(session: Session, turn_id: str) -> Turn:
    """The turn. Raises LeaseLost when it was ended meanwhile, as when its person was erased."""
    turn = session.get(Turn, turn_id)
    if turn is None or turn.state != TurnState.RUNNING:
        raise LeaseLost(f"turn {turn_id} is not under way any more")
    return turn


def _intend(
    session: Session, *, turn_id: str, call: ToolCallPart, args: dict[str, Any], now: float
) -> int | None:
    _under_way(session, turn_id)
    row = ToolCall(
        turn_id=turn_id,
        call_id=call.tool_call_id,
        name=call.tool_name,
        arguments=args,
        started_at=utc(now),
    )
    session.add(row)
    session.flush()
    return row.id


def _finish(
    session: Session,
    *,
    row_id: int | None,
    memory: ConversationState,
    notes: dict[str, Any],
    state: ToolState,
    result: Any,
    now: float,
) -> None:
    """What came of a call, and the memory as it left it: all or nothing survives a crash."""
    row = session.get(ToolCall, row_id)
    if row is None:
        raise LeaseLost(f"tool call {row_id} was deleted with its turn")
    turn = _under_way(session, row.turn_id)
    row.state, row.result, row.finished_at = state, result, utc(now)
    turn.memory_after = memory.model_dump(mode="json")
    turn.notes = notes
    session.add_all([row, turn])
