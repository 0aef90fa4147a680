"""`threedots phone` as one ASGI application: the phone, and beside it the inspector and the desk.

/console/…         the turns of this phone's agent (`console.api`)
/desk/…            what one can do about them (`evals.desk.routes`)
/branches/{id}/…   a branch: another phone, with everything its own
everything else    the twin with its page, and the harness behind it (`evals.local`)
"""

from __future__ import annotations

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from console.api import create_app as create_console
from evals.desk.routes import create_app as create_routes
from evals.local import Local

PARTS = ("console/page/beside.js", "desk/page/beside.js")
"""What the page puts beside the phone; to be given to `Local`."""


class Phone:
    """One phone on the desk: a line with its agent, its console and its desk."""

    def __init__(self, local: Local) -> None:
        self.local = local
        self._apps: dict[str, FastAPI] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope.get("path", ""))(scope, receive, send)

    def _app(self, path: str) -> ASGIApp:
        room = path.split("/")[1] if path.count("/") > 1 else path.removeprefix("/")
        if room not in ("console", "desk"):
            return self.local
        if room not in self._apps:  # built when first asked for: most tests never do
            make = {"console": self._console, "desk": self._desk}[room]
            self._apps[room] = make()
        return self._apps[room]

    def _console(self) -> FastAPI:
        return create_console(lambda: self.local.deployment)

    def _desk(self) -> FastAPI:
        return create_routes(self.local)
