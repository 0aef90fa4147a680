"""A Postgres of our own for one test run: started in a temporary folder, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

FAST = "-c fsync=off -c full_page_writes=off -c deadlock_timeout=100ms"
"""Nothing in it has to outlive the run, and tests do not like to wait."""


def binaries() -> Path | None:
    """The newest Postgres that Debian's packages have installed, or the one on the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda it: int(it.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextlib.contextmanager
def private_cluster(bin_folder: Path) -> Iterator[str]:
    """A running server that only this machine reaches; gives its URL, ends with the block."""
    with private_server(bin_folder) as server:
        yield server.url


@dataclass(frozen=True)
class PostgresServer:
    """A server that can be stopped, as for an update, and started again where it was."""

    url: str
    start: Callable[[], None]
    stop: Callable[[], None]


@contextlib.contextmanager
def private_server(bin_folder: Path) -> Iterator[PostgresServer]:
    """The same, to be stopped and started at will."""
    folder = Path(tempfile.mkdtemp(prefix="threedots-postgres-"))
    data = folder / "data"
    owner = _owner()
    if owner is not None:  # Postgres refuses to run as root
        shutil.chown(folder, owner)
    port = _free_port()
    options = f"{FAST} -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = [str(bin_folder / "pg_ctl"), "--pgdata", str(data), "--wait"]
    try:
        initdb = [str(bin_folder / "initdb"), "--auth=trust", "--username=threedots"]
        _run([*initdb, "--encoding=UTF8", "--no-sync", "--pgdata", str(data)], owner)
        log = str(folder / "log")
        begin = partial(_run, [*control, "--options", options, "--log", log, "start"], owner)
        begin()
        yield PostgresServer(
            f"postgresql://threedots@127.0.0.1:{port}/postgres",
            start=begin,
            stop=partial(_run, [*control, "--mode=fast", "stop"], owner),
        )
    finally:
        if (data / "postmaster.pid").exists():
            _run([*control, "--mode=immediate", "stop"], owner)
        shutil.rmtree(folder)


def _owner() -> str | None:
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


def _run(command: list[str], user: str | None) -> None:
    # Its output goes nowhere that the server inherits: a pipe would stay open as long as it runs.
    subprocess.run(command, user=user, check=True, stdout=subprocess.DEVNULL, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
