"""Tools whose caller has to have proved who they are, and the way by which the proof reaches them.

    custom = FunctionToolset[Hands](…)

    @custom.tool(metadata=REQUIRES_VERIFICATION)
    async def refund(ctx, order: str) -> str: …

A code is never texted to the number that asks for something: whoever forged it or holds the phone
would read it. `tools.custom.deliver_code` sends it another way.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

REQUIRES_VERIFICATION = {"requires_verification": True}
"""Metadata of a tool that runs only for somebody who has proved who they are."""

DeliverCode = Callable[[str, str], Awaitable[bool]]
"""Sends a code (the second) to the address on file for a person (their handle); False when there is
none. It must not come back before the code has left, nor write it down anywhere."""


async def no_address(person: str, code: str) -> bool:
    """Nobody has an address on file."""
    return False
