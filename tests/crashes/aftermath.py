"""What a crash left, and what became of it, as plain values to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from memory.tables import Bubble, Mailbox, Message, ToolCall, Turn
from tests.history.history import History, Rows


@dataclass(frozen=True)
class Record:
    """What the database holds of one person."""

    mailboxes: list[Mailbox]
    messages: list[Message]
    turns: list[Turn]
    calls: list[ToolCall]
    bubbles: list[Bubble]

    @classmethod
    def of(cls, rows: Rows, person: str) -> Record:
        boxes = [box for box in rows.mailboxes if box.participant == person]
        ids = {box.id for box in boxes}
        turns = [turn for turn in rows.turns if turn.mailbox_id in ids]
        return cls(
            mailboxes=boxes,
            messages=[message for message in rows.messages if message.mailbox_id in ids],
            turns=turns,
            calls=[call for call in rows.tool_calls if call.turn_id in {t.id for t in turns}],
            bubbles=[bubble for bubble in rows.bubbles if bubble.mailbox_id in ids],
        )

    @property
    def is_at_rest(self) -> bool:
        """Whether they were answered and nobody has anything left to do here."""
        return (
            len(self.turns) > 0
            and all(turn.state == "settled" for turn in self.turns)
            and all(message.state == "settled" for message in self.messages)
            and all(box.due_at is None and box.lease_owner is None for box in self.mailboxes)
        )


@dataclass(frozen=True)
class Crash:
    """Somebody's text, and the server that died of it.

    Attributes:
        name: The point it died at, which is also what the person calls themselves.
        dead: The process.
        left: What it left in the database.
    """

    name: str
    person: str
    conversation_id: str
    dead: int
    left: Record


@dataclass(frozen=True)
class Aftermath:
    """How it ended.

    Attributes:
        history: Everything that happened on the line, and the rows at the end.
        asked, rung: The processes that asked the model, and that rang the bell, for this person.
        seconds: Time from the start of the last server until all was at rest here.
    """

    crash: Crash
    history: History
    asked: list[int]
    rung: list[int]
    seconds: float

    @property
    def left(self) -> Record:
        return self.crash.left

    @property
    def now(self) -> Record:
        return Record.of(self.history.rows, self.crash.person)

    @property
    def turn(self) -> Turn:
        [turn] = self.now.turns
        return turn

    @property
    def bubble(self) -> Bubble:
        [bubble] = self.now.bubbles
        return bubble

    @property
    def on_the_phone(self) -> list[str]:
        """What they were texted."""
        return [sent["body"] for sent in self.history.outbound(self.crash.conversation_id)]

    @property
    def deliveries(self) -> list[int | None]:
        """How each attempt to deliver their text was answered; None: not at all."""
        return [attempt["status"] for attempt in self._here(self.history.deliveries)]

    @property
    def sends(self) -> int:
        """How often AgentPhone was asked to text them."""
        return self._count("POST", "/v1/messages")

    @property
    def saves(self) -> int:
        """How often AgentPhone was asked to keep what we remember."""
        return self._count("PATCH", f"/v1/conversations/{self.crash.conversation_id}")

    @property
    def remembered(self) -> dict[str, Any]:
        """What AgentPhone keeps for us."""
        return self.history.screens[self.crash.conversation_id]["metadata"]["threedots"]

    @property
    def asked_by_the_dead(self) -> int:
        return self.asked.count(self.crash.dead)

    @property
    def asked_afterwards(self) -> int:
        return len(self.asked) - self.asked_by_the_dead

    def _count(self, method: str, path: str) -> int:
        calls = [(call["method"], call["path"]) for call in self._here(self.history.calls)]
        return calls.count((method, path))

    def _here(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [one for one in events if one["conversation_id"] == self.crash.conversation_id]
