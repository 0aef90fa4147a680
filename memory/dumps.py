"""A copy of a Postgres database, by its own tools, which every Postgres has.

`pg_dump` reads one moment of the database while it is served. What it wrote is read once more by
`pg_restore`, so that a copy that is none is noticed now, and not on the day it is needed.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from memory import engines
from memory.store import StoreUnavailable


class CannotDump(StoreUnavailable):
    """Postgres' tools are missing or have failed; the text says how."""


def dump(database_url: str, part: Path) -> None:
    """Write the whole database into this file, which is there already and only its owner's.

    Raises:
        CannotDump: It could not be written, or not be read again.
    """
    from psycopg.conninfo import make_conninfo

    url = engines.database(database_url)
    more = {name: str(value) for name, value in url.query.items() if name != "connect_timeout"}
    with tempfile.NamedTemporaryFile("w", prefix="threedots-", suffix=".pgpass") as passwords:
        # A password in the arguments would be seen by everybody on this machine.
        escaped = (url.password or "").replace("\\", "\\\\").replace(":", "\\:")
        passwords.write(f"*:*:*:*:{escaped}\n")
        passwords.flush()
        there = make_conninfo(
            "",
            **more,
            host=url.host,
            port=url.port,
            user=url.username,
            dbname=url.database,
            passfile=passwords.name,
            connect_timeout=engines.CONNECT_WAIT,
        )
        _run(["pg_dump", "--format=custom", "--no-password", f"--file={part}", f"--dbname={there}"])
    _run(["pg_restore", "--list", str(part)])
    with part.open("rb") as written:
        os.fsync(written.fileno())


def _run(command: list[str]) -> None:
    tool = command[0]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own words
    except FileNotFoundError:
        raise CannotDump(
            f"{tool} is not on this machine; install Postgres' client, of the server's version or "
            "a newer one (apt-get install postgresql-client), or run backup where it is."
        ) from None
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"it ended with {done.returncode}"
        raise CannotDump(f"The database could not be copied. {said}")
