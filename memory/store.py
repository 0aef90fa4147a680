"""One place that runs database work: one writer thread that commits in groups, and a few readers.

A commit that is forced to disk costs milliseconds whatever is in it. So everything that waits at
that moment shares one transaction, and nobody hears a result before it is safe.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError, InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlmodel import Session

from memory import engines, schema
from phone.explained import Explained

T = TypeVar("T")

QUEUE_LIMIT = 2_000
"""Writes that may wait at once, a second or two of work; one more is `StoreUnavailable`."""

GROUP_LIMIT = 128
"""Writes in one transaction at most, so that the first of them does not wait long for the last."""

READERS = 4
"""Reads that run side by side."""


class StoreUnavailable(Explained):
    """The database cannot do it now: unreachable, locked, disk full, too much waiting, or closed.

    Nothing of the refused work is stored, except that a connection lost during the commit leaves
    it open whether the commit happened. Intake answers 503, and the webhook comes again.
    """


class Store:
    """The database, as something asynchronous code can await.

        async with Store("sqlite:///.threedots/threedots.db") as store:
            receipt = await store.write(lambda session: accept(session, inbound, ...))

    Work is a short plain function over a `Session`. It may be run twice (its group failed and is
    replayed), so it must touch nothing but the session, and it must not commit or roll back. The
    rows it returns are its own and remain usable: every value is loaded, nothing is expired.
    """

    def __init__(
        self, url: str, *, queue_limit: int = QUEUE_LIMIT, name: str = engines.COMMAND
    ) -> None:
        """Name the database; nothing is opened yet.

        Args:
            name: Who we are, for others who look who is at a Postgres.
            queue_limit: Writes that may wait at once before more are refused.

        Raises:
            BadDatabaseURL: Neither SQLite nor Postgres; see `memory.engines.database`.
        """
        self.url = engines.database(url)
        self._name = name
        self._queue_limit = queue_limit
        self._waiting: deque[_Job[Any]] = deque()
        self._ready = threading.Condition()
        self._open = False
        self._work = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def is_shared(self) -> bool:
        """Whether other processes may work on it too; if not, a start voids every lease."""
        return not engines.is_sqlite(self.url)

    @property
    def folder(self) -> Path | None:
        """Where the database's file lies; None when it is on a server."""
        return None if self.is_shared else Path(str(self.url.database)).parent

    async def open(self) -> None:
        """Bring the schema up to date and start the threads.

        Raises:
            SchemaTooNew: A newer Threedots has upgraded this database.
            StoreUnavailable: The database cannot be reached, or its file not be written.
        """
        self._loop = asyncio.get_running_loop()
        self._writer_engine = engines.writer_engine(self.url, name=self._name)
        self._reader_engine = engines.reader_engine(self.url, connections=READERS)
        try:
            await asyncio.to_thread(schema.upgrade, self._writer_engine)
        except Exception as error:
            self._dispose()
            raise _as_seen_by_callers(error) from error
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-read")
        self._thread = threading.Thread(target=self._write_groups, name="store-write", daemon=True)
        self._open = True
        self._thread.start()

    async def close(self) -> None:
        """Finish the writes that were accepted, then let go of the database."""
        if not self._open:
            return
        with self._ready:
            self._open = False
            self._ready.notify()
        await asyncio.to_thread(self._thread.join)
        await asyncio.to_thread(self._readers.shutdown)
        self._dispose()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in the next transaction and return its result once that is committed.

        An exception from `work` undoes `work` alone and is raised here. Cancelling the caller
        takes nothing back: once queued, the work is done and committed.

        Raises:
            StoreUnavailable: Nothing could be stored now.
        """
        told: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._ready:
            if not self._open:
                raise StoreUnavailable("The store is not open; use `async with Store(url)`.")
            if len(self._waiting) >= self._queue_limit:
                raise StoreUnavailable(f"{self._queue_limit} writes are waiting already.")
            self._waiting.append(_Job(work, told))
            self._ready.notify()
        return await told

    async def read(self, work: Callable[[Session], T]) -> T:
        """Run `work` on a reader's thread. It sees everything whose `write` has returned.

        Raises:
            StoreUnavailable: The database cannot be reached, or `work` tried to write.
        """
        if not self._open:
            raise StoreUnavailable("The store is not open; use `async with Store(url)`.")
        reading = asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)
        result: T = await reading
        return result

    def wake(self) -> None:
        """Tell the workers of this process that something is due."""
        self._work.set()

    async def wait_for_work(self, seconds: float) -> None:
        """Return at the next `wake`, or one that nobody has heard yet, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._work.wait()
        self._work.clear()

    async def wait_for_commit(self, seconds: float) -> None:
        """Return when something was written by this process, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _read(self, work: Callable[[Session], T]) -> T:
        try:
            with Session(self._reader_engine, expire_on_commit=False) as session:
                return work(session)
        except Exception as error:
            seen = _as_seen_by_callers(error)
            if seen is error:
                raise
            raise seen from error

    def _write_groups(self) -> None:
        """The writer thread: take what waits, commit it, tell, until closed and nothing waits."""
        while group := self._next_group():
            self._run(group)
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody is left to tell
                self._loop.call_soon_threadsafe(self._tell, group)

    def _tell(self, group: list[_Job[Any]]) -> None:
        """On the event loop: give out what a group came to, and ring for whoever watches."""
        _tell(group)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _next_group(self) -> list[_Job[Any]]:
        with self._ready:
            self._ready.wait_for(lambda: self._waiting or not self._open)
            size = min(len(self._waiting), GROUP_LIMIT)
            return [self._waiting.popleft() for _ in range(size)]

    def _run(self, group: list[_Job[Any]]) -> None:
        """Run the group in one transaction; if that fails, each in a transaction of its own."""
        if self._commit(group) is None:
            return
        for job in group:
            job.error = self._commit([job])

    def _commit(self, jobs: list[_Job[Any]]) -> BaseException | None:
        try:
            with self._writer_engine.begin() as connection:
                for job in jobs:
                    job.run(connection)
        except BaseException as error:  # the thread must outlive whatever a piece of work raises
            return error
        return None

    def _dispose(self) -> None:
        self._writer_engine.dispose()
        self._reader_engine.dispose()


@dataclass(slots=True)
class _Job(Generic[T]):
    """A piece of work on its way through the writer thread."""

    work: Callable[[Session], T]
    told: asyncio.Future[T]
    result: T | None = None
    error: BaseException | None = None

    def run(self, connection: Connection) -> None:
        # A session of its own: no two callers share a row object. The transaction is the group's.
        with Session(
            connection, expire_on_commit=False, join_transaction_mode="rollback_only"
        ) as session:
            self.result = self.work(session)
            session.flush()


def _tell(group: list[_Job[Any]]) -> None:
    for job in group:
        if job.told.done():
            continue  # the caller was cancelled
        if job.error is None:
            job.told.set_result(job.result)
        else:
            job.told.set_exception(_as_seen_by_callers(job.error))


def _as_seen_by_callers(error: BaseException) -> BaseException:
    """`StoreUnavailable` for what is the database's own trouble; anything else as it is."""
    troubles = (
        OperationalError,
        InterfaceError,
        InternalError,
        NoConnection,
        sqlite3.OperationalError,  # from the very first connection, which is the driver's own
    )
    if not isinstance(error, troubles) and type(error) is not DatabaseError:
        return error
    cause = getattr(error, "orig", None) or error
    unavailable = StoreUnavailable(f"The database cannot do it now: {cause}")
    unavailable.__cause__ = error
    return unavailable
