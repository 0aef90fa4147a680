"""The web door: a signed webhook comes in, is committed, and only then acknowledged.

`Door` is the ASGI application in front of a deployment: the webhook's doorway (bare ASGI, because
nothing else is as quick) and beside it a few plain routes.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic_ai.models import Model
from starlette.types import ASGIApp

from agent.deployment import Deployment
from agent.drift import Drift
from agent.erasing import Erased, erase_person, list_of, scrub
from agent.metrics import Gauges
from agent.readiness import TROUBLES, Readiness
from agent.running import running
from agent.secret_place import keyring_of
from agent.settings import Settings
from agent.telemetry import check_telemetry
from console.api import create_app as create_console
from console.doorway import Doorway
from memory.inbox import Receipt, accept, bury, keys_of
from memory.persons import Person
from memory.store import StoreUnavailable
from phone.clock import Clock
from phone.errors import BadPayload, BadSignature
from phone.hooks import PATH
from phone.keyring import Key, Keyring
from phone.punctuality import Punctuality
from phone.types import Ignored
from phone.webhook import parse, verify
from safety.scraping import may_scrape

log = logging.getLogger(__name__)

WEBHOOK = PATH
"""Where AgentPhone delivers."""

CONSOLE = "/console"
"""Where the operator's page is, behind a doorway of its own."""

BODY_LIMIT = 1024 * 1024
"""Bytes of a webhook at most. Real ones have a few thousand."""

BODY_WITHIN = 10.0
"""Seconds for a webhook's body to arrive; slower ones are cut off."""

SPOKEN = {"text": "Sorry, this number only reads text messages. Please text us.", "hangup": True}
"""What a caller hears: for the voice channel the answer to the webhook is the speech."""

TOLD_APART = ("conflict", "replay_suspected")
"""What the metrics tell apart from other webhooks that start nothing."""

NO, YES = {"ok": False}, {"ok": True}

