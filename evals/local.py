"""The harness and the twin of AgentPhone in one process: what `threedots phone` and `chat` run on.

They talk to each other as they would over the internet, by signed webhooks and the API. Nothing of
a production deployment is touched: no key, no line, no database but the one file.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr
from pydantic_ai.models import Model
from pydantic_ai.toolsets import AbstractToolset
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.deployment import Deployment
from agent.running import running
from agent.settings import Settings
from agent.telemetry import check_telemetry
from memory import engines, schema
from memory.database_file import served_alone
from memory.transcript import SessionKind
from memory.twin_records import TwinRecords
from phone.clock import Clock, SystemClock
from phone.emulator.app import create_app as create_twin_app
from phone.emulator.records import PROJECT
from phone.emulator.twin import Twin
from server import Door
from tools.hands import Hands

DATABASE = Path(".threedots/phone.db")
"""The one file of `phone` and `chat`, below the working directory."""

KEY = "sk_twin"
"""The twin's API key: it lets in nobody who cannot reach this machine anyway."""

ADDRESS = "http://127.0.0.1"
"""What the twin is called by where it is asked in this process alone: nothing listens there."""

OURS = ("/webhooks/", "/healthz", "/readyz", "/metrics", "/media/")
"""Paths the harness answers; everything else is the twin's."""


def local_settings(base_url: str = ADDRESS, *, database: Path = DATABASE) -> Settings:
    """The settings of this machine's environment, with everything of production replaced."""
    return Settings(
        agentphone_api_key=KEY,
        agentphone_base_url=base_url,
        database_url=f"sqlite:///{database}",
        threedots_public_url=base_url,
    )


def new_database(file: Path) -> None:
    """A database with its tables and nothing in them."""
    engine = engines.writer_engine(engines.database(f"sqlite:///{file}"))
    try:
        schema.upgrade(engine)
    finally:
        engine.dispose()


def start_afresh(database: Path = DATABASE) -> None:
    """Delete the one file with its branches, and what SQLite keeps beside each.

    Raises `memory.database_file.AlreadyServed` while another process works with it.
    """
    with served_alone(f"sqlite:///{database}"):
        for branch_id in _branches_of(database):
            delete_branch(database, branch_id)
        delete_database(database)


def branch_file(database: Path, branch_id: str) -> Path:
    """Where a branch of the phone with this file has its own."""
    return database.parent / "branches" / f"{branch_id}.db"


def delete_database(file: Path) -> None:
    """Delete a file of SQLite's with the two that it keeps beside it."""
    for end in ("", "-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)


def delete_branch(database: Path, branch_id: str) -> None:
    """Delete a branch's file, and its lock: no other will ever have its name."""
    file = branch_file(database, branch_id)
    delete_database(file)
    file.with_name(f"{file.name}.lock").unlink(missing_ok=True)


def _branches_of(database: Path) -> list[str]:
    """The branches a phone's file names. One that is damaged, or older than branches, has none."""
    if not database.exists():
        return []
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM branch")]
    return []


def ids_of(seed: int) -> Callable[[], str]:
    """Ids as the harness makes them, the same ones for the same seed."""
    chance = random.Random(seed)  # noqa: S311 ids, not secrets of anybody
    return lambda: f"{chance.getrandbits(128):032x}"


class Below:
    """An ASGI application as it is reached at this path and below it, and knows no other."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root, path = scope.get("root_path", ""), scope["path"].removeprefix(self._path)
        told = dict(scope) | {"path": path or "/", "root_path": root + self._path}
        await self._app(told, receive, send)


async def live(
    running: Callable[[], AbstractAsyncContextManager[None]], receive: Receive, send: Send
) -> None:
    """ASGI's lifespan: the application runs from its first message to its second."""
    await receive()
    async with running():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


class Local:
    """An ASGI application that is both: the twin with its page, and the harness behind it.

    Attributes:
        settings: With the secret of its own webhook.
        deployment: The harness at work; None while it starts or stops.
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
        session: SessionKind = "local",
        seed: int | None = None,
        more: Sequence[AbstractToolset[Hands]] = (),
    ) -> None:
        """Put the two together.

        Args:
            settings: From `local_settings`.
            clock: What both live by, and webhooks are signed by; each the machine's own when left
                out, and then the twin's can be moved on without the harness taking its webhooks for
                stale.
            in_process: Whether they reach each other without a socket, as `chat` does.
            parts: What the page puts beside the phone (`phone.emulator.app`).
            session: What the records of its turns are to say of this door.
            seed: Makes the ids and secrets of both the same every time; chance when left out.
            more: Tools of the agent beyond those of `tools/`.
        """
        self._more = more
        self._new_id = ids_of(seed) if seed is not None else None
        if session == "local":
            check_telemetry(settings)
        self._records = TwinRecords(settings.database_url)
        below = urlsplit(settings.agentphone_base_url).path
        door = httpx.ASGITransport(app=Below(self._to_door, below)) if in_process else None
        self.twin = Twin(
            clock=clock or SystemClock(),
            seed=seed,
            api_keys=(KEY,),
            agent_name=settings.threedots_name,
            base_url=settings.agentphone_base_url,
            transport=door,
            wall=clock.now if clock else None,
            load=self._records.load,
            save=self._records.save,
        )
        self.deployment: Deployment | None = None
        self.clock = clock
        secret = self._register(f"{settings.agentphone_base_url}/webhooks/agentphone")
        known = {"agentphone_webhook_secret": SecretStr(secret)}
        self.settings = settings.model_copy(update=known)
        self.model = model
        self.parts = parts
        self._session = session
        self._twin_app = create_twin_app(self.twin, run_twin=False, parts=parts)
        self._door = Door([secret])
        self.transport: httpx.AsyncBaseTransport | None = None
        if in_process:
            self.transport = httpx.ASGITransport(app=Below(self._twin_app, below))

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
                    self.settings,
                    self.model,
                    session=self._session,
                    clock=self.clock,
                    transport=self.transport,
                    new_id=self._new_id,
                    more=self._more,
                ) as deployment,
            ):
                self.deployment = deployment
                self._door.open(deployment)
                try:
                    yield
                finally:
                    self._door.close()
                    self.deployment = None
        finally:
            self._records.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(self.running, receive, send)
        elif scope["path"].startswith(OURS):
            await self._door(scope, receive, send)
        else:
            await self._twin_app(scope, receive, send)
