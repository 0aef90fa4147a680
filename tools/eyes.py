"""Seeing again: a picture is shown with the message it came in, later only when it is asked for.

A photo costs as much as a long talk, each time it is sent along. So the history names it (`m12.1`),
and whoever is asked about it once more looks once more.
"""

from __future__ import annotations

from pydantic_ai import (
    BinaryContent,
    FunctionToolset,
    ModelRetry,
    RunContext,
    ToolDefinition,
    ToolFailed,
    ToolReturn,
)

from tools.hands import Hands, UnknownReference

eyes = FunctionToolset[Hands](id="eyes", sequential=True)


@eyes.tool(metadata={"read_only": True})
async def look_again(ctx: RunContext[Hands], media: str) -> ToolReturn:
    """Look once more at a picture they sent earlier, when they come back to it.

    The pictures in the messages you are answering you see already.

    Args:
        media: The handle of the picture, such as "m12.1".
    """
    hands = ctx.deps
    try:
        address = hands.picture(media)
    except UnknownReference as error:
        raise ModelRetry(str(error)) from error
    if media not in hands.earlier_pictures:
        raise ToolFailed(f"{media} is no picture they sent earlier.")
    picture = await hands.see(address)
    if not isinstance(picture, BinaryContent):
        raise ToolFailed(f"{media}: {picture}.")
    shown = BinaryContent(picture.data, media_type=picture.media_type, identifier=media)
    return ToolReturn(f"You see {media} now.", content=[f"[{media}: a picture they sent]", shown])


def has_something_to_see(ctx: RunContext[Hands], tool: ToolDefinition) -> bool:
    """Whether there is an earlier picture at all: otherwise the tool only costs."""
    return bool(ctx.deps.earlier_pictures)
