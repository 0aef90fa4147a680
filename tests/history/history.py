"""What happened, told from both sides of the wire, for the checker to judge.

    History.of(ask, rows)
      ask   the far side of the line: the handset API of the twin, which knows what really arrived
      rows  our side: everything the database holds

A history from inside a simulation also has a log: what no table and no wire shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlmodel import Session, select

from memory.tables import (
    Bubble,
    Consent,
    DeadLetter,
    Event,
    EventKey,
    Mailbox,
    Message,
    MetadataEntry,
    ToolCall,
    Turn,
)

Ask = Callable[[str], dict[str, Any]]
"""GETs a path of the handset API: `/handset/deliveries`."""

Row = TypeVar("Row")


@dataclass(frozen=True)
class Rows:
    """Every row of every table that tells of a turn, each list in the order they were made."""

    events: list[Event]
    keys: list[EventKey]
    dead_letters: list[DeadLetter]
    mailboxes: list[Mailbox]
    messages: list[Message]
    turns: list[Turn]
    tool_calls: list[ToolCall]
    bubbles: list[Bubble]
    consents: list[Consent]
    metadata: list[MetadataEntry]

    @classmethod
    def of(cls, session: Session) -> Rows:
        def every(table: type[Row], order: Callable[[Row], Any]) -> list[Row]:
            return sorted(session.exec(select(table)).all(), key=order)

        return cls(
            events=every(Event, lambda row: row.id),
            keys=every(EventKey, lambda row: row.key),
            dead_letters=every(DeadLetter, lambda row: row.id),
            mailboxes=every(Mailbox, lambda row: row.id),
            messages=every(Message, lambda row: row.id),
            turns=every(Turn, lambda row: row.started_at),
            tool_calls=every(ToolCall, lambda row: row.id),
            bubbles=every(Bubble, lambda row: row.position),
            consents=every(Consent, lambda row: row.id),
            metadata=every(MetadataEntry, lambda row: row.id),
        )


@dataclass(frozen=True)
class Prompt:
    """One request to the model: all that people wrote and tools answered in it, as one text."""

    at: float
    text: str


@dataclass(frozen=True)
class Dispatch:
    """One committed `prepared → dispatched`: under which lease, and which was the newest then."""

    bubble_id: str
    epoch: int
    newest_epoch: int
    opted_out: bool


@dataclass
class Log:
    """What only the inside of a simulation sees.

    Attributes:
        ran: The call of each tool that acted on the world beyond the phone: `(turn, call id)`.
        said: Everything the process logged.
        secrets: What must not stand in there: people's words, the key, the webhook's secret.
    """

    prompts: list[Prompt] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    ran: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class History:
    """Both sides.

    Attributes:
        calls: Every call of AgentPhone's API, in order: `method, path, status, body`.
        deliveries: Every attempt at a webhook, with the status it was answered with.
        screens: Every conversation as the handset shows it, by its id.
        log: What only the inside of a simulation sees; None for real processes.
    """

    calls: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    screens: dict[str, dict[str, Any]]
    rows: Rows
    log: Log | None = None

    @classmethod
    def of(cls, ask: Ask, rows: Rows, *, log: Log | None = None) -> History:
        listed = ask("/handset/conversations")["conversations"]
        return cls(
            calls=[event for event in _events(ask) if event["type"] == "api_call"],
            deliveries=ask("/handset/deliveries")["deliveries"],
            screens={
                one["id"]: ask(f"/handset/conversations/{one['id']}?peek=true") for one in listed
            },
            rows=rows,
            log=log,
        )

    def outbound(self, conversation_id: str) -> list[dict[str, Any]]:
        """What AgentPhone took from us in a conversation, oldest first."""
        messages = self.screens[conversation_id]["messages"]
        return [message for message in messages if message["direction"] == "outbound"]

    def of_mailbox(self, mailbox: Mailbox, rows: Iterable[Row]) -> list[Row]:
        """The rows of one conversation."""
        return [row for row in rows if getattr(row, "mailbox_id", None) == mailbox.id]


def _events(ask: Ask) -> list[dict[str, Any]]:
    """Every event there was: the log gives out a thousand at a time."""
    events: list[dict[str, Any]] = []
    while page := ask(f"/handset/events?after={events[-1]['seq'] if events else 0}")["events"]:
        events += page
    return events
