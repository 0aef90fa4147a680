"""Events as a stream for a browser's EventSource, which ends when the server does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Request
from fastapi.responses import StreamingResponse


def event_stream(
    request: Request, events: AsyncIterator[dict[str, Any] | None]
) -> StreamingResponse:
    """Answer with these events as they come; an event's `seq` is its id.

    Args:
        events: None now and then while nothing happens, so that the end is noticed on either side.
    """
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _text(request, events), media_type="text/event-stream", headers=headers
    )


async def _text(
    request: Request, events: AsyncIterator[dict[str, Any] | None]
) -> AsyncIterator[str]:
    """The stream's text, until the events end or the server stops, which waits for open answers."""
    exchange = getattr(request.receive, "__self__", None)
    was_kept_alive = getattr(exchange, "keep_alive", False)
    yield ": what happens follows\n\n"
    async for event in events:
        if was_kept_alive and not getattr(exchange, "keep_alive", False):
            return  # how uvicorn tells an exchange that it is shutting down
        if event is None:
            yield ": still here\n\n"
        else:
            number = f"id: {event['seq']}\n" if "seq" in event else ""
            yield f"{number}data: {json.dumps(event)}\n\n"
