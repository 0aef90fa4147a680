"""The one database of a simulated line, in memory, on the thread of everything else."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar

from sqlalchemy import Engine, StaticPool, create_engine, event
from sqlmodel import Session, SQLModel

from memory.bubbles import dispatch
from memory.consents import opted_out
from memory.tables import BubbleState, Mailbox
from tests.history.history import Dispatch, Log

T = TypeVar("T")


class Database:
    """Work runs at once and alone, so that only its order matters."""

    def __init__(self, log: Log) -> None:
        self._engine = _engine()
        self._log = log
        with self._engine.connect() as connection:
            _empty().backup(connection.connection.dbapi_connection)  # type: ignore[arg-type]

    def write(self, work: Callable[[Session], T], *, run_twice: bool = False) -> T:
        """Run work and commit it; `run_twice` undoes a first run, as the writer may have to."""
        if run_twice:
            with contextlib.suppress(Exception), self._session() as session:
                work(session)
                session.flush()
                session.rollback()
        with self._session() as session:
            result = work(session)
            session.commit()
        self._note(work, result)
        return result

    def read(self, work: Callable[[Session], T]) -> T:
        with self._session() as session:
            return work(session)

    def _session(self) -> Session:
        return Session(self._engine, expire_on_commit=False)

    def _note(self, work: Any, result: Any) -> None:
        """Keep of a dispatch what its row does not: whether the lease was still the newest."""
        if not (isinstance(work, partial) and work.func is dispatch):
            return
        bubble, _ = result
        if bubble.state != BubbleState.DISPATCHED:
            return
        with self._session() as session:
            mailbox = session.get_one(Mailbox, bubble.mailbox_id)
            self._log.dispatches.append(
                Dispatch(
                    bubble.id,
                    epoch=work.keywords["claim"].epoch,
                    newest_epoch=mailbox.lease_epoch,
                    opted_out=bubble.kind not in ("notice", "crisis")
                    and opted_out(session, mailbox.group_id or mailbox.participant),
                )
            )


@cache
def _engine() -> Engine:
    """One for all histories: it remembers how statements are written, which takes most time."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


@cache
def _empty() -> sqlite3.Connection:
    """The tables and nothing in them. Migrations are tested elsewhere."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    SQLModel.metadata.create_all(engine)
    connection = engine.raw_connection().dbapi_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _set_up(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
