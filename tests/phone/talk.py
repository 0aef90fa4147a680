"""A client at one end, written answers at the other, and what went between them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from phone.client import AgentPhoneClient
from phone.clock import HeldClock

KEY = "sk_live_a-key-nobody-may-see"


class HurriedClock(HeldClock):
    """Nobody waits: each sleep moves the clock on at once, and is remembered."""

    def __init__(self) -> None:
        super().__init__(start=1_767_227_400.0)  # half an hour into 2026, when the fixtures are
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.advance(seconds)


class Service:
    """Gives the answers it was given, in order, the last one for ever; keeps the requests."""

    def __init__(
        self, *answers: httpx.Response | Exception | Callable[[httpx.Request], Any]
    ) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.clock = HurriedClock()
        self.addresses: dict[str, list[str]] = {}
        self.resolved: list[tuple[str, int]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        return answer(request)

    async def resolve(self, host: str, port: int) -> list[str]:
        """What a resolver says: `addresses` where they are given, somewhere public otherwise."""
        self.resolved.append((host, port))
        return self.addresses.get(host, ["203.0.114.7"])

    def use(self, act: Callable[[AgentPhoneClient], Awaitable[Any]], **options: Any) -> Any:
        """Open a client on this service and do something with it."""

        async def main() -> Any:
            transport = httpx.MockTransport(self)
            options.setdefault("clock", self.clock)
            options.setdefault("resolve", self.resolve)
            async with AgentPhoneClient(KEY, transport=transport, **options) as phone:
                return await act(phone)

        return asyncio.run(main())

    @property
    def request(self) -> httpx.Request:
        """The one request there was."""
        (request,) = self.requests
        return request


def body_of(request: httpx.Request) -> Any:
    """The JSON of a request; None when it had no body."""
    return json.loads(request.content) if request.content else None


async def everything(items: Any) -> list[Any]:
    """What an async iterator gives."""
    return [item async for item in items]
