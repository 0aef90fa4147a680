"""The outermost layer of the API: plays the faults, and notes every call for the event log."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

from phone.emulator.faults import ApiFault
from phone.emulator.refusals import HTML, envelope
from phone.emulator.twin import Twin

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UNDELIVERED = "phone.emulator.undelivered"
"""Scope key: why the message this call sends will fail."""

CONVERSATION = "phone.emulator.conversation_id"
"""Scope key: the conversation a call turned out to be about."""

MESSAGE = "phone.emulator.message_id"
"""Scope key: the message a call put on the line, whatever the caller is answered."""

REASON = "phone.emulator.reason"
"""Scope key: what a call that was refused is told."""

IN_PATH = re.compile(r"/v1/conversations/([^/]+)")
SCHEMA = "/v1/openapi.json"


class Doorway:
    """ASGI layer in front of `/v1` of an app with a twin. All else passes through untouched."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not path.startswith("/v1/") or path == SCHEMA:
            return await self.app(scope, receive, send)
        twin: Twin = scope["app"].state.twin
        body = await _read(receive)
        twin.line.agenda.catch_up()
        scope[CONVERSATION] = found[1] if (found := IN_PATH.match(path)) else None
        fault = twin.faults.take(scope["method"], path)
        began = twin.clock.now()
        status = await self._answer(twin, scope, fault, body, receive, send)
        twin.line.emit(
            "api_call",
            scope[CONVERSATION],
            method=scope["method"],
            path=path,
            status=status,
            body=_json(body),
            message_id=scope.get(MESSAGE),
            reason=scope.get(REASON),
            fault=fault is not None,
            seconds=round(twin.clock.now() - began, 3),
        )
        if status is None:
            await _cut(receive)

    async def _answer(
        self,
        twin: Twin,
        scope: Scope,
        fault: ApiFault | None,
        body: bytes,
        receive: Receive,
        send: Send,
    ) -> int | None:
        """Answer the call; the status that was sent, or None when the connection is to be cut."""
        if fault is None:
            return await self._work(scope, body, receive, send)
        if fault.delay:
            await twin.clock.sleep(fault.delay)
            twin.line.agenda.catch_up()
        if fault.undelivered is not None:
            scope[UNDELIVERED] = fault.undelivered
        if not fault.answers and not fault.drop:
            return await self._work(scope, body, receive, send)
        if fault.after_effect:
            await self._work(scope, body, receive, _nowhere)
        if fault.drop:
            scope[REASON] = "The connection was cut by a fault set on the twin."
            return None
        scope[REASON] = fault.text if fault.answer_status >= 400 else None
        await _send_fault(fault, send, twin.switches.error_shape)
        return fault.answer_status

    async def _work(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> int:
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif status >= 400:
                scope[REASON] = _reason(message.get("body", b""))
            await send(message)

        await self.app(scope, _replay(body, receive), noting)
        return status


async def _nowhere(message: Message) -> None:
    """Where the real answer goes when a fault answers in its place."""


async def _read(receive: Receive) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _json(body: bytes) -> Any:
    """The request's JSON for the event log, or None when it is none or could not be told again."""
    try:
        value = json.loads(body, parse_constant=_refuse_constant) if body else None
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return value


def _reason(answer: bytes) -> str | None:
    """The sentence in an error body, in either of its shapes; None for a page."""
    try:
        told = json.loads(answer)
        text = told["error"]["message"] if "error" in told else told["detail"]
    except (ValueError, TypeError, KeyError):
        return None
    return text if isinstance(text, str) else json.dumps(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


async def _send_fault(fault: ApiFault, send: Send, shape: str) -> None:
    content, kind = _fault_body(fault, shape)
    headers = {"content-type": kind}
    if fault.code in ("RATE_LIMIT_EXCEEDED", "RATE_LIMITED") and fault.headers is None:
        headers["retry-after"] = "1"
    for name, value in (fault.headers or {}).items():
        headers[name.lower()] = value
    headers["content-length"] = str(len(content))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.answer_status, "headers": raw})
    await send({"type": "http.response.body", "body": content})


def _fault_body(fault: ApiFault, shape: str) -> tuple[bytes, str]:
    if fault.answer_status in (204, 304):
        return b"", "application/json"
    if isinstance(fault.body, str):
        kind = "text/html" if fault.body.lstrip().startswith("<") else "application/json"
        return fault.body.encode(), kind
    if fault.body is not None:
        return json.dumps(fault.body).encode(), "application/json"
    if shape == "html":
        return HTML.format(status=fault.answer_status).encode(), "text/html"
    body = envelope(fault.answer_status, fault.text, code=fault.code, shape=shape)
    return json.dumps(body).encode(), "application/json"


async def _cut(receive: Receive) -> None:
    """Close the connection without a byte of an answer.

    uvicorn's `receive` is a method of the exchange, which knows the transport. Without a server,
    under `httpx.ASGITransport`, the caller gets the error a cut connection would have given it.
    """
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass
