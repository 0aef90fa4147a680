"""What is to be seen of a scenario that was played, turn by turn: what evaluators are given.

Nothing here asks anybody anything: it is what the other person's phone shows, what the records of
the turns say and what is remembered, as plain values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from memory.transcript import ToolCall, TurnRecord


@dataclass(frozen=True, slots=True)
class Shown:
    """A bubble of the agent's on their screen.

    Attributes:
        channel: `imessage` or `sms`, on which it arrived.
        reply_to: The message under which it stands in thread.
    """

    message_id: str
    text: str
    channel: str
    reply_to: str | None
    media: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """One turn of a scenario, or the whole of it.

    Attributes:
        place: `turn 2 (wish)`, or `the end`.
        records: Of the agent's turns that ended in it, oldest first.
        bubbles: Those that arrived, oldest first.
        tapbacks: The agent's, in order.
        answered_after: Seconds from the last text so far to the first bubble of the turn, and of
            the whole the longest of them; None without an answer.
        metadata: Of the conversation, as AgentPhone has it now.
        begun_with: The same at the start of the scenario, with what people have edited since.
        ids: The message ids behind each name a scenario may use: `wish`, `wish.1`, `last`…
        refs: What the model calls a message, by its message id.
        heard: What people wrote and tapped in it.
    """

    place: str
    records: Sequence[TurnRecord]
    bubbles: Sequence[Shown]
    tapbacks: Sequence[str]
    answered_after: float | None
    metadata: Mapping[str, Any]
    begun_with: Mapping[str, Any]
    ids: Mapping[str, str]
    refs: Mapping[str, str]
    heard: Sequence[str] = ()

    @property
    def calls(self) -> list[ToolCall]:
        """The tools that were called, in order."""
        return [call for record in self.records for call in record.tool_calls]

    @property
    def words(self) -> str:
        """Everything that was said, a bubble a line."""
        return "\n".join(bubble.text for bubble in self.bubbles)


@dataclass(slots=True)
class Played:
    """What is to be seen of a run.

    Attributes:
        number: Which of the scenario's runs, from 1.
        turns: Each turn of the scenario that was played, in order.
        whole: All of it; None when it was not played to its end.
        seconds: How much time passed on its clock.
        problem: Why it broke off.
        invalid: Why it says nothing of the agent: who was to play a person did not.
    """

    number: int = 1
    turns: list[Seen] = field(default_factory=list)
    whole: Seen | None = None
    seconds: float = 0.0
    problem: str | None = None
    invalid: str | None = None

    @property
    def records(self) -> list[TurnRecord]:
        """The records of the agent's turns, oldest first."""
        whole = self.whole
        return list(whole.records) if whole else [r for seen in self.turns for r in seen.records]

    def __str__(self) -> str:
        """The talk, a line a text."""
        return "\n".join(filter(None, map(told, self.turns)))


def newest_ref(seen: Seen, call: ToolCall) -> str | None:
    """The text a tool acts upon that is given none: the newest one its turn had heard."""
    for record in seen.records:
        if call in record.tool_calls:
            texts = [
                heard.ref
                for heard in record.heard
                if heard.in_turn and heard.kind == "text" and heard.stored_at <= call.started_at
            ]
            return texts[-1] if texts else None
    return None


def told(seen: Seen) -> str:
    """The talk, a line a text; empty when nobody wrote anything."""
    wrote = [f"They wrote: {words}" for words in seen.heard]
    said = [f"The agent texted: {bubble.text or '[a picture]'}" for bubble in seen.bubbles]
    tapped = [f"The agent tapped back: {tapback}" for tapback in seen.tapbacks]
    return "\n".join([*wrote, *said, *tapped])


def tapbacks_on(screen: dict[str, Any]) -> list[tuple[str, str]]:
    """The agent's tapbacks on their screen, each with the message it is on."""
    theirs = {person["handle"] for person in screen["participants"]}
    return [
        (message["id"], tapback["reaction"])
        for message in screen["messages"]
        for tapback in message["reactions"]
        if tapback["from_handle"] not in theirs
    ]


def seconds_between(wrote_at: datetime | None, bubbles: Sequence[Shown]) -> float | None:
    """From the last text to the first bubble; None without either."""
    if wrote_at is None or not bubbles:
        return None
    return max((bubbles[0].at - wrote_at).total_seconds(), 0.0)


def bubbles_on(screen: dict[str, Any], known: set[str]) -> list[Shown]:
    """The agent's bubbles that arrived, without those known before."""
    return [
        Shown(
            message_id=one["id"],
            text=one["body"],
            channel="imessage" if one["channel"] == "imessage" else "sms",
            reply_to=one["reply_to_message_id"],
            media=len(one["media_urls"]),
            at=sent_at(one),
        )
        for one in screen["messages"]
        if one["direction"] == "outbound" and one["id"] not in known and one["status"] != "failed"
    ]


def sent_at(message: dict[str, Any]) -> datetime:
    """When a message on a screen was sent."""
    return datetime.fromisoformat(message["sent_at"])
