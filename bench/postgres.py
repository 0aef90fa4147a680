"""A Postgres of our own: started in a temporary folder on a free port, gone afterwards."""

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


def binaries() -> Path | None:
    """The newest Postgres that Debian's packages have installed, or the one on the path."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda it: int(it.parts[-3])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@dataclass(frozen=True)
class PostgresServer:
    """A server that can be stopped, as for an update, and started again where it was."""

    url: str
    data: Path
    start: Callable[[], None]
    stop: Callable[[], None]

    @property
    def process_id(self) -> int:
        """Of the postmaster, whose children are all the others."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])


@contextlib.contextmanager
def private_server(bin_folder: Path, *, options: str = "") -> Iterator[PostgresServer]:
    """A running server that only this machine reaches; ends with the block.

    Args:
        options: Settings of the server, such as `-c fsync=off`; its own defaults keep every commit.
    """
    folder = Path(tempfile.mkdtemp(prefix="threedots-postgres-"))
    data = folder / "data"
    owner = _owner()
    if owner is not None:  # Postgres refuses to run as root
        shutil.chown(folder, owner)
    port = _free_port()
    place = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    control = [str(bin_folder / "pg_ctl"), "--pgdata", str(data), "--wait"]
    try:
        initdb = [str(bin_folder / "initdb"), "--auth=trust", "--username=threedots"]
        _run([*initdb, "--encoding=UTF8", "--no-sync", "--pgdata", str(data)], owner)
        log = str(folder / "log")
        start = [*control, "--options", f"{options} {place}", "--log", log, "start"]
        begin = partial(_run, start, owner)
        begin()
        yield PostgresServer(
            f"postgresql://threedots@127.0.0.1:{port}/postgres",
            data,
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
