"""The file of a SQLite database: in the hands of one server, and whole.

The workers of a starting server void every lease, because whoever held one must be dead. A second
server on the same file would make that a lie. Commands beside a running server only read, or write
a row that its workers find: they need no permission.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from memory import engines
from memory.store import StoreUnavailable


class AlreadyServed(StoreUnavailable):
    """Another process serves this file."""


class DatabaseDamaged(StoreUnavailable):
    """The file is not what SQLite wrote: restore a backup."""


@contextmanager
def served_alone(database_url: str) -> Iterator[None]:
    """Hold the file as its only server. The lock ends with the process, however that ends.

    Postgres has leases for several servers and is let through.

    Raises:
        AlreadyServed: Another process does.
    """
    file = file_of(database_url)
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    # Never deleted: whoever held a deleted file would not see the lock on the new one.
    holding = os.open(f"{file}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _lock(holding):
            raise AlreadyServed(
                f"{file} is served by another process. Stop that one first, or give this one a "
                "database of its own with DATABASE_URL."
            )
        yield
    finally:
        os.close(holding)


def check_whole(database_url: str) -> None:
    """Let SQLite look the whole file over; it takes about a second per gigabyte.

    Raises:
        DatabaseDamaged: It found something wrong.
    """
    file = file_of(database_url)
    if file is None or not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=engines.LOCK_WAIT)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA quick_check(1)")]
    except sqlite3.OperationalError:
        return  # locked or out of reach: opening it will say so
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    if found != ["ok"]:
        raise DatabaseDamaged(
            f"{file} is damaged ({found[0]}). Nothing was changed in it. Restore a backup, or move "
            "the file away to start with an empty one."
        )


def file_of(database_url: str) -> Path | None:
    """The file of a SQLite database; None for Postgres."""
    url = engines.database(database_url)
    return Path(str(url.database)) if engines.is_sqlite(url) else None


def _lock(holding: int) -> bool:
    """Whether the lock is ours; nobody waits for it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(holding, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(holding, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
