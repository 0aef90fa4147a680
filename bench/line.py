"""The cheapest AgentPhone there can be: it answers every call at once and notes when which came.

The twin would do, but it keeps a whole line; here its work would be measured along with ours.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from bench.texts import NUMBER, conversation_of, person_in

Message = MutableMapping[str, Any]


class Line:
    """An ASGI application that notes what it was asked to do for each person, and when.

    Attributes:
        sent: The bubbles of each person, as the moment and the words.
        typed_at: When the typing bubble was first asked for.
        calls: How many calls there were.
    """

    def __init__(self) -> None:
        self.sent: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        self.typed_at: dict[str, float] = {}
        self.calls = 0
        self._news = asyncio.Event()
        self._count = 0

    async def until_sent(self, people: Sequence[str], *, within: float) -> None:
        """Return when each of these people has been sent a bubble.

        Raises:
            TimeoutError: Somebody has not, after so many seconds.
        """
        missing = list(people)
        async with asyncio.timeout(within):
            while missing:
                if missing[-1] in self.sent:
                    missing.pop()
                else:
                    self._news.clear()
                    await self._news.wait()

    def first_sent(self, person: str) -> float:
        """When the first bubble for this person came."""
        return self.sent[person][0][0]

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
        self.calls += 1
        answer = json.dumps(self._answer(scope["method"], scope["path"], body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _answer(self, method: str, path: str, body: bytes) -> dict[str, Any]:
        if path == "/v1/messages":
            return self._sent(json.loads(body))
        if not path.startswith("/v1/conversations/"):
            return {"data": [], "items": [], "hasMore": False, "total": 0}
        conversation_id, _, act = path.removeprefix("/v1/conversations/").partition("/")
        if act == "typing":
            self.typed_at.setdefault(person_in(conversation_id), time.monotonic())
        return {
            "id": conversation_id,
            "phoneNumber": NUMBER,
            "participant": "",
            "messages": [],
            "metadata": None,
            "conversationId": conversation_id,
        }

    def _sent(self, message: dict[str, Any]) -> dict[str, Any]:
        person = message["to_number"]
        self.sent[person].append((time.monotonic(), message["body"]))
        self._count += 1
        self._news.set()
        return {
            "id": f"sent{self._count}",
            "status": "sent",
            "channel": "imessage",
            "conversation_id": conversation_of(person),
            "from_number": message.get("from_number"),
            "to_number": person,
        }
