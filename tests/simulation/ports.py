"""Everything a replica does to the world goes through its ports: there it dies, stops, is late.

A killed process does nothing more, but what it had asked for may still happen. So from one moment
on nothing passes its ports any more, in either direction; what its tasks do inside is nobody's
concern. Between two ports a process changes nothing in the world, so a death at any of them is a
death at any `await`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import httpx
from sqlmodel import Session

from memory.store import Store, StoreUnavailable
from phone.clock import Clock
from tests.simulation.database import Database

T = TypeVar("T")

WRITE = (0.0, 0.01)
"""Between which seconds a commit takes."""

CALL = (0.01, 0.25)
"""Between which seconds one way of a call to AgentPhone takes."""

SELDOM = 4
"""How much more seldom an idle replica looks for work than it does outside."""


class Ports:
    """The border of one replica.

    Attributes:
        dead: Whether the process was killed.
        dies_after: After how many more passages it is killed; None: not planned.
        database_away_until: Until when, by the clock, the database cannot be had.
        commits_to_lose: Of so many of the next commits it is not told that they happened.
    """

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.clock = clock
        self.rng = rng
        self.dead = asyncio.Event()
        self.dies_after: int | None = None
        self.database_away_until = 0.0
        self.commits_to_lose = 0
        self.is_over = False
        self._moving = asyncio.Event()
        self._moving.set()

    async def passage(self) -> None:
        """Return when the process still runs: at once, after a standstill, or never."""
        if self.dies_after is not None:
            self.dies_after -= 1
            if self.dies_after <= 0:
                self.dead.set()
        while self.dead.is_set() or not self._moving.is_set():
            if self.is_over:
                raise asyncio.CancelledError
            if self.dead.is_set():
                await asyncio.Event().wait()
            await self._moving.wait()

    async def through(self, effect: Callable[[], T], takes: tuple[float, float]) -> T:
        """Do something to the world, which takes a while, in a process that may die meanwhile."""
        await self.passage()
        await asyncio.sleep(self.rng.uniform(*takes))
        await self.passage()
        result = effect()
        await self.passage()
        return result

    async def call(self, effect: Callable[[], Awaitable[T]], takes: tuple[float, float]) -> T:
        """The same for what goes on elsewhere: once it is on its way, it happens."""
        await self.passage()
        await asyncio.sleep(self.rng.uniform(*takes))
        await self.passage()
        result = await effect()
        await asyncio.sleep(self.rng.uniform(*takes))
        await self.passage()
        return result

    def stop(self) -> None:
        """Stand still: a long pause of the whole process."""
        self._moving.clear()

    def go_on(self) -> None:
        """Move again, as if nothing had been."""
        self._moving.set()


class PortedClock:
    """The clock of a replica: who is dead never wakes up."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def now(self) -> float:
        return self._ports.clock.now()

    async def sleep(self, seconds: float) -> None:
        await self._ports.clock.sleep(seconds)
        await self._ports.passage()


class PortedTransport(httpx.AsyncBaseTransport):
    """The way to AgentPhone."""

    def __init__(self, ports: Ports, twin: httpx.AsyncBaseTransport) -> None:
        self._ports = ports
        self._twin = twin
        self.unreachable = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.unreachable:
            self.unreachable -= 1
            raise httpx.ConnectError("nobody answers", request=request)
        return await self._ports.call(lambda: self._ask(request), CALL)

    async def _ask(self, request: httpx.Request) -> httpx.Response:
        # A task of its own: that we hang up keeps AgentPhone from nothing.
        asked = asyncio.ensure_future(self._twin.handle_async_request(request))
        return await asyncio.shield(asked)


class PortedStore(Store):
    """The store of a replica, on a database that all share: same queue, no thread."""

    def __init__(self, database: Database, ports: Ports, *, is_shared: bool) -> None:
        super().__init__("sqlite:///simulated.db")
        self._database = database
        self._ports = ports
        self._shared = is_shared
        self._in_order = asyncio.Lock()
        self._writing: set[asyncio.Future[Any]] = set()

    @property
    def is_shared(self) -> bool:
        return self._shared

    async def open(self) -> None:
        """Nothing to open: the database is there."""

    async def close(self) -> None:
        """Nothing to close."""

    async def write(self, work: Callable[[Session], T]) -> T:
        # Cancelling the caller takes nothing back: once queued, the work is done.
        writing = asyncio.ensure_future(self._write(work))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        return await asyncio.shield(writing)

    async def wait_for_work(self, seconds: float) -> None:
        # Nearly all of a history's looks find nothing.
        await super().wait_for_work(SELDOM * seconds)

    async def read(self, work: Callable[[Session], T]) -> T:
        self._must_be_there()
        return await self._ports.through(lambda: self._database.read(work), WRITE)

    async def _write(self, work: Callable[[Session], T]) -> T:
        async with self._in_order:
            self._must_be_there()
            again = self._ports.rng.random() < 0.05
            result = await self._ports.through(
                lambda: self._database.write(work, run_twice=again), WRITE
            )
            if self._ports.commits_to_lose:
                self._ports.commits_to_lose -= 1
                raise StoreUnavailable("the connection was lost during the commit")
            return result

    def _must_be_there(self) -> None:
        if self._ports.clock.now() < self._ports.database_away_until:
            raise StoreUnavailable("the database is away")


def in_background(work: Coroutine[Any, Any, None], tasks: set[asyncio.Task[None]]) -> None:
    """Start something nobody waits for, and hold on to it."""
    task = asyncio.ensure_future(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
