"""How replicas on one Postgres wake each other: whoever stores a text tells, and all hear it.

    accept ─▶ announce ─▶ commit ─▶ NOTIFY threedots_work, '12' ─▶ wake, and ring in mailbox 12

A notification is a hint and no more. Workers look for due work now and then by themselves, so one
that is lost costs half a second; one that is heard twice costs a look that finds nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, text
from sqlmodel import Session

from memory import engines
from memory.store import Store, StoreUnavailable

if TYPE_CHECKING:  # to load it takes a fifth of a second, for nothing on SQLite
    import psycopg

CHANNEL = "threedots_work"
"""The name under which Postgres carries it: the same in every replica of every version."""

RECONNECT_AFTER = 2.0
"""Seconds to wait before listening again when the connection was lost."""

_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


def announce(session: Session, mailbox_id: int) -> None:
    """Tell every replica, once this transaction is committed, that something waits in a mailbox.

    Postgres delivers nothing of a transaction that is undone. On SQLite there is nobody to tell.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY, {"channel": CHANNEL, "payload": str(mailbox_id)})


async def hear_replicas(store: Store, ring: Callable[[int], None]) -> None:
    """Wake the workers of this process at every announcement, our own too, until cancelled.

    They are woken once at the beginning as well: something may have been said before we listened.

    Args:
        ring: Told the mailbox of each announcement, so that a turn under way there hears of it.

    Raises:
        StoreUnavailable: The connection could not be made or was lost. Call again after a pause.
    """
    import psycopg

    try:
        connection = await _connect(store.url)
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
            store.wake()
            async for notification in connection.notifies():
                store.wake()
                if notification.payload.isdecimal():
                    ring(int(notification.payload))
        finally:
            await connection.close()
    except psycopg.Error as error:
        raise StoreUnavailable(f"Other replicas cannot be heard now: {error}") from error


async def _connect(url: URL) -> psycopg.AsyncConnection[Any]:
    """A connection of its own: one that listens is never lent to anybody.

    It says nothing by itself, so only probes find out that the other end is gone without a word.
    """
    import psycopg

    _, options = url.get_dialect()().create_connect_args(url)
    ours = {
        "connect_timeout": engines.CONNECT_WAIT,
        "keepalives_idle": engines.SILENCE,
        "keepalives_interval": engines.SILENCE // 2,
        "keepalives_count": 2,
    }
    return await psycopg.AsyncConnection.connect(autocommit=True, **{**ours, **options})
