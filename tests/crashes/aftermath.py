"""What a crash left, and what became of it: played with real processes, told as plain values."""

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
from sqlmodel import Session, col, select

from memory import engines
from memory.tables import Bubble, Mailbox, Message, ToolCall, Turn
from phone.emulator.courier import RETRY_AFTER
from tests.crashes import bell
from tests.crashes.doomed import POINTS
from tests.crashes.nursery import Child, server_on, twin_for
from tests.doors.processes import Phone, eventually, free_port, serving

FREE = ("K3", "K2", "K1", "K0")
"""Whoever dies here held no conversation: the next server takes it over at once."""

HOLDING = tuple(name for name in POINTS if name not in FREE)
"""Whoever dies here held one: on Postgres nobody touches it until the lease has run out."""

AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Rows:
    """What the database holds of one person."""

    mailboxes: list[Mailbox]
    messages: list[Message]
    turns: list[Turn]
    calls: list[ToolCall]
    bubbles: list[Bubble]

    @property
    def are_at_rest(self) -> bool:
        """Whether they were answered and nobody has anything left to do here."""
        return (
            len(self.turns) > 0
            and all(turn.state == "settled" for turn in self.turns)
            and all(message.state == "settled" for message in self.messages)
            and all(bubble.state not in ("prepared", "dispatched") for bubble in self.bubbles)
            and all(box.due_at is None and box.lease_owner is None for box in self.mailboxes)
        )


@dataclass(frozen=True)
class Aftermath:
    """One person's text, the crash it met, and how it ended.

    Attributes:
        left: The rows as the dead server left them.
        now: The rows when all had come to rest.
        dead: The process that died.
        asked, rung: The processes that asked the model, and that rang the bell, in order.
        on_the_phone: What the person was texted.
        deliveries: How each attempt to deliver their text was answered; None: not at all.
        sends, saves: How often AgentPhone was asked to send a text, and to keep the memory.
        metadata: What AgentPhone keeps of the conversation.
        seconds: Time from the start of the server that took over.
    """

    left: Rows
    now: Rows
    dead: int
    asked: list[int]
    rung: list[int]
    on_the_phone: list[str]
    deliveries: list[int | None]
    sends: int
    saves: int
    metadata: dict[str, Any]
    seconds: float

    @property
    def bubble(self) -> Bubble:
        [bubble] = self.now.bubbles
        return bubble

    @property
    def turn(self) -> Turn:
        [turn] = self.now.turns
        return turn

    @property
    def asked_by_the_dead(self) -> int:
        return self.asked.count(self.dead)

    @property
    def asked_afterwards(self) -> int:
        return len(self.asked) - self.asked_by_the_dead


@dataclass
class Crash:
    """One person's text, and the server that died of it."""

    name: str
    person: str
    conversation: str
    dead: int
    left: Rows


