"""Bring the database's tables up to date, or refuse one that a newer Threedots has changed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from phone.explained import Explained

if TYPE_CHECKING:  # loaded only where there is something to upgrade: half of a quick start
    from alembic.config import Config
    from sqlmodel import Session

MIGRATIONS = Path(__file__).with_name("migrations")

UPGRADE_LOCK = 7_303_014_001
"""Postgres advisory lock under which one process upgrades at a time: any unused number."""

_ALEMBIC = threading.Lock()
"""Alembic keeps the migration at hand in global variables: one at a time within a process, too."""


class SchemaTooNew(Explained, RuntimeError):
    """The database was upgraded by a newer Threedots: run that one, or restore a backup."""


def upgrade(engine: Engine) -> None:
    """Run every migration the database has not seen, in one transaction.

    Processes that start together wait for each other, and the later ones find nothing to do.

    Raises:
        SchemaTooNew: The database knows a migration this code does not.
    """
    if engine.dialect.name == "sqlite":
        _write_ahead(engine)
    with _ALEMBIC, engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK})
        known, current = revisions(), _current(connection)
        if current is not None and current not in known:
            raise SchemaTooNew(
                f"The database is at schema {current}, which this version of Threedots does not "
                "know: a newer one has upgraded it. Start that version, or restore a backup."
            )
        if current != known[-1]:
            from alembic import command

            command.upgrade(migrations(connection), "head")


def revisions() -> list[str]:
    """Every migration there is, oldest first: a file's name begins with its number."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def stands_at(session: Session) -> str | None:
    """The last migration the database has seen by now: another process may have brought it on."""
    return session.connection().execute(_STANDS_AT).scalar()


_STANDS_AT = text("SELECT version_num FROM alembic_version")


def _current(connection: Connection) -> str | None:
    """The last migration the database has seen; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrations(connection: Connection) -> Config:
    """Alembic's configuration, built here so that no `alembic.ini` is needed.

    To write the next migration, see `memory/migrations/env.py`.
    """
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _write_ahead(engine: Engine) -> None:
    """Let readers go on while somebody writes. Kept in the file; not settable in a transaction."""
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
