"""Tools that wait for a yes: the call is put off, the question put, and the yes spent on it once.

the model calls ─▶ said yes to exactly this? ─ yes ─▶ it runs
                              │ no
                              ▼
        the person is asked, in words of ours ─▶ YES in their next text ─▶ the model calls again
        (or the operator: `threedots approvals`)

The question shows every argument as it will be used, and no model words it: what somebody says yes
to is what happens. In a group nobody can speak for all, so the operator is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pydantic_ai import RunContext, ToolDefinition, ToolFailed
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ToolCallPart

from memory import approvals
from memory.approvals import Approval, ApprovalState, Asked
from memory.bubbles import LANDED
from memory.store import Store
from memory.tables import Message
from memory.turns import Claim
from phone.clock import Clock
from safety import links
from safety.approval import LONGEST_QUESTION, digest
from safety.untrusted import data, shown
from tools.hands import Hands, told

NEEDS_APPROVAL = "needs_approval"
"""The mark, in a tool's metadata, of one that waits for a yes: pydantic-ai's `requires_approval`
becomes it, for its own way stops a run and would lose the turn."""

WAITS_FOR_THEM = (
    "Not done yet. They have been asked, in words of ours, to confirm exactly this call. When they "
    "answer YES, call {tool} again with exactly the same arguments. Do not ask them yourself, and "
    "do not say that it is done. If you have nothing else to say, end your turn."
)

WAITS_FOR_THE_OPERATOR = (
    "Not done yet: it waits for the operator's yes to exactly this call, which may take hours. Say "
    "so honestly, in a few words. You will be told what the operator said."
)


async def waiting_tools(
    ctx: RunContext[Hands], tools: Sequence[ToolDefinition]
) -> list[ToolDefinition]:
    """Tools that require approval, as ones that run and ask for it themselves."""
    return [
        replace(tool, kind="function", metadata={**(tool.metadata or {}), NEEDS_APPROVAL: True})
        if tool.kind == "unapproved"
        else tool
        for tool in tools
    ]


@dataclass
class Approvals(AbstractCapability[Hands]):
    """Stands between the model and the tools that need a yes."""

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
        """Run the tool when this very call was said yes to; otherwise ask, and say so."""
        marks = tool_def.metadata or {}
        if not marks.get(NEEDS_APPROVAL):
            return await handler(args)
        hands, known_by = ctx.deps, digest(call.tool_name, args)
        made = f"{hands.turn_id} {call.tool_call_id}"
        now = self.clock.now()
        spend = partial(approvals.spend, claim=hands.claim, digest=known_by, call=made, now=now)
        was_said = await self.store.write(spend)
        if was_said:
            return await handler(args)
        if was_said is False:
            raise ToolFailed("Not done: the answer to exactly this was NO. Leave it at that.")
        if marks.get("approval") == "operator" or hands.mailbox.is_group:
            await self._write(hands, call, args, known_by, "operator", now)
            raise ToolFailed(WAITS_FOR_THE_OPERATOR)
        asked_at = await _put(hands, question(call.tool_name, args), call)
        await self._write(hands, call, args, known_by, "person", asked_at)
        raise ToolFailed(WAITS_FOR_THEM.format(tool=call.tool_name))

    async def _write(
        self,
        hands: Hands,
        call: ToolCallPart,
        args: dict[str, Any],
        known_by: str,
        asked: Asked,
        at: float,
    ) -> Approval:
        put = partial(
            approvals.ask,
            claim=hands.claim,
            turn_id=hands.turn_id,
            call_id=call.tool_call_id,
            tool=call.tool_name,
            arguments=json.loads(json.dumps(args, default=str)),
            digest=known_by,
            asked=asked,
            asked_at=at,
        )
        return await self.store.write(put)


async def _put(hands: Hands, what: str, call: ToolCallPart) -> float:
    """Ask the person; when the question left. Raises ToolFailed when it did not arrive."""
    if strange := links.strange(what, known=hands.links.known, domains=hands.links.domains):
        raise ToolFailed(f"Not done: {strange[0]} may not be sent, not even in a question.")
    if objection := hands.content.objection(what, channel=hands.channel):
        raise ToolFailed(f"Not done: they cannot be asked by SMS. {objection}")
    bubble = await hands.ask(hands.confirm(what), call_id=call.tool_call_id)
    if bubble.state not in LANDED or bubble.dispatched_at is None:
        raise ToolFailed(f"Not done: they could not be asked.\n{told([bubble])}")
    return bubble.dispatched_at.timestamp()


def question(tool: str, arguments: Mapping[str, Any]) -> str:
    """What is to be done, with every argument as it will be used. Raises ToolFailed if too long."""
    lines = [f"{tool.replace('_', ' ').capitalize()}"]
    for name, value in arguments.items():
        told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        lines.append(f"• {name.replace('_', ' ')}: {shown(told, at_most=LONGEST_QUESTION)}")
    whole = "\n".join(lines)
    if len(whole) > LONGEST_QUESTION:
        raise ToolFailed(
            f"Not done: a person is asked before this, and {len(whole)} characters of arguments "
            f"are more than anybody can say yes to. Keep to {LONGEST_QUESTION}."
        )
    return whole


async def take_answers(
    store: Store, claim: Claim, messages: Sequence[Message], *, now: float
) -> list[Approval]:
    """Take the yes or no in these messages; the answers the model is to know. Raises LeaseLost."""
    if not await store.read(partial(approvals.are_open, mailbox_id=claim.mailbox_id, now=now)):
        return []
    take = partial(approvals.take_answers, claim=claim, messages=messages, now=now)
    return await store.write(take)


def answers_told(answered: Sequence[Approval], mark: str) -> list[str]:
    """What the model is told of answers, each with the call it is to make or to leave."""
    lines = []
    for approval in answered:
        who = "the operator" if approval.decided_by == "operator" else "they"
        call = f"{approval.tool} with {data(json.dumps(approval.arguments), mark)}"
        if approval.state == ApprovalState.APPROVED:
            lines.append(f"{who} said YES to {call}: call it now, with exactly these arguments")
        else:
            lines.append(f"{who} said NO to {call}: leave it")
    return lines
