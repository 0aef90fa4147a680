"""When nothing is under way: an event loop that tells each of several runs so.

A simulated clock may be moved on only when nothing happens any more without it. What goes on in
threads (the database, photos) and behind a real network (a model) is counted, run by run; the rest
is over when the loop itself would wait.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
P = ParamSpec("P")

REAL_PATIENCE = 600.0
"""Seconds of the machine's time after which what is under way counts as stuck."""


class Stuck(Exception):
    """Something that is under way does not come to an end."""


class UnderWay:
    """What is really under way in one run: answers that no clock of ours brings about."""

    def __init__(self) -> None:
        self.count = 0

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count what goes on in the block."""
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1

    def counted(self, work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
        """The same work, counted while it goes on."""

        async def counting(*args: P.args, **kwargs: P.kwargs) -> T:
            with self.busy():
                return await work(*args, **kwargs)

        return counting

    async def still(self) -> None:
        """Return once nothing is under way. Raises `Stuck` when that takes too long."""
        loop = asyncio.get_running_loop()
        if not isinstance(loop, StillLoop):
            raise TypeError("this needs a StillLoop: asyncio.Runner(loop_factory=StillLoop)")
        try:
            async with asyncio.timeout(REAL_PATIENCE):
                await loop.still(self)
        except TimeoutError:
            told = f"nothing has come of what is under way in {REAL_PATIENCE:.0f} s"
            raise Stuck(f"{told}; is the model answering?") from None


RUN: ContextVar[UnderWay] = ContextVar("run")
"""The run to which a task belongs."""


class StillLoop(asyncio.SelectorEventLoop):
    """An event loop that knows when it has nothing to do, and counts what its threads do."""

    def __init__(self) -> None:
        self._asked: list[tuple[UnderWay, asyncio.Future[None]]] = []
        super().__init__(_Watched(self._tell))

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """As in asyncio, counted for the run that asks."""
        future = super().run_in_executor(executor, func, *args)
        if (run := RUN.get(None)) is not None:
            run.count += 1
            future.add_done_callback(lambda _: _ended(run))
        return future

    async def still(self, run: UnderWay) -> None:
        """Return once nothing is under way in this run."""
        told: asyncio.Future[None] = self.create_future()
        self._asked.append((run, told))
        await told

    def _tell(self) -> bool:
        """The loop is about to wait: tell those runs in which nothing is under way."""
        ready = [told for run, told in self._asked if run.count == 0]
        self._asked = [(run, told) for run, told in self._asked if run.count and not told.done()]
        waiting = [told for told in ready if not told.done()]
        for told in waiting:
            told.set_result(None)
        return bool(waiting)


class _Watched(selectors.DefaultSelector):
    """Where the loop waits: before it does, it says so."""

    def __init__(self, tell: Callable[[], bool]) -> None:
        super().__init__()
        self._tell = tell

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(timeout)
        found = super().select(0)
        return found if found or self._tell() else super().select(timeout)


def _ended(run: UnderWay) -> None:
    run.count -= 1
