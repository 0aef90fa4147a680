"""Tools that need a proof of who writes: a code goes another way, and its text comes back to us.

the model calls ─▶ proved here within half an hour? ─ yes ─▶ it runs
                              │ no
                              ▼
     a code leaves by the owner's way, a bubble says so ─▶ they text it ─▶ the model calls again

The code is checked and taken out of the text where the text is stored (`memory.verifying`), so that
no model, no record and no log has it. In a group everybody reads along and anybody can ask: what
may be done there is what its least trusted member may do, so such a tool is refused.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic_ai import RunContext, ToolDefinition, ToolFailed
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ToolCallPart

from memory.bubbles import LANDED
from memory.store import Store
from memory.tables import Mailbox
from memory.verifying import keep_code, not_delivered, verified
from phone.clock import Clock
from safety.verdicts import Refused
from safety.verification import make_code
from tools.hands import Hands, told

log = logging.getLogger(__name__)

SECONDS = 30.0
"""Seconds the owner's way has to take a code."""

NOT_IN_A_GROUP = (
    "Not done: this needs a proof of who asks, and in a group there is none that holds for all. "
    "Say that they can ask for it in a conversation of their own with you."
)

WAITS = (
    "Not done yet: they first have to prove who they are. A code was sent to the address on file "
    "for them, and they were told so in words of ours. When they have texted it back you will be "
    "told how it went; if it was right, call {tool} again. Never ask for the code yourself."
)

NO_WAY = (
    "Not done: there is no address on file to which a code could be sent, so they cannot prove "
    "who they are here. Say that this cannot be done by text."
)

TOO_MANY = (
    "Not done: they were sent as many codes as there are in an hour. Say that they can try later."
)


@dataclass
class Verifying(AbstractCapability[Hands]):
    """Stands between the model and the tools that need a proof of who writes."""

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
        """Run the tool when they have proved who they are; otherwise send a code, and say so."""
        if not (tool_def.metadata or {}).get("requires_verification"):
            return await handler(args)
        hands = ctx.deps
        if hands.mailbox.is_group:
            raise ToolFailed(NOT_IN_A_GROUP)
        ask = partial(
            verified, mailbox_id=hands.claim.mailbox_id, participant=hands.mailbox.participant
        )
        if await self.store.read(partial(ask, now=self.clock.now())) is not None:
            return await handler(args)
        await self._send_code(hands, call)
        raise ToolFailed(WAITS.format(tool=call.tool_name))

    async def _send_code(self, hands: Hands, call: ToolCallPart) -> None:
        """Send a code and say so; raises ToolFailed when that is not possible."""
        code, person = make_code(secrets.randbelow), hands.mailbox.participant
        keep = partial(
            keep_code, claim=hands.claim, participant=person, code=code, tool=call.tool_name
        )
        kept = await self.store.write(partial(keep, now=self.clock.now()))
        if isinstance(kept, Refused):
            waits = WAITS.format(tool=call.tool_name)
            raise ToolFailed(waits if kept.code == "waiting" else TOO_MANY)
        if not await _delivered(hands, person, code):
            await self.store.write(partial(not_delivered, code_id=kept))
            raise ToolFailed(NO_WAY)
        bubble = await hands.ask(hands.verify(), call_id=call.tool_call_id)
        if bubble.state not in LANDED:
            raise ToolFailed(f"Not done: they could not be told of the code.\n{told([bubble])}")


async def _delivered(hands: Hands, person: str, code: str) -> bool:
    try:
        async with asyncio.timeout(SECONDS):
            return await hands.deliver_code(person, code)
    except Exception as error:  # the owner's code: its words might have the code in them
        log.error("deliver_code failed: %s", type(error).__name__)
        return False


async def proof_told(store: Store, mailbox: Mailbox, *, now: float) -> list[str]:
    """What the model is told of a proof that counts just now."""
    if mailbox.is_group or mailbox.id is None:
        return []
    ask = partial(verified, mailbox_id=mailbox.id, participant=mailbox.participant, now=now)
    if (proof := await store.read(ask)) is None:
        return []
    until = f"until {proof.expires_at:%H:%M} UTC"
    return [f"they have proved who they are, which counts {until}: {proof.tool} can be called"]
