"""The cheapest AgentPhone there can be: it answers every call at once and notes when bubbles came.

The twin would do, but it keeps a whole line; here its work would be measured along with ours.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]


class Line:
    """An ASGI application that notes, for each person, when a bubble reached AgentPhone."""

    def __init__(self) -> None:
        self.sent_at: dict[str, float] = {}
        self._news = asyncio.Event()
        self._count = 0

    async def until_sent(self, people: list[str]) -> None:
        """Return when each of these people has been sent a bubble."""
        while not all(person in self.sent_at for person in people):
            self._news.clear()
            await self._news.wait()

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        answer = json.dumps(self._answer(scope["method"], scope["path"], body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        if path == "/v1/messages":
            return self._sent(json.loads(body))
        if path in ("/v1/numbers", "/v1/conversations"):
            return {"data": [], "hasMore": False, "total": 0}
        conversation_id = path.removeprefix("/v1/conversations/").split("/")[0]
        return {
            "id": conversation_id,
            "phoneNumber": "+15550100001",
            "participant": "",
            "messages": [],
            "metadata": None,
            "conversationId": conversation_id,
        }

    def _sent(self, message: dict[str, Any]) -> dict[str, Any]:
        self.sent_at.setdefault(message["to_number"], time.perf_counter())
        self._count += 1
        self._news.set()
        return {
            "id": f"sent{self._count}",
            "status": "sent",
            "channel": "imessage",
            "from_number": message.get("from_number"),
            "to_number": message["to_number"],
        }
