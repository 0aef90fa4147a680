"""Model messages as rows and records keep them: pydantic-ai's JSON, photos by their handle.

A photo is not copied into every row. Where it stood there is an `image-url` that names its handle,
`media:m12.1`, which whoever resumes from it replaces by the photo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai import BinaryContent, ImageUrl, ModelMessage, ModelMessagesTypeAdapter
from pydantic_ai.messages import ModelRequest, ModelRequestPart, ToolReturnPart, UserPromptPart

SCHEME = "media:"
"""What the address of a kept photo begins with; its handle follows."""


def named(photo: BinaryContent, handle: str) -> BinaryContent:
    """The photo with its handle on it, by which it is kept."""
    return BinaryContent(photo.data, media_type=photo.media_type, identifier=handle)


def as_kept(messages: Sequence[ModelMessage]) -> list[Any]:
    """These messages as JSON, without the instructions, which are kept once for a turn."""
    plain: list[Any] = ModelMessagesTypeAdapter.dump_python(
        [_changed(message, _by_handle) for message in messages], mode="json"
    )
    for message in plain:
        message.pop("instructions", None)
        if "@" in (message.get("provider_url") or ""):  # a server's password can stand in it
            message["provider_url"] = None
    return plain


def read_again(kept: Sequence[Any]) -> list[ModelMessage]:
    """Kept messages as a model can be shown them: without the photos, whose words stay."""
    messages = ModelMessagesTypeAdapter.validate_python(kept)
    return [_changed(message, _unless_a_handle) for message in messages]


def _by_handle(content: Any) -> Any:
    if not isinstance(content, BinaryContent):
        return content
    handle = content.identifier
    return ImageUrl(f"{SCHEME}{handle}", media_type=content.media_type, identifier=handle)


def _unless_a_handle(content: Any) -> Any:
    is_kept = isinstance(content, ImageUrl) and content.url.startswith(SCHEME)
    return None if is_kept else content


def _changed(message: ModelMessage, change: Callable[[Any], Any]) -> ModelMessage:
    if not isinstance(message, ModelRequest):
        return message
    return replace(message, parts=[_part(part, change) for part in message.parts])


def _part(part: ModelRequestPart, change: Callable[[Any], Any]) -> ModelRequestPart:
    """The part with each piece of its content changed; a piece that becomes None is gone."""
    if not isinstance(part, UserPromptPart | ToolReturnPart) or isinstance(part.content, str):
        return part
    content: Any = part.content
    if isinstance(content, list):
        pieces = [change(piece) for piece in content]
        content = [piece for piece in pieces if piece is not None]
    else:
        content = change(content)
    return replace(part, content=content)
