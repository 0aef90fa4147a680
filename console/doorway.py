"""The console's doorway: who may come in, and from where. Everything behind it trusts it.

Without a token only this machine comes in: a server bound to loopback, asked by loopback, under a
loopback name, through no proxy. With one, whoever logs in with it, until the session is over.

A page elsewhere may send requests from an operator's browser, and a name that it owns may point
here. So the console answers to its own names alone, to its own page alone, and every write has a
header that no form can send (`console.asking.by_our_page`).
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import logging
import math
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.deployment import Deployment
from console.asking import OURS, THIS_MACHINE
from memory import audit, console_sessions, wrong_tokens
from memory.console_sessions import LASTS, hash_of
from memory.store import StoreUnavailable
from safety.roles import Role, may
from safety.verdicts import Refused

log = logging.getLogger(__name__)

COOKIE = "threedots_console"

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

FORWARDED = (
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
)  # fmt: skip
"""Headers of which any shows that a proxy stands between: then loopback proves nothing."""

LARGEST = 64 * 1024
"""Bytes of what an operator sends at once."""

LOGIN = "/console/login"
"""The page for who has not logged in yet."""

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

ELSEWHERE = (
    "The console opens on this machine alone: the server must listen on 127.0.0.1 and be asked "
    "there, without a proxy. To open it from elsewhere set THREEDOTS_CONSOLE_TOKEN (16 characters "
    "or more)."
)


@dataclass(frozen=True, slots=True)
class _Session:
    """Who is logged in, and as what."""

    name: str
    role: Role
    hashed: str


class Doorway:
    """ASGI layer in front of the console."""

    def __init__(
        self,
        app: ASGIApp,
        of: Callable[[], Deployment | None],
        *,
        tokens: Mapping[Role, str],
        bound_to: str | None,
        public_url: str | None,
    ) -> None:
        """Stand in front of the console.

        Args:
            tokens: What opens it, as what; empty: only this machine may come in.
            bound_to: The address the server listens on; None when nobody knows.
            public_url: Where the server is reached from outside.
        """
        self._app = app
        self._of = of
        self._tokens = dict(tokens)
        self._bound_to = bound_to
        self._public = urlsplit(public_url) if public_url else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        try:
            answer = self._trouble(request) or await self._let_in(request)
        except StoreUnavailable as error:
            answer = _no(503, str(error))

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0].decode() not in HEADERS]
                ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = dict(message) | {"headers": [*kept, *ours]}
            await send(message)

        await answer(scope, receive, with_headers)

    def _trouble(self, request: Request) -> Response | None:
        """Why this request is answered to nobody; None when it may be looked at."""
        if not self._is_our_name(request):
            return _no(403, "The console does not answer to this name. Set THREEDOTS_PUBLIC_URL.")
        origin = request.headers.get("origin")
        is_write = request.method not in ("GET", "HEAD")
        if (origin is not None or is_write) and not self._is_our_origin(request, origin):
            return _no(403, "The console answers only to its own page.")
        site = request.headers.get("sec-fetch-site", "same-origin")
        if "/api/" in request.url.path and site not in ("same-origin", "none"):
            return _no(403, "The console answers only to its own page.")
        if is_write and request.headers.get(OURS) != "1":
            return _no(403, f"Send it with the header {OURS}: 1, as the console's page does.")
        length = request.headers.get("content-length", "")
        if is_write and not (length.isdigit() and int(length) <= LARGEST):
            return _no(413, f"Send {LARGEST} bytes at most, and say how many.")
        return None

    def _is_our_name(self, request: Request) -> bool:
        name = _hostname(request.headers.get("host", ""))
        if name is None or not self._tokens:
            return name in LOOPBACK
        is_public = self._public is not None and name == self._public.hostname
        # A page elsewhere can make a name of its own point here, but no bare address.
        return name in LOOPBACK or is_public or name == self._bound_to or _is_address(name)

    def _is_our_origin(self, request: Request, origin: str | None) -> bool:
        if origin is None:
            return False
        ours = {request.headers.get("host"), self._public.netloc if self._public else None}
        return urlsplit(origin).netloc in ours and origin != "null"

    async def _let_in(self, request: Request) -> ASGIApp:
        path = request.url.path
        if not self._tokens:
            request.scope["operator"], request.scope["role"] = THIS_MACHINE, Role.ADMIN
            return self._app if self._is_here(request) else _no(403, ELSEWHERE)
        if path.startswith("/console/page/"):
            return self._app
        deployment = self._of()
        if deployment is None:
            return _no(503, "The agent is starting or stopping; ask again in a moment.")
        if path == "/console/api/login" and request.method == "POST":
            return await self._log_in(request, deployment)
        return await self._logged_in(request, deployment)

    def _is_here(self, request: Request) -> bool:
        client = request.client.host if request.client else None
        is_proxied = any(name in request.headers for name in FORWARDED)
        is_reached = self._public is not None and self._public.hostname not in LOOPBACK
        return (
            self._bound_to in LOOPBACK
            and client in LOOPBACK
            and not is_proxied
            and not is_reached  # its proxy may call us by any name, and without saying so
        )

    async def _logged_in(self, request: Request, deployment: Deployment) -> ASGIApp:
        path = request.url.path
        session = await self._session_of(request, deployment)
        if session is None:
            if path == LOGIN:
                return self._app
            is_page = path in ("/console", "/console/") and request.method == "GET"
            return RedirectResponse(LOGIN, 303) if is_page else _no(401, "Log in first.")
        request.scope["console_session"] = session.hashed
        request.scope["operator"], request.scope["role"] = session.name, session.role
        if path == LOGIN:
            return RedirectResponse("/console", 303)
        verdict = may(session.role, request.method, path)
        if isinstance(verdict, Refused):
            act = path.rpartition("/")[2]
            await _note(deployment, "refused", session.name, role=session.role, about=act)
            return JSONResponse({"detail": verdict.reason}, 403)
        if path == "/console/api/logout" and request.method == "POST":
            return await self._log_out(request, deployment, session)
        return self._app

    async def _session_of(self, request: Request, deployment: Deployment) -> _Session | None:
        """Whose session the cookie is. Its hash is one under the token they logged in with, which
        says what they may do; a token that was changed opens nothing any more."""
        cookie = request.cookies.get(COOKIE)
        for role, token in self._tokens.items() if cookie else ():
            hashed = hash_of(cookie or "", token=token)
            look = partial(console_sessions.name_of, hashed=hashed, now=deployment.clock.now())
            if (name := await deployment.store.read(look)) is not None:
                return _Session(name, role, hashed)
        return None

    async def _log_in(self, request: Request, deployment: Deployment) -> Response:
        given = await _given(request)
        if given is None:
            return _no(422, "Send JSON: {token, name}.")
        now, write = deployment.clock.now(), deployment.store.write
        address = request.client.host if request.client else "unknown"
        left = await write(partial(wrong_tokens.attempt, address=address, now=now))
        if left > 0.0:
            headers = {"Retry-After": str(math.ceil(left))}
            return _no(429, f"Wait {math.ceil(left)} s before you try again.", headers)
        role = self._role_of(given["token"])
        if role is None:
            log.warning("a wrong console token came from %s", address)
            await write(partial(_note_wrong, address=address, now=now))
            return _no(401, "This is not the token. It is THREEDOTS_CONSOLE_TOKEN of the server.")
        await write(partial(wrong_tokens.right, address=address))
        cookie, who = secrets.token_urlsafe(32), _named(given["name"])
        hashed = hash_of(cookie, token=self._tokens[role])
        await write(partial(console_sessions.begin, hashed=hashed, name=who, now=now))
        await _note(deployment, "login", who, role=role)
        answer = Response(status_code=204)
        answer.set_cookie(
            COOKIE, cookie, path="/console", httponly=True, samesite="strict",
            max_age=int(LASTS.total_seconds()), secure=self._is_secure(request),
        )  # fmt: skip
        return answer

    def _role_of(self, given: str) -> Role | None:
        """What this token opens the console as. All are compared, whichever it is."""
        same = {
            role: hmac.compare_digest(given.encode(), token.encode())
            for role, token in self._tokens.items()
        }
        return next((role for role, is_same in same.items() if is_same), None)

    async def _log_out(
        self, request: Request, deployment: Deployment, session: _Session
    ) -> Response:
        await deployment.store.write(partial(console_sessions.end, hashed=session.hashed))
        await _note(deployment, "logout", session.name, role=session.role)
        answer = Response(status_code=204)
        answer.delete_cookie(
            COOKIE, path="/console", httponly=True, samesite="strict",
            secure=self._is_secure(request),
        )  # fmt: skip
        return answer

    def _is_secure(self, request: Request) -> bool:
        """Whether the browser speaks https, to us or to what stands in front of us."""
        if request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https":
            return True
        name = _hostname(request.headers.get("host", ""))
        is_public = self._public is not None and self._public.hostname == name
        return is_public and self._public is not None and self._public.scheme == "https"


async def _given(request: Request) -> dict[str, str] | None:
    """The token and the name somebody logs in with; None when it is not that."""
    try:
        given: Any = json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict) or not isinstance(given.get("token"), str):
        return None
    name = given.get("name", "")
    return {"token": given["token"].strip(), "name": name if isinstance(name, str) else ""}


def _named(name: str) -> str:
    """How the audit is to call a session: the name somebody gave, and what tells it from others."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:40]
    return f"{plain or 'operator'} ({secrets.token_hex(2)})"


async def _note(
    deployment: Deployment, action: str, who: str, *, role: Role, about: str | None = None
) -> None:
    now = deployment.clock.now()
    entry = partial(audit.note, action=action, who=who, role=role, about=about, now=now)
    await deployment.store.write(entry)


def _note_wrong(session: Session, *, address: str, now: float) -> None:
    if wrong_tokens.is_to_be_told(session, address, now=now):
        audit.note(session, "wrong token", who=wrong_tokens.network_of(address), now=now)


def _no(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    if status == 403:
        return PlainTextResponse(text + "\n", status, headers)
    return JSONResponse({"detail": text}, status, headers)


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
