import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import text
from sqlmodel import Session, func, select

from memory.consents import opted_out
from memory.engines import BadDatabaseURL
from memory.inbox import Receipt
from memory.store import Store, StoreUnavailable
from memory.tables import Event, EventKey, Mailbox, Message
from memory.turns import Claim, claim
from phone.clock import utc
from tests.memory.people import ANA, NOW, deliver, inbound

T = TypeVar("T")
ROOT = Path(__file__).parents[2]


def event(name: str) -> Event:
    return Event(webhook_id=name, event="e", body=b"", received_at=utc(NOW))


def add(name: str) -> Callable[[Session], str]:
    """Work that stores one event."""

    def work(session: Session) -> str:
        session.add(event(name))
        return name

    return work


def names(session: Session) -> set[str]:
    return set(session.exec(select(Event.webhook_id)))


class Gate:
    """Work that keeps the writer thread busy until the test opens it, so that a group gathers."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, session: Session) -> None:
        self.reached.set()
        assert self.opened.wait(10)


async def all_at_once(store: Store, *works: Callable[[Session], T]) -> list[T | BaseException]:
    """Run these as one group, whatever the timing."""
    gate = Gate()
    held = asyncio.ensure_future(store.write(gate))
    await asyncio.to_thread(gate.reached.wait, 10)
    tasks = [asyncio.ensure_future(store.write(work)) for work in works]
    await asyncio.sleep(0)
    gate.opened.set()
    await held
    return await asyncio.gather(*tasks, return_exceptions=True)


def test_what_was_written_is_read(url: str):
    async def scenario() -> None:
        async with Store(url) as store:
            assert await store.write(add("one")) == "one"
            assert await store.read(names) == {"one"}
        async with Store(url) as store:
            assert await store.read(names) == {"one"}

    asyncio.run(scenario())


def test_rows_remain_usable_outside(url: str):
    async def scenario() -> None:
        async with Store(url) as store:
            receipt = await store.write(lambda s: deliver(s, inbound("hi")))
            box = await store.write(lambda s: s.get_one(Mailbox, receipt.mailbox_id))
            message = await store.read(lambda s: s.exec(select(Message)).one())
        assert (box.participant, box.due_at, message.text) == (ANA, utc(NOW), "hi")

    asyncio.run(scenario())


def test_what_waits_together_is_committed_together(url: str):
    async def scenario() -> None:
        async with Store(url) as store:
            transaction = text(
                "SELECT pg_current_xact_id()::text"
                if "postgres" in url
                else "SELECT total_changes()"
            )

            def which(session: Session) -> str:
                session.add(event("e"))
                session.flush()
                return str(session.connection().execute(transaction).scalar_one())

            seen = await all_at_once(store, which, which, which)
        if "postgres" in url:
            assert len(set(seen)) == 1
        else:
            assert [int(it) - int(seen[0]) for it in seen] == [0, 1, 2]

    asyncio.run(scenario())


def test_a_failing_piece_of_work_fails_alone(url: str):
    def fail(session: Session) -> str:
        session.add(event("half done"))
        session.flush()
        raise LookupError("no such thing")

    async def scenario() -> None:
        async with Store(url) as store:
            results = await all_at_once(store, add("before"), fail, add("after"))
            assert results[0] == "before" and results[2] == "after"
            assert isinstance(results[1], LookupError)
            assert await store.read(names) == {"before", "after"}
            assert await store.write(add("later")) == "later"

    asyncio.run(scenario())


def test_a_broken_rule_of_the_database_reaches_only_who_broke_it(url: str):
    def orphan(session: Session) -> str:
        session.add(EventKey(key="k", event_id=404))
        return "stored"

    async def scenario() -> None:
        async with Store(url) as store:
            results = await all_at_once(store, add("a"), orphan, add("b"))
            assert "IntegrityError" in type(results[1]).__name__
            assert await store.read(names) == {"a", "b"}

    asyncio.run(scenario())


def test_each_piece_of_work_sees_what_ran_before_it_in_the_group(url: str):
    async def scenario() -> None:
        async with Store(url) as store:
            stop = inbound("STOP", message_id="m1")
            results = await all_at_once(
                store,
                lambda s: deliver(s, stop),
                lambda s: opted_out(s, ANA),
                lambda s: deliver(s, stop),
            )
        first, was_out, again = results
        assert isinstance(first, Receipt) and isinstance(again, Receipt)
        assert (first.result, was_out, again.result) == ("accepted", True, "duplicate")

    asyncio.run(scenario())


def test_a_result_is_given_out_only_after_the_commit(url: str):
    async def scenario() -> None:
        async with Store(url) as store, Store(url) as other:
            for number in range(20):
                name = await store.write(add(str(number)))
                assert name in await other.read(names)

    asyncio.run(scenario())


def test_cancelling_who_waits_takes_nothing_back_and_hurts_nobody(url: str):
    async def scenario() -> None:
        async with Store(url) as store:
            gate = Gate()
            held = asyncio.ensure_future(store.write(gate))
            await asyncio.to_thread(gate.reached.wait, 10)
            impatient = asyncio.ensure_future(store.write(add("impatient")))
            patient = asyncio.ensure_future(store.write(add("patient")))
            await asyncio.sleep(0)
            impatient.cancel()
            gate.opened.set()
            await held
            assert await patient == "patient"
            assert impatient.cancelled()
            assert await store.read(names) == {"impatient", "patient"}

    asyncio.run(scenario())


def test_a_full_queue_refuses_at_once(url: str):
    async def scenario() -> None:
        async with Store(url, queue_limit=3) as store:
            gate = Gate()
            held = asyncio.ensure_future(store.write(gate))
            await asyncio.to_thread(gate.reached.wait, 10)
            waiting = [asyncio.ensure_future(store.write(add(str(it)))) for it in range(3)]
            await asyncio.sleep(0)
            with pytest.raises(StoreUnavailable, match="3 writes are waiting"):
                await store.write(add("one too many"))
            gate.opened.set()
            await asyncio.gather(held, *waiting)
            assert await store.write(add("later")) == "later"
            assert await store.read(names) == {"0", "1", "2", "later"}

    asyncio.run(scenario())


def test_closing_finishes_what_was_accepted_and_then_refuses(url: str):
    async def scenario() -> None:
        store = Store(url)
        await store.open()
        writes = [asyncio.ensure_future(store.write(add(str(it)))) for it in range(50)]
        await asyncio.sleep(0)
        await store.close()
        assert await asyncio.gather(*writes) == [str(it) for it in range(50)]
        with pytest.raises(StoreUnavailable, match="not open"):
            await store.write(add("late"))
        with pytest.raises(StoreUnavailable, match="not open"):
            await store.read(names)
        await store.close()

    asyncio.run(scenario())


def test_a_reader_cannot_write(url: str):
    def write(session: Session) -> None:
        session.add(event("sneaked in"))
        session.flush()

    async def scenario() -> None:
        async with Store(url) as store:
            with pytest.raises(StoreUnavailable):
                await store.read(write)
            assert await store.read(names) == set()

    asyncio.run(scenario())


def test_reads_go_on_while_somebody_writes(url: str):
    async def scenario() -> None:
        async with Store(url) as store:
            gate = Gate()
            held = asyncio.ensure_future(store.write(gate))
            await asyncio.to_thread(gate.reached.wait, 10)
            async with asyncio.timeout(5):
                assert await store.read(names) == set()
            gate.opened.set()
            await held

    asyncio.run(scenario())


def test_the_same_delivery_at_once_from_many_tasks_is_one_row(url: str):
    async def scenario() -> None:
        async with Store(url) as here, Store(url) as replica:
            twenty = [inbound(message_id="msg_same") for _ in range(20)]
            receipts = await asyncio.gather(
                *(
                    store.write(lambda s, e=it: deliver(s, e))
                    for it, store in zip(twenty, [here, replica] * 10, strict=True)
                )
            )
            assert sorted(it.result for it in receipts) == ["accepted"] + ["duplicate"] * 19
            for table in (Message, Event, EventKey, Mailbox):
                count = select(func.count()).select_from(table)
                assert await here.read(lambda s, c=count: s.exec(c).one()) == 1

    asyncio.run(scenario())


def test_two_replicas_never_claim_the_same_mailbox(url: str):
    async def scenario() -> None:
        async with Store(url) as here, Store(url) as replica:
            for name in range(10):
                message = inbound(conversation_id=f"c{name}", from_handle=f"p{name}")
                await here.write(lambda s, m=message: deliver(s, m))

            async def work(store: Store, owner: str) -> list[Claim]:
                claims = []
                while mine := await store.write(lambda s: claim(s, owner=owner, now=NOW)):
                    claims.append(mine)
                return claims

            both = await asyncio.gather(work(here, "here"), work(replica, "replica"))
            claims = both[0] + both[1]
            assert len(claims) == len({it.mailbox_id for it in claims}) == 10

    asyncio.run(scenario())


# Waking


def test_a_worker_wakes_when_told_and_hears_what_was_said_before_it_listened(tmp_path: Path):
    async def scenario() -> None:
        store = Store(f"sqlite:///{tmp_path / 'a.db'}")
        waiting = [asyncio.ensure_future(store.wait_for_work(30)) for _ in range(2)]
        await asyncio.sleep(0)
        store.wake()
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        store.wake()
        await asyncio.wait_for(store.wait_for_work(30), 5)
        await asyncio.wait_for(store.wait_for_work(0.01), 5)

    asyncio.run(scenario())


# Trouble


def test_a_full_disk_is_unavailable_and_passes(tmp_path: Path):
    def fill(session: Session) -> None:
        session.add(Event(webhook_id="big", event="e", body=b"x" * 3_000_000, received_at=utc(NOW)))

    async def scenario() -> None:
        async with Store(f"sqlite:///{tmp_path / 'a.db'}") as store:
            limit = lambda pages: text(f"PRAGMA max_page_count = {pages}")  # noqa: E731
            await store.write(lambda s: s.connection().execute(limit(200)).scalar_one())
            with pytest.raises(StoreUnavailable, match="full"):
                await store.write(fill)
            assert await store.write(add("small")) == "small"
            await store.write(lambda s: s.connection().execute(limit(1_000_000)).scalar_one())
            await store.write(fill)
            assert await store.read(names) == {"small", "big"}

    asyncio.run(scenario())


def test_a_database_that_somebody_else_has_locked_is_unavailable(tmp_path: Path):
    async def scenario() -> None:
        async with Store(f"sqlite:///{tmp_path / 'a.db'}?timeout=0.1") as store:
            other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="locked"):
                await store.write(add("now"))
            other.close()
            assert await store.write(add("then")) == "then"

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_lost_connection_is_made_again_and_the_group_replayed(url: str):
    def cut(session: Session) -> None:
        session.connection().execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = :it"),
            {"it": backend},
        )

    backend = 0

    async def scenario() -> None:
        nonlocal backend
        async with Store(url) as store, Store(url) as other:
            pid = text("SELECT pg_backend_pid()")
            backend = await store.write(lambda s: s.connection().execute(pid).scalar_one())
            await other.write(cut)
            assert await all_at_once(store, add("a"), add("b")) == ["a", "b"]
            assert await store.read(names) == {"a", "b"}

    asyncio.run(scenario())


def test_a_postgres_that_is_not_there_is_unavailable():
    async def scenario() -> None:
        with pytest.raises(StoreUnavailable):
            await Store("postgresql://nobody@127.0.0.1:1/nothing").open()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "bad",
    [
        "mysql://u:hunter2@h/d",
        "sqlite://",
        "sqlite:///:memory:",
        "postgres://u:hunter2@h/d",
        "",
        "a",
    ],
)
def test_any_other_address_is_refused_with_what_would_be_right(bad: str):
    with pytest.raises(BadDatabaseURL, match="sqlite:///") as refused:
        Store(bad)
    assert "hunter2" not in str(refused.value)


def test_the_folder_of_a_database_file_is_made_beside_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)

    async def scenario() -> None:
        async with Store("sqlite:///.threedots/deep/a.db") as store:
            await store.write(add("one"))

    asyncio.run(scenario())
    assert (tmp_path / ".threedots/deep/a.db").exists()


def test_sqlite_keeps_what_it_promised_through_a_power_cut(tmp_path: Path):
    async def scenario() -> None:
        async with Store(f"sqlite:///{tmp_path / 'a.db'}") as store:
            pragmas = {}
            for name in ("journal_mode", "synchronous", "foreign_keys"):
                pragma = text(f"PRAGMA {name}")
                pragmas[name] = await store.write(
                    lambda s, p=pragma: s.connection().execute(p).scalar_one()
                )
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

    asyncio.run(scenario())


WRITER = """
import asyncio, sys
from memory.store import Store
from tests.memory.people import deliver, inbound

