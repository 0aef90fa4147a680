"""Keeps other people's pages away from the desk, which can read what was said and write prompts.

A page elsewhere may send requests to this machine from somebody's browser, and a name that it owns
may point here. So the desk answers only to its own names, and to pages that it has served itself.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


class Guard:
    """ASGI layer in front of the console and the desk."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        trouble = _trouble(Request(scope)) if scope["type"] == "http" else None
        answer = JSONResponse({"detail": trouble}, 403) if trouble else self.app
        await answer(scope, receive, send)


def _trouble(request: Request) -> str | None:
    host = request.headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in NAMES:
        return (
            f"The desk answers on this machine alone, not to the name {host[:80]!r}; "
            "open it at 127.0.0.1."
        )
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return "The desk answers only to its own page."
    return None
