"""The harness and the twin of AgentPhone in one process: what `threedots phone` and `chat` run on.

They talk to each other as they would over the internet, by signed webhooks and the API. Nothing of
a production deployment is touched: no key, no line, no database but the one file.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from pydantic import SecretStr
from pydantic_ai.models import Model
from starlette.types import Receive, Scope, Send

from agent.deployment import Deployment
from agent.running import running
from agent.settings import Settings
from memory.database_file import served_alone
from memory.twin_records import TwinRecords
from phone.clock import Clock, SystemClock
from phone.emulator.app import create_app as create_twin_app
from phone.emulator.records import PROJECT
from phone.emulator.twin import Twin
from server import Door

DATABASE = Path(".threedots/phone.db")
"""The one file of `phone` and `chat`, below the working directory."""

KEY = "sk_twin"
"""The twin's API key: it lets in nobody who cannot reach this machine anyway."""

OURS = ("/webhooks/", "/healthz", "/readyz", "/media/")
"""Paths the harness answers; everything else is the twin's."""


def local_settings(base_url: str, *, database: Path = DATABASE) -> Settings:
    """The settings of this machine's environment, with everything of production replaced."""
    return Settings(
        agentphone_api_key=KEY,
        agentphone_base_url=base_url,
        database_url=f"sqlite:///{database}",
        threedots_public_url=base_url,
    )


def start_afresh(database: Path = DATABASE) -> None:
    """Delete the one file, with the two that SQLite keeps beside it.

    Raises `memory.database_file.AlreadyServed` while another process works with it.
    """
    with served_alone(f"sqlite:///{database}"):
        for end in ("", "-wal", "-shm"):
            database.with_name(database.name + end).unlink(missing_ok=True)


class Local:
    """An ASGI application that is both: the twin with its page, and the harness behind it.

    Attributes:
        transport: How the harness reaches the twin; real HTTP when None.
    """

    def __init__(
        self,
        settings: Settings,
        model: Model,
        *,
        clock: Clock | None = None,
        in_process: bool = False,
        parts: Sequence[str] = (),
    ) -> None:
        """Put the two together.

        Args:
            settings: From `local_settings`.
            clock: What both live by; each the machine's own when left out, and then the twin's can
                be moved on without the harness taking its webhooks for stale.
            in_process: Whether they reach each other without a socket, as `chat` does.
            parts: What the page puts beside the phone (`phone.emulator.app`).
        """
        self._records = TwinRecords(settings.database_url)
        door = httpx.ASGITransport(app=self._to_door) if in_process else None
        self.twin = Twin(
            clock=clock or SystemClock(),
            api_keys=(KEY,),
            agent_name=settings.threedots_name,
            base_url=settings.agentphone_base_url,
            transport=door,
            load=self._records.load,
            save=self._records.save,
        )
        self.deployment: Deployment | None = None
        self._clock = clock
        secret = self._register(f"{settings.agentphone_base_url}/webhooks/agentphone")
        known = {"agentphone_webhook_secret": SecretStr(secret)}
        self._settings = settings.model_copy(update=known)
        self._model = model
        self._twin_app = create_twin_app(self.twin, run_twin=False, parts=parts)
        self._door = Door([secret])
        self.transport: httpx.AsyncBaseTransport | None = None
        if in_process:
            self.transport = httpx.ASGITransport(app=self._twin_app)

    def _register(self, webhook_url: str) -> str:
        """Point the twin at us; the secret is the twin's, and the same at the next start."""
        known = self.twin.line.hooks.get(PROJECT)
        return self.twin.set_webhook(webhook_url, secret=known.secret if known else None).secret

    async def _to_door(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Both at work: the line first, then the harness; the other way round at the end."""
        try:
            async with (
                self.twin,
                running(
                    self._settings,
                    self._model,
                    session="local",
                    clock=self._clock,
                    transport=self.transport,
                ) as deployment,
            ):
                self.deployment = deployment
                self._door.open(deployment)
                try:
                    yield
                finally:
                    self._door.close()
        finally:
            self._records.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["path"].startswith(OURS):
            await self._door(scope, receive, send)
        else:
            await self._twin_app(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self.running():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
