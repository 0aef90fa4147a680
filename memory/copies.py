"""A copy of the database: made while it is served, and known for a copy wherever it is put.

A copy tells of a day that is over. Served as it is, it would send bubbles that have been sent, and
text people who have said STOP since. So a database knows where it is at home, and one that is
not is refused by `serve` until `threedots restore` has been run.

SQLite    a number that changes with each start and stop of the server, in the file and beside it;
          a backup that we made says of itself that it is one
Postgres  the cluster's own identifier and that of the database, which a restored dump has not
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from memory import engines
from memory.database_file import DatabaseDamaged, file_of
from memory.dumps import dump
from memory.keepsakes import DeploymentKey
from memory.store import StoreUnavailable
from phone.clock import utc

log = logging.getLogger(__name__)

HOME = "home"
"""Under which name a database keeps where it is at home."""

COPIED = "copied"
"""Under which name a backup keeps when it was made; a restored one, that it is not settled yet."""


class IsACopy(StoreUnavailable):
    """This database was put here from elsewhere, or is a backup: it has to be restored first."""


class CannotBackUp(StoreUnavailable):
    """No copy could be made; the text says why, and what to do."""


def back_up(database_url: str, path: Path, *, now: float) -> None:
    """Write a copy of a database while it is served; whole, or not at all.

    Of SQLite a compact database, of Postgres a dump that `pg_restore` reads.

    Raises:
        CannotBackUp: No database is there, or `path` exists.
        CannotDump: Postgres' own tools could not do it.
        DatabaseDamaged: The copy is not sound. It is not left lying.
    """
    source = file_of(database_url)
    if source is not None and not source.exists():
        raise CannotBackUp(f"There is no database {source}; set DATABASE_URL to the one you mean.")
    if path.exists():
        raise CannotBackUp(f"{path} exists; a backup never writes over a file. Name another one.")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_WRONLY, 0o600))  # SQLite would let everybody read it
    try:
        if source is None:
            dump(database_url, part)
        else:
            _copy(source, part, now=now)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _copy(source: Path, part: Path, *, now: float) -> None:
    with closing(sqlite3.connect(source, timeout=engines.LOCK_WAIT)) as connection:
        connection.execute("VACUUM INTO ?", (str(part),))
    with closing(sqlite3.connect(part)) as copy:
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise DatabaseDamaged(f"{source} could not be copied soundly: {found}")
        stamp = (COPIED, utc(now).isoformat())
        copy.execute("INSERT OR REPLACE INTO deployment_key (name, key) VALUES (?, ?)", stamp)
        copy.commit()
    with part.open("rb") as written:
        os.fsync(written.fileno())


ENDS = {True: ".db", False: ".dump"}
"""How the copies of a SQLite database end, and those of Postgres."""


def copy_in(folder: Path, database_url: str, *, now: float) -> Path:
    """The path of a copy made now, in a folder of copies; by their names they are in order."""
    end = ENDS[file_of(database_url) is not None]
    return folder / f"threedots-{utc(now):%Y%m%dT%H%M%SZ}{end}"


def prune(folder: Path, database_url: str, *, keep: int) -> list[Path]:
    """Delete all copies in this folder but the newest so many; return those that are gone."""
    end = ENDS[file_of(database_url) is not None]
    named = re.compile(rf"threedots-\d{{8}}T\d{{6}}Z{re.escape(end)}")
    copies = sorted(file for file in folder.iterdir() if named.fullmatch(file.name))
    gone = copies[: max(len(copies) - keep, 0)]
    for file in gone:
        file.unlink()
    return gone


@contextmanager
def at_home(database_url: str) -> Iterator[None]:
    """Serve this database, if it is at home here; it is at home here from then on.

    Raises:
        IsACopy: It is not. Nothing was changed.
    """
    why = why_a_copy(database_url)
    if why is not None:
        raise IsACopy(
            f"{why} Served as it is, it could text people what they were texted before. "
            "Run: threedots restore"
        )
    _try_to_settle(database_url)
    try:
        yield
    finally:
        if file_of(database_url) is not None:
            _try_to_settle(database_url)


def _try_to_settle(database_url: str) -> None:
    """A full disk is no reason not to serve: it is at home by what it knows already."""
    try:
        settle(database_url)
    except (SQLAlchemyError, OSError) as error:
        log.warning("where the database is at home was not noted: %s", type(error).__name__)


def why_a_copy(database_url: str) -> str | None:
    """What shows that this database is a copy, in a sentence; None when it is at home here."""
    engine = engines.reader_engine(engines.database(database_url), connections=1)
    with _session(engine) as session:
        stamp, home = session.get(DeploymentKey, COPIED), session.get(DeploymentKey, HOME)
        if stamp is not None:
            made = datetime.fromisoformat(stamp.key)
            return f"This database is a backup of {made:%Y-%m-%d %H:%M} UTC, not restored yet."
        place = _here(session, database_url)
        if home is None or place is None or home.key in place:
            return None
    return "This database was served elsewhere, or later than its present state."


def mark(session: Session, *, now: float) -> None:
    """Note that this is a copy, until `settle`: whatever breaks on the way, nobody serves it."""
    if session.get(DeploymentKey, COPIED) is None:
        session.add(DeploymentKey(name=COPIED, key=utc(now).isoformat()))


def settle(database_url: str) -> None:
    """Make this database at home here. On SQLite every other copy is away from home from now on."""
    beside = _beside(database_url)
    engine = engines.writer_engine(engines.database(database_url))
    with _session(engine) as session, session.begin():
        kept = session.get(DeploymentKey, HOME)
        old = kept.key if kept else ""
        if beside is None:
            new = next(iter(_here(session, database_url) or [old]))
        else:
            new = secrets.token_hex(8)
            _write(beside, [new, old])  # both, until the database itself has the new one
        session.merge(DeploymentKey(name=HOME, key=new))
        if (stamp := session.get(DeploymentKey, COPIED)) is not None:
            session.delete(stamp)
    if beside is not None:
        _write(beside, [new])


def _here(session: Session, database_url: str) -> list[str] | None:
    """What the database would know if this were its home; None when nothing tells."""
    beside = _beside(database_url)
    if beside is not None:
        return beside.read_text().split() if beside.exists() else None
    connection, cluster = session.connection(), "?"
    if connection.execute(text(_MAY_ASK)).scalar():
        cluster = str(connection.execute(text(_CLUSTER)).scalar())
    return [f"{cluster}/{connection.execute(text(_DATABASE)).scalar()}"]


_MAY_ASK = "SELECT has_function_privilege('pg_control_system()', 'EXECUTE')"
_CLUSTER = "SELECT system_identifier FROM pg_control_system()"
_DATABASE = "SELECT oid FROM pg_database WHERE datname = current_database()"


def _beside(database_url: str) -> Path | None:
    file = file_of(database_url)
    return None if file is None else file.with_name(f"{file.name}.home")


def _write(file: Path, ids: list[str]) -> None:
    with file.open("w") as opened:
        opened.write("\n".join(ids) + "\n")
        opened.flush()
        os.fsync(opened.fileno())


@contextmanager
def _session(engine: Engine) -> Iterator[Session]:
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield session
    finally:
        engine.dispose()
