"""A Postgres of our own for one test run, quicker than it is safe."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bench import postgres
from bench.postgres import PostgresServer, binaries

__all__ = ["PostgresServer", "binaries", "private_cluster", "private_server"]

FAST = "-c fsync=off -c full_page_writes=off -c deadlock_timeout=100ms"
"""Nothing in it has to outlive the run, and tests do not like to wait."""


@contextlib.contextmanager
def private_cluster(bin_folder: Path) -> Iterator[str]:
    """A running server that only this machine reaches; gives its URL, ends with the block."""
    with private_server(bin_folder) as server:
        yield server.url


@contextlib.contextmanager
def private_server(bin_folder: Path) -> Iterator[PostgresServer]:
    """The same, to be stopped and started at will."""
    with postgres.private_server(bin_folder, options=FAST) as server:
        yield server
