"""The twin over HTTP: AgentPhone's API under `/v1`, the handset API, and the page of the phone."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from phone.emulator import (
    api_agents,
    api_contacts,
    api_conversations,
    api_messages,
    api_numbers,
    api_usage,
    api_webhooks,
    controls,
    dashboard,
    handset,
)
from phone.emulator.doorway import SCHEMA, Doorway
from phone.emulator.refusals import HTML, Refusal, envelope
from phone.emulator.twin import Twin

PAGE = Path(__file__).resolve().parent / "page"

CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}

CSP = "default-src 'self'; img-src 'self' data: blob:"
"""The page needs nothing from anywhere else, and may not ask for it."""

NOT_HERE = {
    "calls": "calls",
    "verify": "verification codes",
    "location": "locations",
    "rcs": "RCS",
    "sub-accounts": "sub-accounts",
    "register": "10DLC registration",
    "sip-trunks": "SIP trunks",
    "feedback": "feedback",
}
"""Parts of AgentPhone that have nothing to do with messages, by the first word of their path."""

ROUTERS = (
    api_messages.router,
    api_conversations.router,
    api_agents.router,
    api_numbers.router,
    api_contacts.router,
    api_webhooks.router,
    api_usage.router,
    handset.router,
    dashboard.router,
    controls.router,
)


def create_app(twin: Twin, *, run_twin: bool = True, parts: Sequence[str] = ()) -> FastAPI:
    """The ASGI app that serves a twin.

    With `run_twin` the app's lifespan runs it; without, whoever holds the twin does. Event streams
    have no end of their own: they end within a second when uvicorn or the twin stops.

    Args:
        parts: Addresses, relative to the page's, of the modules to be put beside the phone by
            whoever serves them.
    """

    @asynccontextmanager
    async def running(app: FastAPI) -> AsyncIterator[None]:
        async with twin:
            yield

    app = FastAPI(
        title="AgentPhone's twin",
        description="AgentPhone's messaging API, served locally, with the far side of the line.",
        openapi_url=SCHEMA,
        docs_url=None,
        redoc_url=None,
        lifespan=running if run_twin else None,
    )
    app.state.twin = twin
    app.state.parts = list(parts)
    for router in ROUTERS:
        # Not include_router: it would build every route anew for each app, which takes longer than
        # most tests. The routers' prefixes and keys are in their routes already.
        app.router.routes.extend(router.routes)
    app.add_route("/", _page, include_in_schema=False)
    app.add_route("/page/parts.json", _parts, include_in_schema=False)
    app.add_route("/page/{path:path}", _page, include_in_schema=False)
    app.exception_handler(Refusal)(_refused)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(HTTPException)(_no_route)
    app.add_middleware(Headers)
    app.add_middleware(Doorway)
    return app


class Headers:
    """ASGI layer that puts the safe headers on every answer that lacks them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in message["headers"]}
                extra = [(b"x-content-type-options", b"nosniff")]
                if b"content-security-policy" not in names:
                    extra.append((b"content-security-policy", CSP.encode()))
                message = dict(message) | {"headers": [*message["headers"], *extra]}
            await send(message)

        await self.app(scope, receive, with_headers)


async def _page(request: Request) -> Response:
    """A file of the page; `/` is its index."""
    name = request.path_params.get("path") or "index.html"
    file = (PAGE / name).resolve()
    kind = CONTENT_TYPES.get(file.suffix)
    if kind is None or not file.is_relative_to(PAGE) or not file.is_file():
        raise HTTPException(404)
    content = file.read_bytes()
    return Response(content, headers={"Content-Type": kind, "Cache-Control": "no-cache"})


async def _parts(request: Request) -> Response:
    """What is put beside the phone."""
    return JSONResponse(request.app.state.parts)


async def _refused(request: Request, error: Refusal) -> Response:
    """A refusal by a rule. A plain 422 tells clients of the API FastAPI's array, as schemas do."""
    details, array = [], None
    if error.field is not None:
        details = [{"field": error.field, "message": error.text, "type": "value_error"}]
    if error.status == 422 and error.code is None and not _is_handset(request):
        loc = ["body", error.field] if error.field is not None else ["body"]
        array = [{"loc": loc, "msg": error.text, "type": "value_error"}]
    return _error(
        request,
        error.status,
        error.text,
        code=error.code,
        detail=array,
        details=details,
        headers=error.headers,
    )


def _is_handset(request: Request) -> bool:
    return request.url.path.startswith("/handset")


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    """A request of the wrong shape: FastAPI's array for clients, plain words for the handset."""
    found: Sequence[Any] = error.errors()
    array = [{key: one[key] for key in ("loc", "msg", "type")} for one in found]
    details = [
        {"field": _field(one["loc"]), "message": one["msg"], "type": one["type"]} for one in found
    ]
    if _is_handset(request):
        text = "; ".join(f"{one['field']}: {one['message']}" for one in details)
        return _error(request, 422, text, details=details)
    return _error(request, 422, details[0]["message"], detail=array, details=details)


def _field(loc: Sequence[str | int]) -> str:
    parts = [str(part) for part in loc if part not in ("body", "query", "path", "header")]
    return ".".join(parts) or "body"


async def _no_route(request: Request, error: HTTPException) -> Response:
    text = error.detail
    first = request.url.path.removeprefix("/v1/").partition("/")[0]
    if error.status_code == 404 and request.url.path.startswith("/v1/"):
        text = f"The twin does not do {NOT_HERE.get(first, 'this')}: it does messages only."
    return _error(request, error.status_code, text, headers=dict(error.headers or {}))


def _error(
    request: Request,
    status: int,
    text: str,
    *,
    code: str | None = None,
    detail: Any = None,
    details: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    shape = request.app.state.twin.switches.error_shape
    if shape == "html":
        page = HTML.format(status=status)
        return Response(page, status_code=status, media_type="text/html", headers=headers)
    body = envelope(status, text, code=code, detail=detail, details=details, shape=shape)
    # ASCII with escapes: a field name in the message may hold half a surrogate pair.
    content = json.dumps(body)
    return Response(content, status_code=status, media_type="application/json", headers=headers)
