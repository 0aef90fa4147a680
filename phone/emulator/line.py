"""The line: everything the twin knows, indexed, with a note of what changed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import BaseModel

from phone.clock import Clock, utc
from phone.emulator.agenda import Agenda
from phone.emulator.events import EventLog
from phone.emulator.ids import Mint
from phone.emulator.records import (
    AgentRecord,
    ContactRecord,
    ConversationRecord,
    DeliveryRecord,
    HookRecord,
    Marks,
    MediaRecord,
    MessageRecord,
    MomentRecord,
    NumberRecord,
    PersonRecord,
)
from phone.emulator.switches import Switches

KINDS: dict[str, type[BaseModel]] = {
    "agent": AgentRecord,
    "number": NumberRecord,
    "person": PersonRecord,
    "contact": ContactRecord,
    "conversation": ConversationRecord,
    "message": MessageRecord,
    "moment": MomentRecord,
    "hook": HookRecord,
    "delivery": DeliveryRecord,
    "media": MediaRecord,
    "marks": Marks,
}
"""What each kind of saved record is."""

EMPTIED = ("person", "contact", "conversation", "message", "moment", "delivery", "media")
"""The kinds that go when the line is emptied."""

FRESH_NUMBERS = (("imessage", "+15550100001"), ("sms", "+15550100002"))
"""The lines of a new twin: possible US numbers that nobody can own."""

R = TypeVar("R", bound=BaseModel)


def iso(seconds: float) -> str:
    """A time as the wire shows it: UTC, milliseconds, `Z`."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{utc(whole):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