async def client(store, name):
    number = 0
    while True:
        number += 1
        mine = inbound(message_id=f"{name}-{number}", conversation_id=f"conv_{name}")
        await store.write(lambda s: deliver(s, mine))
        print(mine.message_id, flush=True)

async def main():
    async with Store(sys.argv[1]) as store:
        await asyncio.gather(*(client(store, name) for name in range(8)))

asyncio.run(main())
"""


def test_what_was_acknowledged_before_a_kill_is_there_afterwards(url: str):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, url],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert writer.stdout is not None
    acknowledged = {writer.stdout.readline().decode().strip() for _ in range(200)}
    os.kill(writer.pid, signal.SIGKILL)
    rest = writer.communicate()[0].decode()
    acknowledged |= set(rest[: rest.rfind("\n") + 1].split())

    async def scenario() -> None:
        async with Store(url) as store:
            stored = set(await store.read(lambda s: s.exec(select(Message.message_id)).all()))
            assert acknowledged <= stored
            assert len(stored) - len(acknowledged) <= 8, "one in flight for each client at most"
            events = await store.read(lambda s: s.exec(select(func.count(Event.id))).one())
            assert events == len(stored), "no half of a transaction"

    asyncio.run(scenario())


def test_a_new_file_is_for_its_owners_eyes_alone(tmp_path: Path):
    file = tmp_path / "deep" / "threedots.db"

    async def modes() -> set[int]:
        async with Store(f"sqlite:///{file}"):
            return {stat.S_IMODE(path.stat().st_mode) for path in file.parent.glob("*.db*")}

    assert asyncio.run(modes()) == {0o600}
