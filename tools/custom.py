"""Your own tools go here. One function is a tool: its docstring tells the model when to use it.

The example keeps a shopping list in the conversation's memory, so it is there next time. To empty
it takes a yes: `requires_approval` puts a tool off until the person was asked, in words that show
its arguments, and has answered YES (or the operator has: `threedots approvals`). With
`metadata={"approval": "operator"}` beside it, only the operator is asked.

What only the person themselves may have done says `metadata=REQUIRES_VERIFICATION` (from
`tools.verifying`): it runs once they have texted back the code that `deliver_code` sent them.

A tool's answer is data like what people write. If you vouch for the links in it, say so with
`metadata=tools.links.TRUSTED_LINKS`: then they may be sent on.
"""

from __future__ import annotations

from typing import Literal

from pydantic_ai import FunctionToolset, RunContext

from tools.hands import Hands

custom = FunctionToolset[Hands](id="custom", sequential=True)


@custom.tool(metadata={"idempotent": True})
async def shopping_list(
    ctx: RunContext[Hands], change: Literal["show", "add", "remove"], items: list[str] | None = None
) -> str:
    """Read or change the shopping list you keep for them.

    Args:
        change: "show" to read it, "add" or "remove" to change it.
        items: What to add or remove, each as they would read it in the shop.
    """
    kept = ctx.deps.own.shopping_list
    for item in items or []:
        if change == "add" and item not in kept:
            kept.append(item)
        if change == "remove" and item in kept:
            kept.remove(item)
    return "On the list: " + ", ".join(kept) if kept else "The list is empty."


@custom.tool(requires_approval=True)
async def empty_shopping_list(ctx: RunContext[Hands], keep: list[str] | None = None) -> str:
    """Empty their shopping list for good, when they want to start over.

    They are asked to confirm before anything is gone: do not ask them yourself.

    Args:
        keep: What stays on it, as it stands there. Leave it out to keep nothing.
    """
    kept = [item for item in ctx.deps.own.shopping_list if item in (keep or [])]
    ctx.deps.own.shopping_list = kept
    return "On the list: " + ", ".join(kept) if kept else "The list is empty."


async def deliver_code(person: str, code: str) -> bool:
    """Send a one-time code to the address you have on file for this person, such as by e-mail.

    Never text it to `person`: whoever forged that number, or holds that phone, would read it.
    Keep the code nowhere. Nobody has an address on file until you say so here.

    Args:
        person: Their handle, such as +14155550123: look their address up by it.
        code: Six digits, good for ten minutes.

    Returns:
        Whether it was sent; False when there is no address for them.
    """
    return False