class Line:
    """The state of the twin. Rules change it through `add`, `touch` and `drop`; nothing else does.

    The tables are keyed by id, people by handle, hooks by their key.

    Attributes:
        messages_of: The messages of a conversation, oldest first.
        messages_on: The messages on a number, oldest first.
        moments_of: How a conversation was, oldest first (`phone.emulator.moments`).
        changed: `(kind, id)` of every record changed since the last save.
        typing: Until when the agent's bubble shows, by conversation, Unix seconds.
    """

    def __init__(self, *, clock: Clock, rng: random.Random, switches: Switches) -> None:
        self.clock = clock
        self.switches = switches
        self.mint = Mint(rng)
        self.agenda = Agenda(clock)
        self.log = EventLog()
        self.changed: dict[tuple[str, str], None] = {}
        self.agents: dict[str, AgentRecord] = {}
        self.numbers: dict[str, NumberRecord] = {}
        self.people: dict[str, PersonRecord] = {}
        self.contacts: dict[str, ContactRecord] = {}
        self.conversations: dict[str, ConversationRecord] = {}
        self.messages: dict[str, MessageRecord] = {}
        self.moments: dict[str, MomentRecord] = {}
        self.hooks: dict[str, HookRecord] = {}
        self.deliveries: dict[str, DeliveryRecord] = {}
        self.media: dict[str, MediaRecord] = {}
        self.tables: dict[str, dict[str, Any]] = {
            "agent": self.agents,
            "number": self.numbers,
            "person": self.people,
            "contact": self.contacts,
            "conversation": self.conversations,
            "message": self.messages,
            "moment": self.moments,
            "hook": self.hooks,
            "delivery": self.deliveries,
            "media": self.media,
        }
        self.messages_of: dict[str, list[MessageRecord]] = defaultdict(list)
        self.messages_on: dict[str, list[MessageRecord]] = defaultdict(list)
        self.moments_of: dict[str, list[MomentRecord]] = defaultdict(list)
        self.typing: dict[str, float] = {}
        self._marks = Marks()
        self._conversation_with: dict[tuple[str, str], str] = {}

    def now(self) -> float:
        """The present on this line, to the millisecond."""
        return round(self.clock.now(), 3)

    def new_id(self) -> str:
        """A new id, minted now."""
        return self.mint.id(self.now())

    def emit(self, type: str, conversation_id: str | None = None, **fields: Any) -> None:
        """Tell everybody who follows the line."""
        at = iso(self.now())
        self.log.append(type, at=at, conversation_id=conversation_id, **fields)

    def add(self, kind: str, id: str, record: R) -> R:
        """Keep a new record, or one that takes the place of another."""
        self.tables[kind][id] = record
        self.changed[kind, id] = None
        if isinstance(record, MessageRecord):
            self.messages_of[record.conversation_id].append(record)
            self.messages_on[record.number_id].append(record)
        elif isinstance(record, MomentRecord):
            self.moments_of[record.conversation_id].append(record)
        elif isinstance(record, ConversationRecord):
            self._conversation_with[record.number_id, record.group_id or record.participant] = id
        return record

    def touch(self, kind: str, id: str) -> None:
        """Note that a record was changed in place."""
        self.changed[kind, id] = None

    def drop(self, kind: str, id: str) -> None:
        """Forget a record."""
        del self.tables[kind][id]
        self.changed[kind, id] = None

    def person(self, handle: str) -> PersonRecord:
        """Who has that handle. Anybody not introduced has iMessage, unless it is a short code."""
        known = self.people.get(handle)
        return known or PersonRecord(handle=handle, imessage=not handle.isdecimal())

    def conversation_with(self, number: NumberRecord, other: str) -> ConversationRecord | None:
        """The conversation of a number with a handle or a group id."""
        found = self._conversation_with.get((number.id, other))
        return self.conversations[found] if found else None

    def contact_of(self, handle: str) -> ContactRecord | None:
        """The address book's entry for a handle."""
        for contact in self.contacts.values():
            if handle in (contact.phone_number, contact.email):
                return contact
        return None

    def active_numbers(self, agent_id: str | None = None) -> list[NumberRecord]:
        """The numbers not released, of one agent or of all, oldest first."""
        return [
            number
            for number in self.numbers.values()
            if number.status == "active" and agent_id in (None, number.agent_id)
        ]

    def furnish(self, agent_name: str) -> None:
        """Give a new line its agent and its two numbers."""
        now = self.now()
        agent = AgentRecord(id=self.new_id(), name=agent_name, created_at=now)
        self.add("agent", agent.id, agent)
        for kind, phone_number in FRESH_NUMBERS:
            number = NumberRecord(
                id=self.new_id(),
                phone_number=phone_number,
                type=kind,
                agent_id=agent.id,
                created_at=now,
            )
            self.add("number", number.id, number)

    def reset(self) -> None:
        """Empty the line: people, contacts, conversations and their traces go."""
        for kind in EMPTIED:
            for id in list(self.tables[kind]):
                self.drop(kind, id)
        for index in (self.messages_of, self.messages_on, self.moments_of):
            index.clear()
        self.typing.clear()
        self._conversation_with.clear()
        self.agenda.clear()

    def load(self, saved: Iterable[tuple[str, str, str]]) -> None:
        """Take over what an earlier line saved."""
        rows = sorted(saved, key=lambda row: row[1])
        for kind, id, text in rows:
            if kind == "marks":
                marks = Marks.model_validate_json(text)
                self.log.last, self.mint.minted = marks.last_seq, marks.ids_minted
            elif kind in KINDS:
                self.add(kind, id, KINDS[kind].model_validate_json(text))
        for messages in (*self.messages_of.values(), *self.messages_on.values()):
            messages.sort(key=lambda message: (message.at, message.id))
        for moments in self.moments_of.values():
            moments.sort(key=lambda moment: (moment.at, moment.id))
        self.changed.clear()

    def take_changes(self) -> list[tuple[str, str, str | None]]:
        """What changed since the last call: `(kind, id, JSON text)`; None for a text: gone."""
        changed, self.changed = self.changed, {}
        rows: list[tuple[str, str, str | None]] = []
        for kind, id in changed:
            record = self.tables[kind].get(id)
            rows.append((kind, id, record.model_dump_json() if record is not None else None))
        marks = Marks(last_seq=self.log.last, ids_minted=self.mint.minted)
        if marks != self._marks:
            self._marks = marks
            rows.append(("marks", "marks", marks.model_dump_json()))
        return rows
