"""Your own tools go here. One function is a tool: its docstring tells the model when to use it.

The example keeps a shopping list in the conversation's memory, so it is there next time.
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
