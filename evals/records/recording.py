"""What happened in a conversation, as a scenario: its records turned into turns and expectations.

Whoever wrote has another number in it, of the range +1555555…, and pictures are stand-ins. What is
expected is what the agent did then; people edit it to what it should do.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent.history import EARLIER
from evals.format.scenario import Scenario
from evals.format.start import Group, Memory, Person, Start
from evals.format.turns import AGENT, LAST, Earlier, Turn
from evals.records.expecting import expected, remarks_on
from evals.records.landed import bubbles_of, landed
from memory.pseudonyms import Namer, region_of, without_numbers
from memory.transcript import Act, BubbleSent, Heard, Tool, TurnRecord
from phone.explained import Explained

RANGE = "+1555555"
"""How fictitious numbers begin; four digits follow. Nobody can own one."""

STAND_IN = "https://pictures.example/{}.jpg"
"""The address of a picture: the twin shows a stand-in for any."""

PAUSE = 60.0
"""Seconds of nothing from which on the clock is moved on between two turns."""


class NothingToRecord(Explained):
    """There are no records to make a scenario of, or they are of several conversations."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A scenario, and for each turn what its reader should know: comments for the file."""

    scenario: Scenario
    remarks: dict[int, list[str]]


def scenario_of(
    records: Sequence[TurnRecord],
    *,
    name: str,
    before: Sequence[TurnRecord] = (),
    with_said: bool = False,
    key: bytes = b"",
) -> Recorded:
    """Make a scenario of these turns of one conversation, oldest first.

    Args:
        before: The turns before them: earlier talk, which becomes the history.
        with_said: Expect the very words that were said; otherwise they are remarks.
        key: Makes the fictitious numbers this deployment's own (`memory.pseudonyms.key_of`).

    Raises `NothingToRecord`.
    """
    if not records:
        raise NothingToRecord("There are no turns to record.")
    if len({_whose(record) for record in [*before, *records]}) > 1:
        raise NothingToRecord("These turns are of several conversations; record one at a time.")
    name_of = fictitious(key)
    told = [_numberless(record, name_of) for record in [*before, *records]]
    recorder = _Recorder(told, name_of, with_said=with_said)
    for record in told[: len(before)]:
        recorder.remember(record)
    for record in told[len(before) :]:
        recorder.record(record)
    return recorder.recorded(name, told[len(before) :])


def fictitious(key: bytes) -> Namer:
    """What gives a handle another one that nobody can own, the same each time."""
    given: dict[str, str] = {}

    def name(handle: str) -> str:
        if handle.startswith(RANGE) or handle.endswith("@example.com") or handle.isdecimal():
            return handle  # fictitious already, or a short code
        if handle not in given:
            digest = hmac.new(key, handle.casefold().encode(), hashlib.sha256).digest()
            digits = int.from_bytes(digest[:4], "big") % 10_000
            is_email = "@" in handle or handle.startswith("email-")
            shape = "person{:04}@example.com" if is_email else RANGE + "{:04}"
            while (free := shape.format(digits)) in given.values():
                digits = (digits + 1) % 10_000
            given[handle] = free
        return given[handle]

    return name


def _whose(record: TurnRecord) -> str:
    place = record.conversation
    return place.conversation_id or place.group_id or place.participant


def _numberless(record: TurnRecord, name: Namer) -> TurnRecord:
    """The record without real numbers, and without what no scenario is made of."""
    tools = [Tool(name=t.name, description=None, parameters={}, ends_turn=t.ends_turn)
             for t in record.tools]  # fmt: skip
    lean = record.model_copy(update={"messages": [], "instructions": None, "tools": tools})
    region = region_of(record.conversation.number)
    plain = without_numbers(lean.model_dump(mode="json"), name, region=region)
    return TurnRecord.model_validate(plain)