Answer = tuple[int, dict[str, Any], str]
"""Status, body, and for the metrics what became of the webhook."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def create_app(
    settings: Settings,
    model: Model,
    *,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    bound_to: str | None = None,
) -> Door:
    """The ASGI application of one deployment; its lifespan opens and drains it.

    Args:
        bound_to: The address it will listen on; without it the console wants a token.

    Raises:
        ValueError: The webhook secret is missing or too weak.
        NotInstalled: What the settings ask for needs a package that is missing.
    """
    check_telemetry(settings)
    token = settings.threedots_metrics_token
    door = Door(keyring_of(settings), metrics_token=token.get_secret_value() if token else None)
    door.console = Doorway(
        create_console(lambda: door.deployment, erase=partial(_erase, door, settings)),
        lambda: door.deployment,
        tokens=settings.console_tokens,
        bound_to=bound_to,
        public_url=settings.threedots_public_url,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(
            settings, model, session="live", clock=clock, transport=transport
        ) as deployment:
            door.open(deployment)
            try:
                yield
            finally:
                door.close()

    door.app.router.lifespan_context = lifespan
    return door


class Door:
    """The webhook's doorway, and behind it the other routes."""

    def __init__(
        self,
        secrets: Sequence[str] | Keyring,
        *,
        body_within: float = BODY_WITHIN,
        metrics_token: str | None = None,
    ) -> None:
        if not isinstance(secrets, Keyring):
            secrets = Keyring([Key(secret) for secret in secrets])
        self._keyring = secrets
        self._drift = Drift(secrets)
        self._body_within = body_within
        self._metrics_token = metrics_token
        self._gauges = Gauges()
        self._punctuality = Punctuality()
        self._readiness = Readiness()
        self.deployment: Deployment | None = None
        self.console: ASGIApp | None = None
        self.app = FastAPI(title="Threedots", docs_url=None, redoc_url=None, openapi_url=None)
        self.app.get("/healthz")(self.healthz)
        self.app.get("/readyz")(self.readyz)
        self.app.get("/metrics")(self.metrics)
        self.app.get("/media/{token}/{filename}")(self.media)

    def open(self, deployment: Deployment) -> None:
        """Begin to accept webhooks for this deployment."""
        self.deployment = deployment
        deployment.drift = self._drift

    def close(self) -> None:
        """Accept no more: AgentPhone is told to come again."""
        self.deployment = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == WEBHOOK:
            began = time.perf_counter()
            status, body, result = await self._receive(scope, receive)
            await _answer(send, status, body)
            if self.deployment:
                self.deployment.meters.webhook(result, time.perf_counter() - began)
        elif self.console is not None and _is_of_console(scope):
            await self.console(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _receive(self, scope: Scope, receive: Receive) -> Answer:
        """The answer to one webhook. It says nothing: AgentPhone keeps answers."""
        headers = _Headers(scope)
        if scope["method"] != "POST":
            return 405, NO, "not_post"
        if headers.one(b"content-encoding") not in (None, "identity"):
            return 415, NO, "encoded"
        try:
            async with asyncio.timeout(self._body_within):
                body = await _read(receive)
        except TimeoutError:
            return 408, NO, "slow"
        if body is None:
            return 413, NO, "too_large"
        if self.deployment is None:
            return 503, NO, "starting"
        return await self._take_in(self.deployment, headers, body)

    async def _take_in(self, deployment: Deployment, headers: _Headers, body: bytes) -> Answer:
        now = deployment.clock.now()
        signature = headers.one(b"x-webhook-signature")
        try:
            deployment.meters.signed(self._verify(headers, body, now))
        except BadSignature as error:
            log.warning("a webhook was refused: %s", error)
            if error.why == "wrong_signature":
                self._drift.note(signed=False, now=now)
            if error.why == "timestamp_out_of_tolerance":
                self._punctuality.note(signature or "", in_time=False, now=now)
            return 401, NO, error.why
        self._drift.note(signed=True, now=now)
        self._punctuality.note(signature or "", in_time=True, now=now)
        try:
            return await _commit(deployment, headers.one(b"x-webhook-id") or "", body, now)
        except StoreUnavailable as error:
            self._readiness.doubt()
            log.error("a webhook could not be stored, AgentPhone will bring it again: %s", error)
            return 503, NO, "not_stored"

    def _verify(self, headers: _Headers, body: bytes, now: float) -> int:
        """By which secret it was signed; a new one counts from the moment it is kept."""
        check = partial(
            verify,
            body,
            signature=headers.one(b"x-webhook-signature"),
            timestamp=headers.one(b"x-webhook-timestamp"),
            now=now,
        )
        try:
            return check(secrets=self._keyring.secrets(now))
        except BadSignature as error:
            if error.why == "wrong_signature" and self._keyring.look_again():
                return check(secrets=self._keyring.secrets(now))
            raise

    async def healthz(self) -> dict[str, bool]:
        """The process is alive."""
        return {"ok": True}

    async def readyz(self) -> Response:
        """Whether webhooks can be stored and turns are being taken, with what is wrong if not."""
        found: dict[str, Any] = {"starting": True}
        if self.deployment:
            found = await self._readiness.of(self.deployment)
            late = self._punctuality.trouble(self.deployment.clock.now())
            found["clock"] = late or found.get("clock")
            found["secret"] = self._drift.trouble
        ready = not any(found.get(name) for name in TROUBLES)
        return JSONResponse({"ready": ready, **found}, status_code=200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """What is counted here, for Prometheus; 404 for who is not to see it."""
        allowed = may_scrape(
            client=request.client.host if request.client else None,
            headers=request.headers.keys(),
            authorization=request.headers.get("authorization"),
            token=self._metrics_token,
        )
        if not (allowed and self.deployment):
            return Response(status_code=404)
        page = await self._gauges.page(self.deployment)
        return Response(page, media_type=CONTENT_TYPE_LATEST)

    async def media(self, token: str, filename: str) -> Response:
        """A file of `media/` under the unguessable name it was sent by."""
        deployment = self.deployment
        path = deployment.library.find(token, filename) if deployment else None
        if path is None:
            return Response(status_code=404)
        return FileResponse(path, headers={"X-Content-Type-Options": "nosniff"})


async def _commit(deployment: Deployment, webhook_id: str, body: bytes, now: float) -> Answer:
    """Store the webhook; the answer is given only after the commit."""
    try:
        inbound = parse(body, webhook_id=webhook_id, now=now)
    except BadPayload as error:
        letter = partial(bury, webhook_id=webhook_id, body=body, reason=str(error), now=now)
        await deployment.store.write(lambda session: letter(session) and None)
        log.error("a signed webhook could not be read and is kept as a dead letter: %s", error)
        return 200, YES, "unreadable"
    receipt: Receipt = await deployment.store.write(
        partial(
            accept,
            inbound=inbound,
            body=body,
            keys=keys_of(inbound, body),
            now=now,
            own_numbers=frozenset(deployment.own_numbers),
            ears=deployment.guard.ears,
        )
    )
    if receipt.why == "conflict":
        log.error("another webhook under the known id %s is kept and not answered", webhook_id)
    if receipt.is_due and receipt.mailbox_id is not None:
        deployment.store.wake()
        deployment.arrivals.ring(receipt.mailbox_id)
    if isinstance(inbound, Ignored) and inbound.why == "outbound":
        await deployment.outbox.reconciler.read_copy(body, held_for=deployment.held_for)
    voice = isinstance(inbound, Ignored) and inbound.why == "voice"
    result = receipt.why if receipt.why in TOLD_APART else receipt.result
    return 200, SPOKEN if voice else YES, result


def _is_of_console(scope: Scope) -> bool:
    path: str = scope.get("path", "")
    return path == CONSOLE or path.startswith(f"{CONSOLE}/")


async def _erase(door: Door, settings: Settings, person: Person) -> Erased:
    """What `threedots conversations erase` does, by the server itself."""
    deployment = door.deployment
    if deployment is None:
        raise StoreUnavailable("The agent is stopping.")
    erased = await erase_person(
        person,
        store=deployment.store,
        phone=deployment.phone,
        clock=deployment.clock,
        listed_in=list_of(settings),
    )
    await asyncio.to_thread(scrub, settings.database_url)
    return erased


class _Headers:
    """A request's headers; one that stands there twice counts as missing."""

    def __init__(self, scope: Scope) -> None:
        self._pairs: list[tuple[bytes, bytes]] = scope["headers"]

    def one(self, name: bytes) -> str | None:
        values = [value for key, value in self._pairs if key == name]
        return values[0].decode("latin-1") if len(values) == 1 else None


async def _read(receive: Receive) -> bytes | None:
    """The whole body, or None when it is larger than a webhook ever is."""
    chunks, size = [], 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT:
            return None
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def _answer(send: Send, status: int, body: dict[str, Any]) -> None:
    data = json.dumps(body).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
    if status == 503:
        headers.append((b"retry-after", b"30"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
