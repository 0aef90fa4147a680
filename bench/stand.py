"""The test stand: a harness in its own process, and around it AgentPhone and those who text."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import uvicorn
from sqlmodel import Session, col, func, select

from bench.line import Line
from bench.texts import webhook
from memory import engines
from memory.tables import Mailbox, Turn
from memory.turns import oldest_due
from server import WEBHOOK

CONNECTIONS = 32
"""Connections over which webhooks are delivered."""


class Stand:
    """A harness at work, and what can be seen of it from outside.

    Attributes:
        http: Reaches the harness.
        line: What it reached.
        process_id: The harness's.
        asked: How often the model was asked about each person.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        line: Line,
        harness: asyncio.subprocess.Process,
        database_url: str,
    ) -> None:
        self.http = http
        self.line = line
        self.process_id = harness.pid
        self.asked: Counter[str] = Counter()
        self._harness = harness
        self._counted: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._engine = engines.reader_engine(engines.database(database_url), connections=1)

    async def deliver(self, person: str, text: str, nth: int = 1) -> None:
        """Bring one text; returns when it is acknowledged."""
        body, headers = webhook(person, text, nth)
        (await self.http.post(WEBHOOK, content=body, headers=headers)).raise_for_status()

    async def counted(self) -> dict[str, Any]:
        """What the harness has counted so far."""
        os.kill(self.process_id, signal.SIGUSR1)
        return await asyncio.wait_for(self._counted.get(), 10)

    async def until_idle(self, *, within: float) -> None:
        """Return when no conversation is due or at work. Raises TimeoutError when that is late."""
        async with asyncio.timeout(within):
            while True:
                if not await asyncio.to_thread(self._is_busy):
                    return
                await asyncio.sleep(0.1)

    async def turns_with(self, person: str) -> int:
        """How many turns were taken with this person."""
        return await asyncio.to_thread(self._turns_with, person)

    async def listen(self) -> None:
        """Take in what the harness tells, to its end."""
        assert self._harness.stdout is not None
        async for line in self._harness.stdout:
            report = json.loads(line)
            if report["did"] == "asked":
                self.asked[report["person"]] += 1
            elif report["did"] == "counted":
                self._counted.put_nowait(report)

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def _is_busy(self) -> bool:
        with Session(self._engine) as session:
            return oldest_due(session) is not None

    def _turns_with(self, person: str) -> int:
        turns = select(func.count(col(Turn.id))).join(
            Mailbox, col(Mailbox.id) == col(Turn.mailbox_id)
        )
        with Session(self._engine) as session:
            return session.exec(turns.where(Mailbox.participant == person)).one()


@asynccontextmanager
async def stand(database_url: str, *options: str) -> AsyncIterator[Stand]:
    """A harness on this database, ready to be texted, until the end of the block.

    Args:
        options: More of the command line of `bench.harness`.
    """
    port = free_port()
    command = [sys.executable, "-m", "bench.harness", "--port", str(port), *options]
    async with _serving(Line()) as (line, line_url):
        where = ["--line", line_url, "--database", database_url]
        harness = await asyncio.create_subprocess_exec(
            *command, *where, stdout=asyncio.subprocess.PIPE
        )
        limits = httpx.Limits(max_connections=CONNECTIONS)
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=60) as http:
            it = Stand(http, line, harness, database_url)
            listening = asyncio.create_task(it.listen())
            try:
                await _until_ready(http, harness)
                yield it
            finally:
                it.close()
                if harness.returncode is None:
                    harness.terminate()
                await asyncio.wait_for(harness.wait(), 60)
                await listening


@asynccontextmanager
async def _serving(line: Line) -> AsyncIterator[tuple[Line, str]]:
    """The line, reachable at an address."""
    bound = _listening()
    config = uvicorn.Config(line, log_level="error", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        yield line, f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def _until_ready(http: httpx.AsyncClient, harness: asyncio.subprocess.Process) -> None:
    """Wait for the harness to listen."""
    for _ in range(600):
        if harness.returncode is not None:
            break
        try:
            if (await http.get("/healthz")).is_success:
                return
        except httpx.HTTPError:
            await asyncio.sleep(0.05)
    raise SystemExit("the harness did not start")


def _listening() -> socket.socket:
    """A socket on a free port."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(1024)
    return bound


def free_port() -> int:
    """A port nobody uses now."""
    with _listening() as probe:
        return int(probe.getsockname()[1])
