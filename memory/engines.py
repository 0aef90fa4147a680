"""The databases Threedots runs on, SQLite in a file or Postgres, each set to keep its word."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from phone.explained import Explained

LOCK_WAIT = 5
"""How long, in seconds, a statement waits for somebody else's lock before it fails. For SQLite,
`?timeout=` in the URL says otherwise."""

CONNECT_WAIT = 5
"""How long, in seconds, to try to reach Postgres, unless `?connect_timeout=` says otherwise."""

SILENCE = 10
"""How long, in seconds, Postgres may leave what we sent unacknowledged before we call it gone."""


COMMAND = "threedots"
"""What Postgres is told who we are."""


class BadDatabaseURL(Explained, ValueError):
    """The address of the database is not one Threedots can use; the text says what would be."""

    exit_code = 2


def database(url: str) -> URL:
    """Read a `DATABASE_URL`: `sqlite:///file.db` or `postgresql://user:password@host/name`.

    What the driver understands may follow: `?timeout=30`, `?sslmode=require`.

    Raises:
        BadDatabaseURL: Anything else. Its text never shows a password.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise BadDatabaseURL(f"The database URL cannot be read. {_USE}") from None
    if parsed.drivername in ("postgresql", "postgresql+psycopg"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername != "sqlite":
        raise BadDatabaseURL(f"The database URL starts with {parsed.drivername}://. {_USE}")
    if parsed.host or parsed.database in (None, "", ":memory:"):
        # Several connections share the data, and it must outlive the process: so it is a file.
        raise BadDatabaseURL(f"{url} names no file. {_USE}")
    return parsed


_USE = (
    "Set DATABASE_URL to sqlite:///folder/file.db (three slashes: from the working directory, "
    "four: from the root) or to postgresql://user:password@host:5432/name"
)


def writer_engine(url: URL, *, name: str = COMMAND) -> Engine:
    """The engine of the one thread that writes.

    Args:
        name: Under which Postgres shows its connections to others.
    """
    engine = _engine(url, connections=1, name=name)
    if is_sqlite(url):
        # The write lock is taken at once: a transaction that reads first and wants to write later
        # would be refused without waiting when another process wrote in between.
        event.listen(engine, "begin", _begin_immediate)
    return engine


def reader_engine(url: URL, *, connections: int) -> Engine:
    """The engine of those who only read; the database refuses their writes."""
    engine = _engine(url, connections=connections)
    if is_sqlite(url):
        event.listen(engine, "begin", _begin)
        event.listen(engine, "connect", _refuse_writes)
        return engine
    return engine.execution_options(postgresql_readonly=True)


def is_sqlite(url: URL) -> bool:
    """Whether this is the file database, which one process writes at a time."""
    return url.drivername == "sqlite"


def _engine(url: URL, *, connections: int, name: str = COMMAND) -> Engine:
    if is_sqlite(url):
        _make(Path(str(url.database)))
        options = {"timeout": LOCK_WAIT, "check_same_thread": False}
        set_up: Callable[[Any, Any], None] = _set_up_sqlite
    else:
        options = {"connect_timeout": CONNECT_WAIT, "tcp_user_timeout": SILENCE * 1000}
        set_up = partial(_set_up_postgres, name=name)
    stated = {name: value for name, value in options.items() if name not in url.query}
    engine = create_engine(url, pool_size=connections, max_overflow=0, connect_args=stated)
    event.listen(engine, "connect", set_up)
    return engine


def _make(file: Path) -> None:
    """See that the file is there; a new one is for its owner's eyes alone, as what it will hold."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL, 0o600))


def _set_up_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # sqlite3 would begin transactions of its own otherwise
    connection.execute("PRAGMA foreign_keys = ON")
    # NORMAL may lose the last commits on a power cut, and intake has said 200 for them by then.
    connection.execute("PRAGMA synchronous = FULL")


def _set_up_postgres(connection: Any, record: Any, *, name: str) -> None:
    connection.autocommit = True  # a SET inside a transaction is undone by its rollback
    connection.execute("SELECT set_config('application_name', %s, false)", (name[:63],))
    connection.execute("SET synchronous_commit = on")
    connection.execute(f"SET lock_timeout = '{LOCK_WAIT}s'")
    connection.autocommit = False


def _refuse_writes(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA query_only = ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
