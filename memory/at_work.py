"""Which servers are at work on a Postgres: it shows every connection under its name.

A SQLite file has a lock instead, see `memory.database_file.served_alone`.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from memory import engines
from memory.database_file import AlreadyServed
from memory.store import StoreUnavailable

SERVER = "threedots serve "
"""Begins the name under which a server is connected to Postgres; then comes its machine's."""


def check_unserved(database_url: str) -> None:
    """Let through a Postgres at which no server of ours is at work; for SQLite see `served_alone`.

    Raises:
        AlreadyServed: One is; its machine is named.
        StoreUnavailable: Postgres could not be asked.
    """
    url = engines.database(database_url)
    if engines.is_sqlite(url):
        return
    engine = engines.reader_engine(url, connections=1)
    try:
        with engine.connect() as connection:
            names = connection.execute(_SERVERS, {"server": f"{SERVER}%"}).scalars().all()
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnavailable(f"The database cannot do it now: {cause}") from error
    finally:
        engine.dispose()
    if names:
        told = ", ".join(name.removeprefix(SERVER) for name in names)
        raise AlreadyServed(
            f"This database is being served, by {told}. Stop every server first: while one works "
            "on, bubbles that were to expire would be sent. Nothing was changed."
        )


_SERVERS = text(
    "SELECT DISTINCT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND application_name LIKE :server ORDER BY 1"
)
