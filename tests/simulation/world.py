"""A whole line with everything on it, living in virtual time: people, AgentPhone, our replicas.

The same seed and the same acts give the same history, to the last millisecond.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import random
from collections.abc import Coroutine
from functools import partial
from typing import Any, TypeVar

import httpx
from sqlmodel import Session, col, select

from memory.promises import broken
from memory.state import KEY as OURS
from memory.tables import Mailbox, Turn
from phone.emulator.app import create_app
from phone.emulator.faults import ApiFault, WebhookFault
from phone.emulator.twin import Twin
from server import WEBHOOK
from tests.history.checker import violations
from tests.history.history import History, Log, Rows
from tests.simulation.database import Database
from tests.simulation.mind import Mind
from tests.simulation.ports import CALL
from tests.simulation.replica import KEY, SECRET, TWIN, Replica
from tests.simulation.virtual_time import LoopClock, VirtualTime

T = TypeVar("T")

PEOPLE = ("+14155550123", "+14155550124", "kim@example.com")

REST_WITHIN = 40 * 60.0
"""Seconds of the line's time in which everything has to come to rest once nothing fails any more.
A model that cannot be had is asked for five minutes, a bubble lives for ten."""


class World:
    """The line. Acts are plain calls: each lets virtual time pass as far as it needs.

    Attributes:
        replicas: The processes alive now, the oldest first.
    """

    def __init__(self, seed: int, *, replicas: int = 1) -> None:
        """Begin a line.

        Args:
            replicas: With one there is one at a time and a start voids leases, as on SQLite; with
                more they take over from each other when leases run out, as on Postgres.
        """
        self.loop = VirtualTime()
        self.clock = LoopClock(self.loop)
        self.log = Log(secrets={KEY, SECRET})
        self.replicas: list[Replica] = []
        self._all: list[Replica] = []
        self._is_shared = replicas > 1
        self._rng = random.Random(seed)
        self._number = itertools.count(1)
        self._handler = _Listener(self.log)
        logging.getLogger().addHandler(self._handler)
        self._database = Database(self.log)
        self._mind = Mind(random.Random(self._rng.random()), self.log, self.clock.now)
        self.do(self._begin(replicas))

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(work)

    def wait(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))

    async def _begin(self, replicas: int) -> None:
        self._twin = Twin(
            clock=self.clock,
            seed=self._rng.getrandbits(32),
            api_keys=[KEY],
            webhook_url=f"https://our.server.test{WEBHOOK}",
            webhook_secret=SECRET,
            time_scale=0.02,
            transport=_ToReplicas(self),
            base_url=TWIN,
            wall=self.clock.now,
        )
        app = httpx.ASGITransport(app=create_app(self._twin, run_twin=False))
        self._handset = httpx.AsyncClient(transport=app, base_url=TWIN)
        self._to_twin = app
        await self._twin.__aenter__()
        for _ in range(replicas):
            self._start()

    # What people do.

    def text(self, who: str, words: str = "", **fields: Any) -> str:
        """Somebody writes something nobody has written before; the text."""
        body = f"{words} text {next(self._number)}".strip()
        self.log.secrets.add(body)
        self._post("messages", {"from_handle": who, "body": body, **fields})
        return body

    def word(self, who: str, word: str) -> None:
        """Somebody writes exactly this: STOP, START."""
        self._post("messages", {"from_handle": who, "body": word})

    def group(self) -> str:
        """The group of everybody, made at the first call."""
        groups = [c.group_id for c in self._twin.line.conversations.values() if c.is_group]
        if groups:
            return str(groups[0])
        answer = self._post("groups", {"members": list(PEOPLE), "name": "Trip"})
        return str(answer["group_id"])

    def tap(self, reaction: str) -> None:
        """Somebody taps back on the newest bubble of ours, if there is one."""
        ours = [m for m in self._twin.line.messages.values() if m.direction == "outbound"]
        if ours:
            newest = max(ours, key=lambda message: (message.at, message.id))
            people = self._twin.line.conversations[newest.conversation_id].people
            body = {"from_handle": people[0], "message_id": newest.id, "reaction": reaction}
            self._post("reactions", body)

    # What somebody else with a key does.

    def edit_metadata(self, *, opts_out: bool = False, facts: bool = False) -> None:
        """A person at the dashboard changes the metadata of the oldest conversation."""
        conversation = next(iter(self._twin.line.conversations.values()), None)
        if conversation is None:
            return
        metadata = dict(conversation.metadata or {}) | {"crm": next(self._number)}
        ours = dict(metadata.get(OURS) or {"v": 1, "rev": 0})
        if opts_out:
            ours["flags"] = {**ours.get("flags", {}), "opted_out": True}
        if facts:
            ours["facts"] = [f"told by hand {next(self._number)}"]
        if opts_out or facts:
            metadata[OURS] = ours
        faults = list(self._twin.faults.pending)
        self._twin.faults.replace([])  # these are for us, not for the dashboard
        path = f"/v1/conversations/{conversation.id}"
        self.do(self._api("PATCH", path, {"metadata": metadata}))
        self._twin.faults.replace(faults)

    # What goes wrong.

    def api_fault(self, **fault: Any) -> None:
        """The next such call of AgentPhone's API fails like this."""
        self._twin.faults.pending.append(ApiFault(**fault))

    def webhook_fault(self, action: Any, seconds: float = 5.0) -> None:
        self._twin.courier.faults.append(WebhookFault(action=action, seconds=seconds))

    def unreachable(self, which: int, times: int) -> None:
        """So many calls of a replica reach nobody: no byte leaves."""
        if replica := self._replica(which):
            replica.transport.unreachable = times

    def kill(self, which: int, *, after: int) -> None:
        if replica := self._replica(which):
            replica.kill(after=after)

    def pause(self, which: int) -> None:
        if replica := self._replica(which):
            replica.ports.stop()

    def go_on(self) -> None:
        for replica in self.replicas:
            replica.ports.go_on()

    def shut_down(self, which: int) -> None:
        if replica := self._replica(which):
            replica.shut_down()

    def database_away(self, which: int, seconds: float) -> None:
        if replica := self._replica(which):
            replica.ports.database_away_until = self.clock.now() + seconds

    def lose_commit(self, which: int) -> None:
        """The next commit of a replica happens, and it is not told."""
        if replica := self._replica(which):
            replica.ports.commits_to_lose += 1

    def start(self) -> None:
        """Start one more process; where there is one at a time, only if none lives."""
        if self._is_shared or not any(replica.is_alive for replica in self._all):
            self.do(self._started())

    # The end.

    def come_to_rest(self) -> History:
        """End all trouble, wait until nothing moves any more, and tell what happened."""
        self._twin.faults.replace([])
        self._twin.courier.faults.clear()
        self.go_on()
        for replica in self.replicas:
            replica.ports.dies_after, replica.ports.database_away_until = None, 0.0
            replica.ports.commits_to_lose = replica.transport.unreachable = 0
        if not any(replica.hears for replica in self.replicas):
            self.wait(30.0)  # one that is shutting down has to be gone
            self.start()
        for _ in range(2):  # what the rounds find, of which there is one a minute, is work again
            self.wait(65.0)
            until = self.clock.now() + REST_WITHIN
            while self.clock.now() < until and not self._rests():
                self.wait(5.0)
        return self.history()

    def history(self) -> History:
        rows = self._database.read(Rows.of)
        return History.of(self._ask, rows, log=self.log)

    def violations(self) -> list[str]:
        history = self.come_to_rest()
        found = self._database.read(partial(broken, now=self.clock.now()))
        return violations(history) + [name for name, times in found.items() if times]

    def end(self) -> None:
        """Let go of everything."""
        logging.getLogger().removeHandler(self._handler)
        for replica in self._all:
            replica.bury()
        self.do(self._end())
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        self.loop.close()

    async def _end(self) -> None:
        await self._handset.aclose()
        me = asyncio.current_task()
        while tasks := [task for task in asyncio.all_tasks() if task is not me]:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)
        for replica in self._all:
            if replica.running.done() and not replica.running.cancelled():
                replica.running.exception()

    def _rests(self) -> bool:
        waits = [delivery.body is not None for delivery in self._twin.line.deliveries.values()]
        return not any(waits) and not self._database.read(_is_busy)

    def _replica(self, which: int) -> Replica | None:
        self.replicas = [replica for replica in self.replicas if replica.is_alive]
        return self.replicas[which % len(self.replicas)] if self.replicas else None

    async def _started(self) -> None:
        self._start()
        await asyncio.sleep(0.1)

    def _start(self) -> None:
        replica = Replica(
            f"replica-{len(self._all)}",
            clock=self.clock,
            seed=self._rng.getrandbits(32),
            database=self._database,
            twin=self._to_twin,
            mind=self._mind,
            log=self.log,
            is_shared=self._is_shared,
        )
        self.replicas.append(replica)
        self._all.append(replica)

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self.do(self._api("POST", f"/handset/{path}", body))

    def _ask(self, path: str) -> dict[str, Any]:
        return self.do(self._api("GET", path))

    async def _api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = await self._handset.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        result: dict[str, Any] = json.loads(answer.content)
        return result


