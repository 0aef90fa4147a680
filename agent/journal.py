"""Every tool call has a row, written before the tool runs: a crash leaves a question, no repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic_ai import RunContext, ToolDefinition
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import ToolFailedError, ToolRetryError
from pydantic_ai.messages import ToolCallPart
from sqlmodel import Session

from memory.store import Store
from memory.tables import ToolCall, ToolState
from phone.clock import Clock, utc
from tools.hands import Hands


@dataclass
class Journal(AbstractCapability[Hands]):
    """Writes each tool call before it runs and its result after."""

    store: Store
    clock: Clock

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
        finish = partial(_finish, row_id=row_id)
        try:
            result = await handler(args)
        except (ToolFailedError, ToolRetryError) as refusal:
            await self._write(finish, ToolState.FAILED, str(refusal))
            raise
        except BaseException:
            await self._write(finish, ToolState.UNKNOWN, None)
            raise
        await self._write(finish, ToolState.DONE, result)
        return result

    async def _write(self, finish: Callable[..., None], state: ToolState, result: Any) -> None:
        await self.store.write(partial(finish, state=state, result=result, now=self.clock.now()))


def _intend(
    session: Session, *, turn_id: str, call: ToolCallPart, args: dict[str, Any], now: float
) -> int | None:
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
    session: Session, *, row_id: int | None, state: ToolState, result: Any, now: float
) -> None:
    row = session.get_one(ToolCall, row_id)
    row.state, row.result, row.finished_at = state, result, utc(now)
    session.add(row)