@dataclass
class _Recorder:
    """Goes through the records once, and knows what was said so far by which reference.

    Attributes:
        known: AgentPhone's id of a message to the reference of it in the scenario.
        refs: The model's references (`m12`) to the same.
        bubbles: AgentPhone's id of each bubble of ours since the start to its number.
        out: How many bubbles were out before the turn that is being recorded.
        reached: When the turn before ended.
    """

    told: list[TurnRecord]
    name_of: Namer
    with_said: bool
    people: dict[str, str] = field(init=False)
    history: list[Earlier] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    remarks: dict[int, list[str]] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    bubbles: dict[str, int] = field(default_factory=dict)
    out: int = 0
    reached: datetime | None = None
    channel: str | None = None

    def __post_init__(self) -> None:
        self.people = _people(self.told)

    def remember(self, record: TurnRecord) -> None:
        """Earlier talk: what was heard and said in this turn."""
        said = [
            (act.finished_at or act.started_at if isinstance(act, Act) else act.written_at, act)
            for act in landed(record)
        ]
        heard = [one for one in record.heard if not one.by_a_person]
        told = [*((one.received_at, one) for one in heard), *said]
        for at, each in sorted(told, key=lambda entry: entry[0]):
            self._remember(at, each)

    def record(self, record: TurnRecord) -> None:
        """A turn: what was heard becomes what happens, what was done what is expected."""
        sent = bubbles_of(record)
        for nth, bubble in enumerate(sent, start=self.out + 1):
            self.bubbles[bubble.message_id or ""] = nth
            self.refs[bubble.ref] = bubble.message_id or ""
        ours = [heard for heard in record.heard if heard.in_turn]
        self._name(ours)
        for heard in record.heard:
            if heard.by_a_person:
                continue  # no scenario has a third party, and neither side of it said this
            if heard.outcome == "before" and not self.turns:
                self._remember(heard.received_at, heard)
            elif not heard.in_turn and heard.outcome != "before":
                self._name([heard])
                self._happens([heard], {"silent": True})
        self._happens(ours, expected(record, self.reference, with_said=self.with_said))
        if self.turns:
            self.remarks.setdefault(len(self.turns) - 1, []).extend(remarks_on(record))
        self.out += len(sent)
        self.reached = record.settled_at

    def recorded(self, name: str, records: Sequence[TurnRecord]) -> Recorded:
        """The scenario, ids only where something refers to them."""
        if not self.turns:
            raise NothingToRecord("Nobody wrote anything in these turns.")
        first, turns = records[0], self.turns
        used = {reference.partition(".")[0] for reference in _references(turns, self.history)}
        turns = [_with_id(turn, used) for turn in turns]
        old = len(self.history) - EARLIER
        kept = [each for nth, each in enumerate(self.history) if nth >= old or each.id in used]
        history = [_with_id(earlier, used) for earlier in kept]
        heard = [each.received_at for each in first.heard if each.in_turn] or [first.started_at]
        start = Start(
            clock=min(heard).replace(microsecond=0),
            line=_line(self.told),
            people=[Person(name=name, handle=at) for at, name in self.people.items()],
            group=self._group(first),
            memory=_memory(first.memory.before or {}),
            history=history,
        )
        return Recorded(Scenario(name=name, start=start, turns=turns), self.remarks)

    def reference(self, message: str | None) -> str | None:
        """A message, by AgentPhone's id or the model's `m12`, as the scenario calls it."""
        message = self.refs.get(message or "", message or "")
        if (number := self.bubbles.get(message)) is not None:
            return f"{AGENT}.{number}"
        return self.known.get(message)

    def _now(self, message: str | None) -> str | None:
        """The same before the agent has said more: its newest bubble is its last."""
        reference = self.reference(message)
        return LAST if reference == f"{AGENT}.{self.out}" else reference

    def _group(self, record: TurnRecord) -> Group | None:
        if not record.conversation.is_group:
            return None
        return Group(name=record.conversation.group_name, members=list(self.people.values()))

    def _remember(self, at: datetime, each: Heard | BubbleSent | Act) -> None:
        if isinstance(each, Act):
            self._tapped(AGENT, at, each.landed, self.refs.get(each.ref or "", ""))
        elif isinstance(each, Heard) and each.kind == "tapback":
            who = self._who(each.sender)
            self._tapped(who, at, each.reaction, each.target_message_id or "")
        elif each.text or each.media:
            is_ours = isinstance(each, BubbleSent) or each.direction == "outbound"
            self.history.append(
                Earlier(
                    id=each.ref,
                    who=AGENT
                    if is_ours or isinstance(each, BubbleSent)
                    else self._who(each.sender),
                    text=each.text,
                    media=_pictures(each.media),
                    reply_to=self.known.get(each.reply_to_message_id or ""),
                    channel=None if is_ours else self._switch(each.channel or ""),
                    at=at,
                )
            )
            self.known[each.message_id or each.ref] = each.ref
            self.refs[each.ref] = each.message_id or each.ref

    def _tapped(self, who: str | None, at: datetime, tapback: str | None, message: str) -> None:
        if tapback and (on := self.known.get(message)):
            self.history.append(Earlier(who=who, tapback=tapback, on=on, at=at))

    def _happens(self, heard: list[Heard], expect: dict[str, Any]) -> None:
        """One turn of the scenario; before it the clock, when nothing happened for a while."""
        parts: list[dict[str, Any]] = []
        lost: list[str] = []
        for nth, each in enumerate(heard):
            part = self._written(each, lost)
            if not part:
                continue
            if parts:
                part["pause"] = _pause(heard[nth - 1], each)
            parts.append(part)
        if not parts:
            return
        self._wait(heard[0].received_at)
        what = parts[0] if len(parts) == 1 else {"burst": parts}
        turn = Turn.model_validate({**what, "id": _first_ref(heard), "expect": expect})
        self.remarks[len(self.turns)] = lost
        self.turns.append(turn)
        self.reached = heard[-1].received_at

    def _name(self, heard: list[Heard]) -> None:
        """What the messages of a turn are called: `m3`, and in a burst `m3.1`, `m3.2`…"""
        texts = [each for each in heard if _is_written(each)]
        for nth, each in enumerate(texts, start=1):
            name = f"{texts[0].ref}.{nth}" if len(texts) > 1 else each.ref
            self.refs[each.ref] = each.message_id or each.ref
            self.known[each.message_id or each.ref] = name

    def _written(self, each: Heard, lost: list[str]) -> dict[str, Any]:
        """What somebody wrote or tapped; nothing when it cannot be told."""
        who = self._who(each.sender)
        if each.kind == "tapback":
            on = self._now(each.target_message_id) or self._unseen(each)
            if on is None:
                lost.append(f"left out: {who or 'they'} tapped back on what is not in the records")
                return {}
            return {"who": who, "tapback": each.reaction, "on": on}
        if not _is_written(each):
            return {}
        reply_to = self._now(each.reply_to_message_id)
        if each.reply_to_message_id and reply_to is None:
            lost.append("it answered in thread what is not in the records")
        media = _pictures(each.media)
        part = {"who": who, "text": each.text, "media": media, "reply_to": reply_to}
        return part | {"channel": self._switch(each.channel)}

    def _unseen(self, tapped: Heard) -> str | None:
        """A bubble from before the records of which the tapback tells the words."""
        if not tapped.target_text or not tapped.target_message_id:
            return None
        name = f"before-{tapped.ref}"
        self.history.append(Earlier(id=name, who=AGENT, text=tapped.target_text))
        self.known[tapped.target_message_id] = name
        return name

    def _who(self, handle: str) -> str | None:
        """Their name; None for the one who is meant anyway."""
        name = self.people.get(handle)
        return None if name == next(iter(self.people.values())) else name

    def _switch(self, channel: str) -> str | None:
        """The channel when it is another than before."""
        channel = "imessage" if channel == "imessage" else "sms"
        before, self.channel = self.channel or _line(self.told), channel
        return None if channel == before else channel

    def _wait(self, until: datetime) -> None:
        if self.reached is None:
            return
        gap = (until - self.reached).total_seconds()
        if gap >= PAUSE:
            self.turns.append(Turn(advance=round(gap)))