@dataclass
class Place:
    """A line of the twin, and the servers that answer on it one after another."""

    folder: Path
    twin: Child
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
            conversation = self.phone.text(bell.request_of(name), from_handle=person)
            server.dies()
            crash = Crash(name, person, conversation, server.pid, self.rows(person))
        eventually(lambda: self.deliveries(crash), what="end of the delivery")
        return crash

    def rows(self, person: str) -> Rows:
        """What the database holds of them now."""
        with Session(self.database, expire_on_commit=False) as session:
            return _rows(session, person)

    def comes_to_rest(self, crash: Crash) -> None:
        """Wait until they are answered."""
        eventually(
            lambda: self.rows(crash.person).are_at_rest,
            what=f"rest after {crash.name}",
            also=lambda: f"{self.rows(crash.person)}\n{self.logs()}",
        )

    def deliver_again(self, crashes: Sequence[Crash]) -> None:
        """Let the time come for AgentPhone's next try with what was not acknowledged."""
        self.phone.http.post("/handset/clock", json={"advance": RETRY_AFTER[0]}).raise_for_status()
        for crash in crashes:
            eventually(
                lambda crash=crash: 200 in self.deliveries(crash),
                what=f"delivery to who came after {crash.name}", also=self.logs,
            )  # fmt: skip

    def logs(self) -> str:
        """What the servers said, for a failure."""
        return "\n".join(log.read_text() for log in sorted(self.folder.glob("*.log")))

    def events(self, crash: Crash, kind: str) -> list[dict[str, Any]]:
        """What happened on the line in this conversation."""
        query = {"after": 0, "wait": 0}
        events = self.phone.http.get("/handset/events", params=query).json()["events"]
        here = [event for event in events if event["conversation_id"] == crash.conversation]
        return [event for event in here if event["type"] == kind]

    def deliveries(self, crash: Crash) -> list[int | None]:
        return [event["status"] for event in self.events(crash, "webhook_delivery")]

    def aftermath(self, crash: Crash, *, seconds: float) -> Aftermath:
        """How it all ended."""
        calls = [event["method"] for event in self.events(crash, "api_call") if _acts(event)]
        return Aftermath(
            left=crash.left,
            now=self.rows(crash.person),
            dead=crash.dead,
            asked=self._noted(bell.ASKED, crash.name),
            rung=self._noted(bell.RUNG, crash.name),
            on_the_phone=self.phone.answers(crash.conversation),
            deliveries=self.deliveries(crash),
            sends=calls.count("POST"),
            saves=calls.count("PATCH"),
            metadata=self.phone.screen(crash.conversation)["metadata"],
            seconds=seconds,
        )

    def _noted(self, file: Path, name: str) -> list[int]:
        return [note.pid for note in bell.notes(self.folder / file) if note.name == name]


def on_sqlite(name: str, folder: Path) -> Aftermath:
    """A server dies, and is started again on the same file."""
    with ExitStack() as stack:
        place = _place(stack, folder, f"sqlite:///{folder / 'threedots.db'}")
        crash = place.crash(name)
        began = time.monotonic()
        survivor = stack.enter_context(place.server())
        place.comes_to_rest(crash)
        seconds = time.monotonic() - began
        place.deliver_again([crash])
        survivor.stop()
        return place.aftermath(crash, seconds=seconds)


def on_postgres(folder: Path, database: str) -> dict[str, Aftermath]:
    """One server after another dies, each of a person of its own; the last one takes all over.

    However slowly that goes, none of the doomed ones takes over what an earlier one held: until all
    are dead, no lease runs out.
    """
    with ExitStack() as stack:
        place = _place(stack, folder, database)
        crashes = list[Crash]()
        for number, name in enumerate(HOLDING):
            crashes.append(place.crash(name, number))
            lengthen_lease(database, crashes[-1], by=AN_HOUR)
        for number, name in enumerate(FREE, len(HOLDING)):
            crashes.append(place.crash(name, number, after=crashes[len(HOLDING) :]))
        for crash in crashes[: len(HOLDING)]:
            lengthen_lease(database, crash, by=-AN_HOUR)
        began = time.monotonic()
        survivor = stack.enter_context(place.server())
        ended = dict[str, float]()
        for crash in crashes:
            place.comes_to_rest(crash)
            ended[crash.name] = time.monotonic() - began
        place.deliver_again(crashes)
        survivor.stop()
        return {crash.name: place.aftermath(crash, seconds=ended[crash.name]) for crash in crashes}


def lengthen_lease(database: str, crash: Crash, *, by: timedelta) -> None:
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
    return Place(folder, twin, Phone(twin), port, settings, engine)


def _acts(event: dict[str, Any]) -> bool:
    """Whether this call sent a text or kept the memory."""
    return (event["method"], event["path"]) == ("POST", "/v1/messages") or event[
        "method"
    ] == "PATCH"


def _rows(session: Session, person: str) -> Rows:
    boxes = list(session.exec(select(Mailbox).where(Mailbox.participant == person)))
    ids = [box.id for box in boxes]
    turns = list(session.exec(select(Turn).where(col(Turn.mailbox_id).in_(ids))))
    calls = select(ToolCall).where(col(ToolCall.turn_id).in_([turn.id for turn in turns]))
    messages = select(Message).where(col(Message.mailbox_id).in_(ids))
    bubbles = select(Bubble).where(col(Bubble.mailbox_id).in_(ids))
    return Rows(
        boxes,
        list(session.exec(messages)),
        turns,
        list(session.exec(calls)),
        list(session.exec(bubbles)),
    )
