"""How things stand when a scenario begins, on both sides of the line: pure, rows come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel

from evals.format.scenario import Scenario
from evals.format.turns import AGENT, LAST, Earlier, Written
from memory import engines
from memory.bubbles import FRESH_FOR
from memory.catching_up import BEFORE
from memory.keepsakes import TwinRecord
from memory.mailboxes import address
from memory.restoring import MAILBOX, restore
from memory.state import KEY, OPTED_OUT, ConversationState
from memory.tables import (
    Bubble,
    BubbleState,
    Consent,
    Mailbox,
    Message,
    MessageState,
    Turn,
    TurnState,
)
from phone.emulator.line import FRESH_NUMBERS
from phone.emulator.restoring import (
    AGENT_ID,
    NUMBER,
    NUMBER_ID,
    OTHER_NUMBER_ID,
    Row,
    Said,
    Talk,
    Tapped,
    line_with,
)

CONVERSATION_ID = "cconversation00000000001"
GROUP_ID = "grp_scenario0000000000000001"

AGO = timedelta(minutes=1)
"""How long before what follows it an earlier message was, where no time is given."""

LINES = {"imessage": (NUMBER_ID, NUMBER), "sms": (OTHER_NUMBER_ID, FRESH_NUMBERS[1][1])}
"""The id and the number of either line."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a scenario begins.

    Attributes:
        twin: The saved records of the line.
        harness: Rows of the harness, in the order to add them; none where it knows nobody yet.
        number: Ours, to which they write.
        handles: Everybody's, by name.
        ids: The message ids of what the history calls by an id.
        refs: What the model calls the messages of the history, by their message ids.
        metadata: Of the conversation, whole.
    """

    twin: list[Row]
    harness: list[SQLModel]
    number: str
    handles: dict[str, str]
    ids: dict[str, list[str]]
    refs: dict[str, str]
    metadata: dict[str, Any] | None


@dataclass(slots=True)
class _Told:
    """The history, as both sides have it."""

    said: list[Said] = field(default_factory=list)
    rows: list[SQLModel] = field(default_factory=list)
    ids: dict[str, list[str]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    last_ours: str = ""


def setting_of(scenario: Scenario, *, now: datetime, agent_name: str) -> Setting:
    """What stands in the twin's line and in the harness's tables when the scenario begins.

    Args:
        now: The time at which it begins.
    """
    start = scenario.start
    handles = {person.name: person.handle for person in start.people}
    number_id, number = LINES[start.line]
    metadata = _metadata(scenario)
    told = _history(scenario, handles, now)
    members = start.group.members if start.group else [start.people[0].name]
    talk = Talk(
        conversation_id=CONVERSATION_ID,
        people={handles[name]: name for name in members},
        said=told.said,
        channel=channel_at_first(scenario),
        at=now,
        metadata=metadata,
        group_id=GROUP_ID if start.group else None,
        group_name=start.group.name if start.group else None,
    )
    twin = [_on_line(row, number_id, number) for row in line_with(talk, agent_name=agent_name)]
    harness: list[SQLModel] = []
    if told.rows or metadata:
        harness = [_mailbox(scenario, talk, metadata, len(told.refs), now), *told.rows]
    if start.memory.flags.get(OPTED_OUT) is True:
        harness += [_stopped(whom, now) for whom in [*talk.people, *filter(None, [talk.group_id])]]
    return Setting(twin, harness, number, handles, told.ids, told.refs, metadata)


def channel_at_first(scenario: Scenario) -> str:
    """What they write on before anybody switches."""
    start = scenario.start
    if start.channel is not None:
        return start.channel
    members = set(start.group.members) if start.group else {start.people[0].name}
    has_imessage = all(person.imessage for person in start.people if person.name in members)
    return "imessage" if start.line == "imessage" and has_imessage else "sms"


def furnish(database: Path, setting: Setting) -> None:
    """Fill an empty database, with its tables, by how the scenario begins."""
    engine = engines.writer_engine(engines.database(f"sqlite:///{database}"))
    try:
        with Session(engine) as session, session.begin():
            restore(session, setting.harness)
            for kind, id, data in setting.twin:
                session.add(TwinRecord(kind=kind, id=id, data=data))
    finally:
        engine.dispose()


def _metadata(scenario: Scenario) -> dict[str, Any] | None:
    memory = scenario.start.memory
    told = memory.model_dump(mode="json", exclude={"foreign"})
    ours = {KEY: ConversationState(rev=1, **told).model_dump(mode="json")}
    metadata = memory.foreign | (ours if any(told.values()) else {})
    return metadata or None


def _on_line(row: Row, number_id: str, number: str) -> Row:
    """A record on the line the scenario names: they are made for the first."""
    kind, id, data = row
    if kind in ("conversation", "message"):
        data = data.replace(f'"{NUMBER_ID}"', f'"{number_id}"').replace(
            f'"{NUMBER}"', f'"{number}"'
        )
    return kind, id, data


def _mailbox(
    scenario: Scenario, talk: Talk, metadata: dict[str, Any] | None, spoken: int, now: datetime
) -> Mailbox:
    number_id, number = LINES[scenario.start.line]
    state = (metadata or {}).get(KEY)
    participant = next(iter(talk.people))
    return Mailbox(
        id=MAILBOX,
        conversation_id=CONVERSATION_ID,
        address=address(number, talk.group_id or participant),
        agent_id=AGENT_ID,
        number_id=number_id,
        number=number,
        participant=participant,
        is_group=talk.group_id is not None,
        group_id=talk.group_id,
        group_name=talk.group_name,
        channel=talk.channel,
        next_ref=spoken + 1,
        history_seeded=True,
        state=state,
        state_seen=state,
        created_at=min([said.at for said in talk.said], default=now),
    )


def _stopped(whom: str, now: datetime) -> Consent:
    return Consent(
        participant=whom,
        opted_out=True,
        how="operator",
        evidence="the scenario begins so",
        at=now - AGO,
    )


def _times(history: Sequence[Earlier], now: datetime) -> list[datetime]:
    at, times = now, []
    for earlier in reversed(history):
        at = earlier.at or at - AGO
        times.append(at)
    return times[::-1]


def _history(scenario: Scenario, handles: dict[str, str], now: datetime) -> _Told:
    """What was said before, a turn for each time the agent answered."""
    told, turn, position = _Told(), _Open(), 0
    channel = channel_at_first(scenario)
    history = scenario.start.history
    for nth, (earlier, at) in enumerate(zip(history, _times(history, now), strict=True), start=1):
        is_ours = earlier.who == AGENT
        if turn.answered and not is_ours:
            turn = _Open()
        who = None if is_ours else handles[earlier.who or scenario.start.people[0].name]
        channel = earlier.channel or channel
        message_id = f"cbefore{nth:017}"
        on = _named(told, earlier.on) if earlier.tapback else None
        told.refs[message_id] = f"m{nth}"
        if on is not None:
            _tap(told, on, Tapped(earlier.tapback or "", who, at))
        else:
            answers = _named(told, earlier.reply_to) if earlier.reply_to else None
            media = [url if ":" in url else f"https://files.example/{url}" for url in earlier.media]
            told.said.append(Said(message_id, who, earlier.text, channel, at, media, None, answers))
            told.ids.setdefault(earlier.id or "", []).append(message_id)
        if not is_ours:
            told.rows.append(_heard(nth, earlier, who or "", message_id, channel, at, on, told))
            turn.asked.append(told.rows[-1])
        elif on is None:
            position += 1
            told.last_ours = message_id
            turn.answer(told.rows, nth, channel, at)
            told.rows.append(_sent(nth, position, turn.id, told.said[-1]))
    told.ids.pop("", None)
    return told


@dataclass(slots=True)
class _Open:
    """A turn of the history: what was asked in it, and whether it was answered yet."""

    asked: list[Any] = field(default_factory=list)
    answered: bool = False
    id: str = ""

    def answer(self, rows: list[SQLModel], nth: int, channel: str, at: datetime) -> None:
        """Put the turn before its messages, once, when the agent first says something in it."""
        if self.answered:
            return
        self.answered, self.id = True, f"before-{nth}"
        began = self.asked[0].received_at if self.asked else at
        for message in self.asked:
            message.turn_id, message.outcome = self.id, "answered"
        place = len(rows) - len(self.asked)
        turn = Turn(
            id=self.id,
            mailbox_id=MAILBOX,
            session="eval",
            epoch=0,
            state=TurnState.SETTLED,
            outcome="answered",
            channel=channel,
            started_at=began,
            settled_at=at,
        )
        rows.insert(place, turn)


def _named(told: _Told, reference: str | None) -> str:
    """The message that one of the history refers to."""
    name, _, number = (reference or LAST).partition(".")
    if name == LAST:
        return told.last_ours
    ids = told.ids.get(name, [])
    place = int(number or 0) - 1
    return ids[place] if ids else told.last_ours


def _tap(told: _Told, on: str, tapped: Tapped) -> None:
    told.said = [
        replace(said, tapbacks=[*said.tapbacks, tapped]) if said.message_id == on else said
        for said in told.said
    ]


def _heard(
    nth: int,
    earlier: Written,
    sender: str,
    message_id: str,
    channel: str,
    at: datetime,
    on: str | None,
    told: _Told,
) -> Message:
    words = next((said.body for said in told.said if said.message_id == on), None)
    return Message(
        mailbox_id=MAILBOX,
        ref=nth,
        message_id=None if on else message_id,
        kind="tapback" if on else "text",
        sender=sender,
        text=earlier.text,
        media=list(told.said[-1].media_urls) if on is None else [],
        channel=channel,
        reaction=earlier.tapback,
        target_message_id=on,
        target_text=words,
        reply_to_message_id=None if on else told.said[-1].reply_to_message_id,
        state=MessageState.SETTLED,
        outcome="noted" if on else BEFORE,
        received_at=at,
        stored_at=at,
    )


def _sent(nth: int, position: int, turn_id: str, said: Said) -> Bubble:
    return Bubble(
        id=f"before-{nth}",
        mailbox_id=MAILBOX,
        turn_id=turn_id,
        position=position,
        ref=nth,
        text=said.body,
        media=list(said.media_urls),
        reply_to_message_id=said.reply_to_message_id,
        state=BubbleState.CONFIRMED,
        attempt=1,
        message_id=said.message_id,
        channel=said.channel,
        threaded=True if said.reply_to_message_id else None,
        created_at=said.at,
        expires_at=said.at + FRESH_FOR,
        dispatched_at=said.at,
        finished_at=said.at,
    )