class _ToReplicas(httpx.AsyncBaseTransport):
    """What stands before the replicas: gives each webhook to one of those that listen."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = random.Random(world._rng.random())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._rng.uniform(*CALL))
        listening = [replica for replica in self._world.replicas if replica.hears]
        if not listening:
            raise httpx.ConnectError("nobody listens", request=request)
        replica = self._rng.choice(listening)
        answer = asyncio.ensure_future(self._deliver(replica, request))
        death = asyncio.ensure_future(replica.ports.dead.wait())
        await asyncio.wait({answer, death}, return_when=asyncio.FIRST_COMPLETED)
        death.cancel()
        if not answer.done():
            raise httpx.ReadError("the connection was reset", request=request)
        return answer.result()

    async def _deliver(self, replica: Replica, request: httpx.Request) -> httpx.Response:
        await replica.ports.passage()
        response = await httpx.ASGITransport(app=replica.door).handle_async_request(request)
        await replica.ports.passage()
        return response


class _Listener(logging.Handler):
    """Keeps what is logged."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.INFO)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log.said.append(self.format(record))


def _is_busy(session: Session) -> bool:
    due = select(Mailbox.id).where(col(Mailbox.due_at).is_not(None))
    running = select(Turn.id).where(Turn.state == "running")
    return any(session.exec(one.limit(1)).first() is not None for one in (due, running))