def _people(records: Sequence[TurnRecord]) -> dict[str, str]:
    """Everybody who takes part, by handle, each with a name of their own."""
    names: dict[str, str | None] = {}
    for record in records:
        if not record.conversation.is_group:
            names.setdefault(record.conversation.participant, None)
        for heard in record.heard:
            if heard.direction == "inbound":
                names[heard.sender] = heard.sender_name or names.get(heard.sender)
    if records[0].conversation.is_group:
        for nobody in range(2 - len(names)):
            names[f"{RANGE}000{nobody}"] = None
    taken: dict[str, str] = {}
    for handle, name in names.items():
        plain = " ".join((name or "Person").split()) or "Person"
        plain = "Agent" if plain == AGENT else plain
        count, free = 1, plain
        while free in taken.values():
            count += 1
            free = f"{plain} {count}"
        taken[handle] = free
    return taken


def _memory(before: dict[str, Any]) -> Memory:
    """What the record says was remembered, without what was empty."""
    told = {part: before[part] for part in Memory.model_fields if before.get(part)}
    if not any((told.get("state") or {}).values()):
        told.pop("state", None)
    return Memory(**told)


def _line(records: Sequence[TurnRecord]) -> Any:
    channels = {heard.channel for record in records for heard in record.heard}
    channels |= {record.conversation.channel for record in records}
    return "imessage" if "imessage" in channels else "sms"


def _pictures(handles: Iterable[str]) -> list[str]:
    return [STAND_IN.format(handle) for handle in handles]


def _pause(before: Heard, after: Heard) -> float:
    return round(max((after.received_at - before.received_at).total_seconds(), 0.0), 1)


def _first_ref(heard: list[Heard]) -> str | None:
    return next((each.ref for each in heard if _is_written(each)), None)


def _is_written(heard: Heard) -> bool:
    return heard.kind == "text" and bool(heard.text or heard.media)


def _references(turns: Sequence[Turn], history: Sequence[Earlier]) -> Iterable[str]:
    for each in [*history, *(part for turn in turns for part in turn.written)]:
        yield from (name for name in (each.reply_to, each.on) if name)
    for turn in turns:
        called = [a for call in turn.expect.called for a in call.arguments.values()]
        names = [turn.expect.threaded_to, *(argument.message for argument in called)]
        yield from (name for name in names if name)


def _with_id(each: Any, used: set[str]) -> Any:
    return each if each.id in used else each.model_copy(update={"id": None})
