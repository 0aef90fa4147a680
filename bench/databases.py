"""The two databases to measure on, each giving an empty one for every run."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psycopg

from bench.postgres import PostgresServer, private_server
from bench.processes import family


@dataclass(frozen=True)
class Database:
    """Where runs keep their rows.

    Attributes:
        name: As the tables call it.
        version: What it is, for the line with the machine's figures.
        empty: Opens an empty database and gives its URL.
        processes: The ids of its own processes; none for SQLite, which lives in the harness.
    """

    name: str
    version: str
    empty: Callable[[], AbstractContextManager[str]]
    processes: Callable[[], list[int]]


@contextlib.contextmanager
def _file() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="threedots-bench-") as folder:
        yield f"sqlite:///{Path(folder) / 'bench.db'}"


SQLITE = Database("SQLite", f"SQLite {sqlite3.sqlite_version}", _file, list)


@contextlib.contextmanager
def postgres(bin_folder: Path) -> Iterator[Database]:
    """A Postgres that keeps every commit, in a temporary folder, until the end of the block."""
    with private_server(bin_folder) as server:
        with psycopg.connect(server.url) as connection:
            version, fsync, commit = (
                _one(connection, f"SHOW {name}")
                for name in ("server_version", "fsync", "synchronous_commit")
            )
        yield Database(
            "Postgres",
            f"Postgres {version.split()[0]} (fsync {fsync}, synchronous_commit {commit})",
            _Emptied(server),
            lambda: family(server.process_id),
        )


class _Emptied:
    """Makes one database after the other on a server."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self._numbers = itertools.count(1)

    @contextlib.contextmanager
    def __call__(self) -> Iterator[str]:
        name = f"bench_{next(self._numbers)}"
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        yield self._server.url.rpartition("/")[0] + f"/{name}"
        with psycopg.connect(self._server.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _one(connection: psycopg.Connection[tuple[str]], statement: str) -> str:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def fsync_ms(times: int = 200) -> float:
    """What it takes to force 4 KiB to the disk that the databases are on; the median."""
    taken = []
    with tempfile.TemporaryFile(prefix="threedots-bench-") as file:
        for _ in range(times):
            file.write(bytes(4096))
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - started)
    return median(taken) * 1000
