"""Processes born quickly: forked from one that has everything imported, and otherwise like any."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx

import threedots
from tests.crashes import doomed
from tests.doors.processes import (
    KEY,
    PATIENCE,
    SECRET,
    Phone,
    environment,
    eventually,
    free_port,
)

_nursery = multiprocessing.get_context("forkserver")
_nursery.set_forkserver_preload(
    [
        "tests.crashes.nursery",
        "alembic.command",
        "phone.emulator.app",
        "psycopg",
        "sqlalchemy.dialects.postgresql.psycopg",
        "uvicorn.loops.uvloop",
        "uvicorn.protocols.http.httptools_impl",
    ]
)


@dataclass
class Child:
    """A process and where it listens."""

    process: BaseProcess
    url: str
    log: Path
    phones: list[Phone] = field(default_factory=list)

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def ready(self, path: str) -> None:
        """Wait until it answers."""
        eventually(lambda: self._answers(path), what=path, also=self.log.read_text)

    def _answers(self, path: str) -> bool:
        assert self.process.is_alive(), self.log.read_text()
        try:
            return httpx.get(self.url + path, timeout=2).is_success
        except httpx.HTTPError:
            return False

    def dies(self) -> None:
        """Wait until it has killed itself."""
        self.process.join(PATIENCE)
        assert self.process.exitcode == -signal.SIGKILL, self.log.read_text()

    def stop(self) -> None:
        """Stop it as an operator would; it must end well."""
        self.process.terminate()
        self.process.join(PATIENCE)
        assert self.process.exitcode == 0, self.log.read_text()


@contextmanager
def twin_for(port: int, folder: Path) -> Iterator[Child]:
    """AgentPhone's twin, its webhook pointed at a server on this port."""
    own = free_port()
    options = {
        "webhook_url": f"http://127.0.0.1:{port}/webhooks/agentphone",
        "webhook_secret": SECRET, "api_key": KEY, "host": "127.0.0.1", "port": own,
        "time_scale": 1.0,
    }  # fmt: skip
    with _born(own, folder, "twin", {}, threedots.emulator, options) as twin:
        twin.ready("/handset/line")
        yield twin


@contextmanager
def server_on(
    port: int, folder: Path, settings: dict[str, str], *, dies_at: str | None = None
) -> Iterator[Child]:
    """`threedots serve` on this port, doomed or not."""
    name = f"serve-until-{dies_at}" if dies_at else "serve"
    arguments = {"port": port, "point": dies_at}
    with _born(port, folder, name, settings, doomed.serve, arguments) as server:
        server.ready("/healthz")  # not /readyz: on Postgres the dead may have left old work
        yield server


@contextmanager
def _born(
    port: int,
    folder: Path,
    name: str,
    settings: dict[str, str],
    main: Callable[..., Any],
    arguments: dict[str, Any],
) -> Iterator[Child]:
    log = folder / f"{name}.log"
    life = (folder, log, environment(**settings), main, arguments)
    process = _nursery.Process(target=_live, args=life, name=name)
    process.start()
    child = Child(process, f"http://127.0.0.1:{port}", log)
    try:
        yield child
    finally:
        for phone in child.phones:
            phone.http.close()
        process.kill()
        process.join()
        process.close()


def _live(
    folder: Path, log: Path, env: dict[str, str], main: Callable[..., Any], arguments: Any
) -> None:
    """The life of a child, from its birth on."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    out = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    main(**arguments)
