"""A twin on a clock one holds, somebody who listens to its webhooks, and a client for its API."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from fastapi import FastAPI

from phone.clock import HeldClock
from phone.emulator.app import create_app
from phone.emulator.twin import Twin

ANA = "+15555550123"
BO = "+15555550124"
IMESSAGE = "+15550100001"
SMS = "+15550100002"
HOOK = "http://127.0.0.1:1/hook"
SECRET = "whsec_test"
CAT = "https://pictures.example.com/cat.jpg"
DOG = "https://pictures.example.com/dog.jpg"


@dataclass
class Webhook:
    """One request as the listener got it."""

    url: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    @property
    def data(self) -> dict[str, Any]:
        return self.body["data"]


@functools.cache
def shared_app() -> FastAPI:
    """One app for all stages, since building its routes takes longer than most stories."""
    return create_app(Twin(), run_twin=False)


async def settle() -> None:
    """Let everything in this process that waits for no clock happen."""
    for _ in range(40):
        await asyncio.sleep(0)


class Stage:
    """What a story needs: the twin, calls to it, and the webhooks that came."""

    def __init__(self, **options: Any) -> None:
        self.clock = HeldClock()
        self.webhooks: list[Webhook] = []
        self.answers: list[int | Exception] = []
        options = {"seed": 7, "webhook_url": HOOK, "webhook_secret": SECRET} | options
        self.twin = Twin(clock=self.clock, transport=httpx.MockTransport(self._listen), **options)
        app = shared_app()
        app.state.twin = self.twin
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://twin.test",
            headers={"Authorization": "Bearer sk_twin"},
        )

    def _listen(self, request: httpx.Request) -> httpx.Response:
        self.webhooks.append(
            Webhook(str(request.url), dict(request.headers.items()), request.content)
        )
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, text="heard")

    @asynccontextmanager
    async def set_up(self):
        async with self.twin, self.http:
            yield self

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The answer's JSON; the call must succeed."""
        answer = await self.try_call(method, path, body, **options)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def try_call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The whole answer; the call may fail."""
        if body is not None:
            options["json"] = body
        return await self.http.request(method, path, **options)

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
        """The status, code and words of a call that must fail, told alike in both envelopes."""
        answer = await self.try_call(method, path, body)
        assert answer.is_error, answer.text
        told = answer.json()
        if isinstance(told["detail"], str):
            assert told["detail"] == told["error"]["message"]
        return answer.status_code, told["error"]["code"], told["error"]["message"]

    async def refused_fields(
        self, method: str, path: str, body: Any = None
    ) -> tuple[int, str, str]:
        """As `refused`, where `detail` must be the array that names each field."""
        answer = await self.try_call(method, path, body)
        told = answer.json()
        assert all({"loc", "msg", "type"} <= set(one) for one in told["detail"]), told
        words = "; ".join(f"{one['loc'][-1]} {one['msg']}" for one in told["detail"])
        return answer.status_code, told["error"]["code"], words

    async def text(self, body: str = "Hi", *, by: str = ANA, **more: Any) -> dict[str, Any]:
        """Somebody texts the line; their webhook has been delivered when this returns."""
        written = await self.call(
            "POST", "/handset/messages", {"from_handle": by, "body": body, **more}
        )
        await self.settle()
        return written

    async def send(self, body: str = "Hello", *, to: str = ANA, **more: Any) -> dict[str, Any]:
        """The agent texts somebody, from the iMessage line unless told otherwise."""
        sending = {"from_number": IMESSAGE, "to_number": to, "body": body, **more}
        return await self.call("POST", "/v1/messages", sending)

    async def screen(self, conversation_id: str) -> dict[str, Any]:
        return await self.call("GET", f"/handset/conversations/{conversation_id}")

    async def events(self, *types: str, after: int = 0) -> list[dict[str, Any]]:
        got = await self.call("GET", f"/handset/events?after={after}")
        return [event for event in got["events"] if not types or event["type"] in types]

    async def advance(self, seconds: float) -> None:
        await self.call("POST", "/handset/clock", {"advance": seconds})
        await self.settle()

    async def settle(self) -> None:
        """Let everything that can happen now happen."""
        await settle()


def staged(**options: Any) -> Callable[..., Callable[..., None]]:
    """Turn an async story with a stage as its first argument into a plain test."""

    def decorate(story: Callable[..., Any]) -> Callable[..., None]:
        async def play(**arguments: Any) -> None:
            async with Stage(**options).set_up() as stage:
                await story(stage, **arguments)

        @functools.wraps(story)
        def test(**arguments: Any) -> None:
            asyncio.run(play(**arguments))

        rest = list(inspect.signature(story).parameters.values())[1:]
        test.__signature__ = inspect.Signature(rest)  # so that pytest fills in only the rest
        return test

    return decorate
