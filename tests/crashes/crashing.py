"""Servers that die and the one that goes on, on both stores: played with real processes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlmodel import Session

from memory import engines
from phone.emulator.courier import RETRY_AFTER
from tests.crashes import bell
from tests.crashes.aftermath import Aftermath, Crash, Record
from tests.crashes.doomed import POINTS
from tests.crashes.nursery import Child, server_on, twin_for
from tests.doors.processes import KEY, SECRET, Phone, eventually, free_port, serving
from tests.history.history import History, Log, Prompt, Rows

FREE = ("K3", "K2", "K1", "K0")
"""Whoever dies here held no conversation: the next server takes it over at once."""

HOLDING = tuple(name for name in POINTS if name not in FREE)
"""Whoever dies here held one: on Postgres nobody touches it until the lease has run out."""

AN_HOUR = timedelta(hours=1)


def on_sqlite(name: str, folder: Path) -> Aftermath:
    """A server dies, and is started again on the same file."""
    with ExitStack() as stack:
        place = _place(stack, folder, f"sqlite:///{folder / 'threedots.db'}")
        crash = place.crash(name)
        return place.survived([crash])[name]


def on_postgres(folder: Path, database: str) -> dict[str, Aftermath]:
    """One server after another dies, each of a person of its own; the last one takes all over.

    However slowly that goes, none of the doomed ones takes over what an earlier one held: until all
    are dead, no lease runs out.
    """
    with ExitStack() as stack:
        place = _place(stack, folder, database)
        holding, free = list[Crash](), list[Crash]()
        for number, name in enumerate(HOLDING):
            holding.append(place.crash(name, number))
            move_lease(database, holding[-1], by=AN_HOUR)
        for number, name in enumerate(FREE, len(HOLDING)):
            free.append(place.crash(name, number, after=free))
        for crash in holding:
            move_lease(database, crash, by=-AN_HOUR)
        return place.survived([*holding, *free])


def move_lease(database: str, crash: Crash, *, by: timedelta) -> None:
    """Move the end of the lease that a dead server held."""
    move = "UPDATE mailbox SET leased_until = leased_until + %s WHERE participant = %s"
    with psycopg.connect(database) as connection:
        assert connection.execute(move, (by, crash.person)).rowcount == 1


def _place(stack: ExitStack, folder: Path, database: str) -> Place:
    port = free_port()
    twin = stack.enter_context(twin_for(port, folder))
    settings = serving(twin, port, DATABASE_URL=database)
    engine = engines.reader_engine(engines.database(database), connections=1)
    stack.callback(engine.dispose)
    return Place(folder, Phone(twin), port, settings, engine)


@dataclass
class Place:
    """A line of the twin, and the servers that answer on it one after another."""

    folder: Path
    phone: Phone
    port: int
    settings: dict[str, str]
    database: Engine

    def server(self, *, dies_at: str | None = None) -> AbstractContextManager[Child]:
        return server_on(self.port, self.folder, self.settings, dies_at=dies_at)

    def crash(self, name: str, number: int = 0, *, after: Sequence[Crash] = ()) -> Crash:
        """Let a server begin to answer somebody, and die at the point of this name.

        Args:
            after: Earlier ones whose conversations it takes over and brings to rest before.
        """
        person = f"+1415555{1000 + number}"
        with self.server(dies_at=name) as server:
            for earlier in after:
                self.comes_to_rest(earlier)
            conversation_id = self.phone.text(bell.request_of(name), from_handle=person)
            server.dies()
            crash = Crash(name, person, conversation_id, server.pid, self.record(person))
        eventually(lambda: self.deliveries(crash), what="end of the delivery")
        return crash

    def survived(self, crashes: Sequence[Crash]) -> dict[str, Aftermath]:
        """Start a server that does not die, and see everything come to rest."""
        began = time.monotonic()
        seconds = dict[str, float]()
        with self.server() as survivor:
            for crash in crashes:
                self.comes_to_rest(crash)
                seconds[crash.name] = time.monotonic() - began
            self.deliver_again(crashes)
            survivor.stop()
        history = self.history(crashes)
        return {
            crash.name: Aftermath(
                crash,
                history,
                asked=[note["pid"] for note in self.notes(bell.ASKED, crash)],
                rung=[note["pid"] for note in self.notes(bell.RUNG, crash)],
                seconds=seconds[crash.name],
            )
            for crash in crashes
        }

    def comes_to_rest(self, crash: Crash) -> None:
        """Wait until this person is answered."""
        eventually(
            lambda: self.record(crash.person).is_at_rest,
            what=f"rest after {crash.name}",
            also=lambda: f"{self.record(crash.person)}\n{self.logs()}",
        )

    def deliver_again(self, crashes: Sequence[Crash]) -> None:
        """Let the time come for AgentPhone's next try with what was not acknowledged."""
        self.phone.http.post("/handset/clock", json={"advance": RETRY_AFTER[0]}).raise_for_status()
        for crash in crashes:
            eventually(
                lambda crash=crash: 200 in self.deliveries(crash),
                what=f"second delivery after {crash.name}",
                also=self.logs,
            )

    def deliveries(self, crash: Crash) -> list[int | None]:
        """How each attempt to deliver this person's text was answered."""
        attempts = self._ask("/handset/deliveries")["deliveries"]
        here = [one for one in attempts if one["conversation_id"] == crash.conversation_id]
        return [attempt["status"] for attempt in here]

    def record(self, person: str) -> Record:
        """What the database holds of somebody now."""
        return Record.of(self._rows(), person)

    def notes(self, file: Path, crash: Crash) -> list[dict[str, Any]]:
        """What the agent has noted of this person."""
        return [note for note in bell.notes(self.folder / file) if note["name"] == crash.name]

    def history(self, crashes: Sequence[Crash]) -> History:
        """All there is to judge by: the line, the rows, what was read, done and logged."""
        asked, rung = bell.notes(self.folder / bell.ASKED), bell.notes(self.folder / bell.RUNG)
        theirs = {word for crash in crashes for word in (bell.request_of(crash.name), crash.person)}
        log = Log(
            prompts=[Prompt(note["at"], note["read"]) for note in asked],
            ran=[(note["turn_id"], note["call_id"]) for note in rung],
            said=self.logs().splitlines(),
            secrets={KEY, SECRET, *theirs},
        )
        return History.of(self._ask, self._rows(), log=log)

    def logs(self) -> str:
        """What the servers said."""
        files = sorted(self.folder.glob("serve*.log"))
        return "\n".join(f"{file.name}\n{file.read_text()}" for file in files)

    def _rows(self) -> Rows:
        with Session(self.database, expire_on_commit=False) as session:
            return Rows.of(session)

    def _ask(self, path: str) -> dict[str, Any]:
        answer = self.phone.http.get(path)
        answer.raise_for_status()
        return answer.json()
