"""The line to Postgres breaks during a commit, and nobody knows whether it happened: it had."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

import pytest
from sqlalchemy import make_url
from sqlmodel import Session, col, select

from memory.bubbles import Draft, abandon, dispatch, prepare
from memory.store import Store
from memory.tables import Bubble, Message, Turn
from memory.turns import Burst, Claim, claim, take
from tests.memory.conftest import Database
from tests.memory.people import ANA, NOW, deliver, inbound

T = TypeVar("T")


class Line:
    """Between a store and its Postgres: it can keep the answer to a commit, and hang up."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._cuts = 0
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._answer, daemon=True).start()

    def cut(self, *, commits: int = 1) -> None:
        """Hang up after so many of the next commits, each after it happened."""
        self._cuts = commits

    def close(self) -> None:
        self._listening.close()

    def _answer(self) -> None:
        while True:
            try:
                ours, _ = self._listening.accept()
            except OSError:
                return
            theirs = socket.create_connection(self._there)
            threading.Thread(target=self._carry, args=(ours, theirs), daemon=True).start()

    def _carry(self, ours: socket.socket, theirs: socket.socket) -> None:
        is_lost = threading.Event()
        back = threading.Thread(target=self._carry_back, args=(theirs, ours, is_lost), daemon=True)
        back.start()
        with ours, theirs:
            while data := _received(ours):
                if b"COMMIT" in data and self._cuts > 0:
                    self._cuts -= 1
                    is_lost.set()
                theirs.sendall(data)
                if is_lost.is_set():
                    back.join()
                    return

    def _carry_back(
        self, theirs: socket.socket, ours: socket.socket, is_lost: threading.Event
    ) -> None:
        while data := _received(theirs):
            if is_lost.is_set():
                return
            ours.sendall(data)


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(65_536)
    except OSError:
        return b""


pytestmark = pytest.mark.parametrize("url", ["postgres"], indirect=True)


@pytest.fixture
def line(url: str) -> Iterator[Line]:
    there = make_url(url)
    line = Line(str(there.host), int(there.port or 5432))
    yield line
    line.close()


def on_the_line(
    line: Line, url: str, work: Callable[[Session], T], *, commits: int = 1
) -> tuple[T | Exception, int]:
    """What a writer is told whose commit is lost; and how many cuts there still were to come."""

    async def main() -> T | Exception:
        shaky = make_url(url).set(host="127.0.0.1", port=line.port)
        async with Store(shaky.render_as_string(hide_password=False)) as store:
            await store.write(lambda session: None)
            line.cut(commits=commits)
            try:
                return await store.write(work)
            except Exception as error:
                return error

    return asyncio.run(main()), line._cuts


def held_turn(database: Database) -> tuple[Claim, Burst]:
    database(lambda s: deliver(s, inbound()))
    held = database(lambda s: claim(s, owner="w1", now=NOW))
    assert held is not None
    burst = database(lambda s: take(s, held, turn_id="turn", kind="live", now=NOW))
    assert burst is not None
    return held, burst


def write_bubble(session: Session, *, held: Claim) -> list[Bubble]:
    return prepare(
        session, claim=held, drafts=[Draft("hi")], ids=["one"], turn_id="turn", call_id=None,
        kind="reply", now=NOW,
    )  # fmt: skip


def test_a_dispatch_whose_commit_was_lost_is_found_done_and_leaves_once(
    database: Database, line: Line, url: str
):
    held, _ = held_turn(database)
    database(partial(write_bubble, held=held))
    leave = partial(dispatch, claim=held, bubble_id="one", now=NOW)
    told, left = on_the_line(line, url, leave)
    assert not isinstance(told, Exception)
    assert left == 0
    assert (told[0].state, told[0].attempt) == ("dispatched", 1), "one permission for one POST"


def test_a_dispatch_nobody_can_find_out_about_is_unknown_to_the_next_worker(
    database: Database, line: Line, url: str
):
    held, burst = held_turn(database)
    database(partial(write_bubble, held=held))
    leave = partial(dispatch, claim=held, bubble_id="one", now=NOW)
    told, _ = on_the_line(line, url, leave, commits=5)
    assert type(told).__name__ == "StoreUnavailable"
    assert database(lambda s: abandon(s, turn_id=burst.turn.id, now=NOW)) == [], "not sent again"
    assert database(lambda s: s.get_one(Bubble, "one")).state == "unconfirmed"


def test_bubbles_whose_commit_was_lost_are_written_once(database: Database, line: Line, url: str):
    held, _ = held_turn(database)
    told, left = on_the_line(line, url, partial(write_bubble, held=held))
    assert left == 0
    assert not isinstance(told, Exception), told
    assert [(bubble.id, bubble.position) for bubble in told] == [("one", 1)]
    rows = database(lambda s: s.exec(select(Bubble).order_by(col(Bubble.position))).all())
    assert [row.id for row in rows] == ["one"]


def test_a_message_whose_commit_was_lost_is_stored_once(database: Database, line: Line, url: str):
    told, left = on_the_line(line, url, partial(deliver, event=inbound("hello")))
    assert left == 0
    assert not isinstance(told, Exception)
    messages = database(lambda s: s.exec(select(Message)).all())
    assert [(message.sender, message.state) for message in messages] == [(ANA, "waiting")]


def test_a_burst_whose_commit_was_lost_is_the_same_burst(database: Database, line: Line, url: str):
    database(lambda s: deliver(s, inbound()))
    held = database(lambda s: claim(s, owner="w1", now=NOW))
    assert held is not None
    told, _ = on_the_line(
        line, url, partial(take, claim=held, turn_id="turn", kind="live", now=NOW)
    )
    assert isinstance(told, Burst)
    assert (told.turn.id, told.turn.attempts, told.resumed) == ("turn", 1, False)
    assert len(database(lambda s: s.exec(select(Turn)).all())) == 1
