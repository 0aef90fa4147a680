"""`threedots phone` as one ASGI application: the phone, and beside it the inspector and the desk.

/console/…         the turns of this phone's agent (`console.api`)
/desk/…            what one can do about them (`evals.desk.routes`)
/branches/{id}/…   a branch: another phone, with everything its own (`evals.desk.branches`)
everything else    the twin with its page, and the harness behind it (`evals.local`)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from console.api import create_app as create_console
from evals.desk.branches import IDLE, Branches
from evals.desk.guard import Guard
from evals.desk.routes import create_app as create_routes
from evals.local import Local, live

PARTS = ("console/page/beside.js", "desk/page/beside.js")
"""What the page puts beside the phone; to be given to `Local`."""


class Desk:
    """One phone on the desk: a line with its agent, its console and what can be done about it."""

    def __init__(self, local: Local, branches: Branches, *, here: str | None = None) -> None:
        """Put them together.

        Args:
            branches: Those of the phone, also where this is one of them.
            here: Which one this is; None for the phone itself.
        """
        self.local = local
        self.branches = branches
        self.here = here
        self._apps: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope.get("path", ""))(scope, receive, send)

    def _app(self, path: str) -> ASGIApp:
        room = path.split("/")[1] if path.count("/") > 1 else path.removeprefix("/")
        if room not in ("console", "desk"):
            return self.local
        if room not in self._apps:  # built when first asked for: most tests never do
            make = {"console": self._console, "desk": self._desk}[room]
            self._apps[room] = Guard(make())
        return self._apps[room]

    def _console(self) -> FastAPI:
        return create_console(lambda: self.local.deployment)

    def _desk(self) -> FastAPI:
        return create_routes(self.local, self.branches, here=self.here)


class Phone(Desk):
    """The phone of `threedots phone`, with all its branches; its lifespan runs them."""

    def __init__(self, local: Local, *, idle_for: float = IDLE) -> None:
        """Put a phone on the desk.

        Args:
            idle_for: Seconds without a request after which a branch is stopped.
        """
        super().__init__(local, Branches(local, self._branch, idle_for=idle_for))

    def _branch(self, local: Local, branch_id: str) -> ASGIApp:
        return Desk(local, self.branches, here=branch_id)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At work: the phone first, then whichever branches are asked for."""
        async with self.local.running(), self.branches.running():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(self.running, receive, send)
        elif scope["path"].startswith("/branches/"):
            await self.branches(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
