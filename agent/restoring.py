"""Restoring a database, step by step: whatever breaks on the way, `serve` refuses it until the end.

the copy in its place ─▶ marked ─▶ nothing waits ─▶ ledgers joined ─▶ AgentPhone asked ─▶ at home
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
from sqlmodel import Session

from agent.erasing import forget, list_of
from agent.settings import Settings
from memory import after_restore, copies, erasures
from memory.after_restore import Ledgers, Settled
from memory.at_work import check_unserved
from memory.database_file import AlreadyServed, check_whole, file_of, served_alone
from memory.disks import check_disk
from memory.store import Store
from phone.client import AgentPhoneClient
from phone.clock import Clock, utc

log = logging.getLogger(__name__)


class CannotRestore(Exception):
    """There is nothing to restore; the text says why."""


async def restore_database(
    settings: Settings,
    copy: Path | None,
    *,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Settled:
    """Put a copy in the database's place, or take the database as it stands, and make it safe.

    Args:
        copy: A backup of a SQLite database; None when it has been put back already.

    Raises:
        CannotRestore: The copy is none.
        OnANetworkDisk: The database would lie on another machine's disk.
        AlreadyServed: A server is at work on it.
        DatabaseDamaged: The copy is damaged. Nothing was changed.
        PhoneError: AgentPhone cannot be asked. `serve` refuses the database until it could be.
    """
    url, now = settings.database_url, clock.now()
    check_disk(url)
    check_unserved(url)
    if copy is not None:
        _check_copy(url, copy)
    listed, stopped = erasures.listed_in(list_of(settings)), erasures.stopped_in(list_of(settings))
    beside = Ledgers(erasures=listed, stopped=stopped)
    with _stopped(url):
        if copy is None:
            settled = await _close(url, beside, now=now)
        else:
            settled = await _put_in_place(url, copy, beside, now=now)
        async with Store(url) as store:
            await _ask_agentphone(settings, store, settled, clock=clock, transport=transport)
        copies.settle(url)
    return settled


async def _close(database_url: str, ledgers: Ledgers, *, now: float) -> Settled:
    """Mark it as a copy, let nothing wait in it, and join the ledgers."""
    async with Store(database_url) as store:
        await store.write(partial(copies.mark, now=now))
        return await store.write(partial(_settle, ledgers=ledgers, now=now))


def _settle(session: Session, *, ledgers: Ledgers, now: float) -> Settled:
    settled = Settled()
    after_restore.close_all(session, settled, now=now)
    after_restore.join_ledgers(session, ledgers, settled, now=now)
    return settled


async def _ask_agentphone(
    settings: Settings,
    store: Store,
    settled: Settled,
    *,
    clock: Clock,
    transport: httpx.AsyncBaseTransport | None,
) -> None:
    """Learn who is out by now, and take away what was erased, should the copy have brought it."""
    key = settings.agentphone_api_key
    async with AgentPhoneClient(
        key.get_secret_value() if key else "",
        base_url=settings.agentphone_base_url,
        transport=transport,
        clock=clock,
    ) as phone:
        listed = [conversation async for conversation in phone.conversations()]
        for conversation_id in settled.conversations:
            await forget(phone, conversation_id)
    obey = partial(after_restore.obey_flags, conversations=listed, now=clock.now())
    found = await store.write(partial(_obeyed, obey))
    settled.opt_outs += found


def _obeyed(obey: partial[None], session: Session) -> int:
    found = Settled()
    obey(session, settled=found)
    return found.opt_outs


async def _put_in_place(database_url: str, copy: Path, beside: Ledgers, *, now: float) -> Settled:
    """Make a copy of the copy safe, move the database aside, and put that in its place."""
    file = _file(database_url)
    ledgers = after_restore.ledgers_of(file) if file.exists() else Ledgers()
    part = file.with_name(f"{file.name}.part")
    shutil.copyfile(copy, part)
    os.chmod(part, 0o600)
    erased = [*ledgers.erasures, *beside.erasures]
    joined = replace(ledgers, erasures=erased, stopped=beside.stopped)
    settled = await _close(f"sqlite:///{part}", joined, now=now)
    _flush(part)
    if file.exists():
        aside = file.with_name(f"{file.name}.before-{utc(now):%Y%m%dT%H%M%S}")
        _flush(file)
        file.replace(aside)
        log.warning("the database that was there is now %s", aside)
    for end in ("-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)
        part.with_name(part.name + end).unlink(missing_ok=True)
    part.replace(file)
    return settled


def _flush(file: Path) -> None:
    """Bring what SQLite keeps beside the file into it; a damaged one is kept as it is."""
    try:
        with closing(sqlite3.connect(file, timeout=5)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        log.warning("%s is damaged and kept as it is", file)


@contextmanager
def _stopped(database_url: str) -> Iterator[None]:
    """Hold the file as a server would. What helps is not what helps a second server."""
    try:
        with served_alone(database_url):
            yield
    except AlreadyServed as error:
        raise AlreadyServed(
            f"{file_of(database_url)} is being served. Stop the server first: while it works on, "
            "bubbles that were to expire would be sent. Nothing was changed."
        ) from error


def _file(database_url: str) -> Path:
    file = file_of(database_url)
    if file is None:
        raise CannotRestore(
            "DATABASE_URL is on Postgres: put the copy back with pg_restore, then run "
            "`threedots restore` without a file."
        )
    return file


def _check_copy(database_url: str, copy: Path) -> None:
    _file(database_url)
    if not copy.is_file():
        raise CannotRestore(f"There is no file {copy}.")
    check_whole(f"sqlite:///{copy}")
    with closing(sqlite3.connect(f"file:{copy}?mode=ro", uri=True)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if "mailbox" not in tables:
        raise CannotRestore(f"{copy} is no database of Threedots.")


def in_words(settled: Settled) -> Sequence[str]:
    """What was done, line by line."""
    return [
        f"Bubbles that waited and have expired; nothing old is sent: {settled.bubbles}",
        f"Bubbles that were on their way; looked for, never sent again: {settled.unknown}",
        "Messages that waited and are dropped; what was written since is read back when the server "
        f"starts: {settled.messages}",
        f"People who have opted out since, and are out: {settled.opt_outs}",
        f"People who were erased since, and are erased again: {settled.erased}",
    ]
