"""Several servers on one Postgres: any of them takes any webhook, and nothing is said twice."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session

from agent.beside import keep_at
from memory.listening import hear_replicas
from memory.store import Store, StoreUnavailable
from phone.clock import HeldClock
from tests.doors.processes import Phone, Process, eventually, free_port, serve, serving, twin_for
from tests.memory.people import deliver, inbound
from tests.openai_server import Answer, OpenAIServer, Silence, Step, openai_server
from tests.postgres import binaries, private_cluster

TAKEN_OVER_WITHIN = 40.0
"""Seconds from the death of a replica to the answer of another: what `serve` promises."""

OF_LISTENERS = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'"
"""The connections to this database that listen for what other servers say."""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    bin_folder = binaries()
    if bin_folder is None:
        pytest.skip("Postgres is not installed: apt-get install postgresql")
    with private_cluster(bin_folder) as url:
        yield url


_databases = itertools.count(1)


@pytest.fixture
def database(cluster: str) -> str:
    """An empty database of this test alone."""
    name = f"replicas_{next(_databases)}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return cluster.rpartition("/")[0] + f"/{name}"


@dataclass
class Balancer:
    """What stands before several servers: hands each webhook to the next of those named here."""

    port: int
    servers: list[Process] = field(default_factory=list)
    handed: Counter[str] = field(default_factory=Counter)
    _turn: Iterator[int] = field(default_factory=itertools.count)

    def next_server(self) -> Process:
        server = self.servers[next(self._turn) % len(self.servers)]
        self.handed[server.url] += 1
        return server


@contextmanager
def balancer() -> Iterator[Balancer]:
    class Forward(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if not balance.servers:
                self.send_error(503)
                return
            kept = {
                k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")
            }
            answer = httpx.post(balance.next_server().url + self.path, content=body, headers=kept)
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Not to the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Forward) as listening:
        balance = Balancer(listening.server_address[1])
        thread = threading.Thread(target=partial(listening.serve_forever, poll_interval=0.05))
        thread.start()
        try:
            yield balance
        finally:
            listening.shutdown()
            thread.join()


@dataclass
class Line:
    """A line whose webhooks go through a balancer, and the folder and database of its servers."""

    twin: Process
    phone: Phone
    balance: Balancer
    folder: Path
    database: str

    def replica(self, model: OpenAIServer) -> AbstractContextManager[Process]:
        """One more server, with a model of its own: an answer shows who gave it."""
        port = free_port()
        settings = serving(
            self.twin, port, DATABASE_URL=self.database, OPENAI_API_KEY=model.api_key,
            OPENAI_BASE_URL=model.url,
        )  # fmt: skip
        return serve(port, self.folder, **settings)

    def column(self, name: str) -> list:
        """Everything in a column of the servers' database: `turn.state`."""
        table = name.partition(".")[0]
        with psycopg.connect(self.database) as connection:
            return [row[0] for row in connection.execute(f"SELECT {name} FROM {table}")]

    def listeners(self) -> int:
        with psycopg.connect(self.database) as connection:
            return len(connection.execute(f"SELECT pid {OF_LISTENERS}").fetchall())


@pytest.fixture
def line(tmp_path: Path, database: str) -> Iterator[Line]:
    with balancer() as balance, twin_for(balance.port, tmp_path) as twin:
        yield Line(twin, Phone(twin), balance, tmp_path, database)


def says(*steps: Step) -> AbstractContextManager[OpenAIServer]:
    return openai_server(steps)


def test_twenty_people_are_answered_once_each_by_two_servers_sharing_the_work(line: Line):
    here, there = [Answer("Here.")] * 20, [Answer("There.")] * 20
    with (
        says(*here) as model, says(*there) as other_model,
        line.replica(model) as server, line.replica(other_model) as other,
    ):  # fmt: skip
        server.ready("/readyz")
        other.ready("/readyz")
        line.balance.servers = [server, other]
        twice = [{"action": "duplicate", "times": 20}]
        line.phone.http.put("/handset/webhook-faults", json=twice).raise_for_status()
        people = [f"+1415555{2000 + number}" for number in range(20)]
        asked = [line.phone.text("hello", from_handle=person) for person in people]
        answers = [line.phone.answered(conversation) for conversation in asked]
        handed = line.balance.handed.values
        eventually(lambda: len(handed()) == 2 and min(handed()) >= 20, what="duplicates for both")
        assert server.stop() == other.stop() == 0
    assert [line.phone.answers(conversation) for conversation in asked] == answers
    assert all(len(said) == 1 for said in answers)
    assert {said[0] for said in answers} == {"Here.", "There."}, "both took turns"


def test_a_turn_under_way_hears_a_text_that_another_server_took_in(line: Line):
    with (
        says(Silence(), Answer("Tea without sugar.")) as model,
        line.replica(model) as server, line.replica(model) as other,
    ):  # fmt: skip
        server.ready("/readyz")
        other.ready("/readyz")
        eventually(lambda: line.listeners() == 2, what="two servers that hear each other")
        line.balance.servers = [server]
        conversation = line.phone.text("tea, please")
        eventually(lambda: model.requests, what="request to the model")
        working = line.column("mailbox.lease_owner")[0]
        line.balance.servers = [other if f"-{server.popen.pid}-" in working else server]
        line.phone.text("no sugar")
        assert line.phone.answered(conversation) == ["Tea without sugar."]
        assert server.stop() == other.stop() == 0
    assert line.phone.answers(conversation) == ["Tea without sugar."]
    asked = str(model.requests[-1].body)
    assert "tea, please" in asked and "no sugar" in asked
    assert line.column("turn.attempts") == [1], "the other server left the turn alone"


def test_a_killed_servers_turns_are_taken_over_and_nothing_is_said_twice(line: Line):
    with (
        says(Silence(), Answer("On its way.")) as its_model, says(Answer("Still here.")) as model,
        line.replica(its_model) as killed,
    ):  # fmt: skip
        killed.ready("/readyz")
        line.balance.servers = [killed]
        unanswered = line.phone.text("are you there?")
        eventually(lambda: its_model.requests, what="request to the model")
        line.phone.fail(method="POST", path="/v1/messages", delay=20, after_effect=True, status=500)
        half_answered = line.phone.text("and for me?", from_handle="+14155550177")
        eventually(lambda: line.column("bubble.state") == ["dispatched"], what="bubble on its way")
        with line.replica(model) as other:
            other.ready("/readyz")
            line.balance.servers = [other]
            killed.kill()
            died_at = time.monotonic()
            assert line.phone.answered(unanswered) == ["Still here."]
            assert time.monotonic() - died_at < TAKEN_OVER_WITHIN
            eventually(lambda: set(line.column("turn.state")) == {"settled"}, what="both ends")
            assert line.phone.answered(half_answered) == ["On its way."]
            assert other.stop() == 0
    assert line.phone.answers(unanswered) == ["Still here."]
    assert line.phone.answers(half_answered) == ["On its way."]
    assert line.column("turn.attempts") == [2, 2], "each was begun by one and ended by the other"


# Within one process, where no look for work every half second can do what a notification should.


def test_a_server_that_waits_is_woken_when_another_has_stored_a_text(database: str):
    rung: list[int] = []

    async def scenario() -> None:
        async with Store(database) as here, Store(database) as elsewhere:
            hearing = asyncio.create_task(hear_replicas(here, rung.append))
            await asyncio.wait_for(here.wait_for_work(60), 10)  # it listens now
            noted = inbound("old", conversation_id="c_old", from_handle="p_old")
            await elsewhere.write(lambda s: deliver(s, noted, outcome="noted"))
            due = await elsewhere.write(lambda s: deliver(s, inbound("new")))
            await asyncio.wait_for(here.wait_for_work(60), 10)
            assert rung == [due.mailbox_id], "only what is due is announced, with its mailbox"
            await stopped(hearing)

    asyncio.run(scenario())


def test_nothing_is_announced_that_was_not_stored(database: str):
    rung: list[int] = []

    def undone(session: Session) -> None:
        deliver(session, inbound("never stored"))
        raise LookupError

    async def scenario() -> None:
        async with Store(database) as here, Store(database) as elsewhere:
            hearing = asyncio.create_task(hear_replicas(here, rung.append))
            await asyncio.wait_for(here.wait_for_work(60), 10)
            with pytest.raises(LookupError):
                await elsewhere.write(undone)
            other = inbound("stored", conversation_id="c_2", from_handle="p_2")
            due = await elsewhere.write(lambda s: deliver(s, other))
            await asyncio.wait_for(here.wait_for_work(60), 10)
            assert rung == [due.mailbox_id]
            await stopped(hearing)

    asyncio.run(scenario())


def test_a_lost_connection_is_said_and_made_again(database: str):
    rung: list[int] = []

    async def scenario() -> None:
        async with Store(database) as here, Store(database) as elsewhere:
            once = asyncio.create_task(hear_replicas(here, rung.append))
            await asyncio.wait_for(here.wait_for_work(60), 10)
            await elsewhere.write(cut_listeners)
            with pytest.raises(StoreUnavailable, match="cannot be heard"):
                await asyncio.wait_for(once, 10)

            hear = partial(hear_replicas, here, rung.append)
            kept = asyncio.create_task(keep_at("hearing", hear, every=0, clock=HeldClock()))
            await asyncio.wait_for(here.wait_for_work(60), 10)
            await elsewhere.write(cut_listeners)
            await asyncio.wait_for(here.wait_for_work(60), 10)  # it listens again
            due = await elsewhere.write(lambda s: deliver(s, inbound("hi")))
            await asyncio.wait_for(here.wait_for_work(60), 10)
            assert rung == [due.mailbox_id]
            await stopped(kept)

    asyncio.run(scenario())


def cut_listeners(session: Session) -> None:
    """End every connection to this database that listens, as a restart of Postgres would."""
    cut = text(f"SELECT pg_terminate_backend(pid) {OF_LISTENERS}")
    assert session.connection().execute(cut).scalars().all() == [True]


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
