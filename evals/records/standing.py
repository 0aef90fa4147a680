"""How things stood before a turn, on a twin and in a database of their own, from records alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlmodel import Session

from evals.records.landed import tapbacks_of
from evals.records.recording import STAND_IN, fictitious
from memory import engines
from memory.keepsakes import TwinRecord
from memory.restoring import (
    Where,
    heard_before,
    learnt_before,
    memory_before,
    restore,
    rows_before,
)
from memory.state import KEY
from memory.transcript import BubbleSent, Heard, TurnRecord
from phone.emulator.restoring import AGENT_ID, NUMBER, NUMBER_ID, Said, Talk, Tapped, line_with

FARTHEST = 100
"""Turns of a conversation that are set up again. The model is shown the last 30 of them, and of
what was said in no turn the last messages; what is further back it never sees."""

_PSEUDONYM = re.compile(r"\b(?:number|email)-[0-9a-f]{12}\b")


@dataclass(frozen=True, slots=True)
class Standing:
    """A turn that is to be taken again, and what came before it, oldest first."""

    record: TurnRecord
    earlier: list[TurnRecord]

    @property
    def conversation_id(self) -> str:
        """AgentPhone's id, or one in its stead."""
        place = self.record.conversation
        name = place.group_id or place.participant
        digest = hashlib.sha256(name.encode()).hexdigest()
        return place.conversation_id or f"c{digest[:24]}"


def standings(records: Sequence[TurnRecord]) -> Iterator[Standing]:
    """Each of these turns with the turns it followed, as far as they are among these.

    Turns are a tree: one that was forked off follows what it was forked from.
    """
    playable = [_with_numbers(record) for record in records]
    by_id = {record.turn_id: record for record in playable}
    for record in playable:
        yield Standing(record, _before(record, by_id))


def set_up(database: Path, standing: Standing, *, agent_name: str) -> None:
    """Fill an empty database, with its tables, by what stood before the turn: both sides of it."""
    where = Where(
        number=NUMBER,
        number_id=NUMBER_ID,
        agent_id=AGENT_ID,
        conversation_id=standing.conversation_id,
        stand_in=STAND_IN.format,
    )
    engine = engines.writer_engine(engines.database(f"sqlite:///{database}"))
    try:
        with Session(engine) as session, session.begin():
            restore(session, rows_before(standing.record, standing.earlier, where))
            for kind, id, data in line_with(talk_before(standing), agent_name=agent_name):
                session.add(TwinRecord(kind=kind, id=id, data=data))
    finally:
        engine.dispose()


def talk_before(standing: Standing) -> Talk:
    """The conversation as the twin had it before the turn."""
    record, earlier = standing.record, standing.earlier
    heard = [each for _, each in heard_before(record, earlier)]
    state = memory_before(record, earlier)
    said = {each.message_id: each for each in _said(standing, heard)}
    inbound = [each for each in heard if each.direction == "inbound"]
    last = inbound[-1].channel if inbound else record.conversation.channel
    return Talk(
        conversation_id=standing.conversation_id,
        people=_people(standing),
        said=list(_tapped(said, standing, heard).values()),
        channel="imessage" if last == "imessage" else "sms",
        at=min([each.received_at for each in record.heard if each.in_turn] or [record.started_at]),
        metadata=None if state is None else {KEY: state},
        group_id=record.conversation.group_id if record.conversation.is_group else None,
        group_name=record.conversation.group_name,
    )


def _before(record: TurnRecord, by_id: Mapping[str, TurnRecord]) -> list[TurnRecord]:
    found: list[TurnRecord] = []
    parent = by_id.get(record.parent_turn_id or "")
    while parent is not None and len(found) < FARTHEST and parent not in found:
        found.append(parent)
        parent = by_id.get(parent.parent_turn_id or "")
    return found[::-1]


def _with_numbers(record: TurnRecord) -> TurnRecord:
    """A record in which everybody can be texted: an export's names for numbers are none."""
    text = record.model_dump_json()
    if not _PSEUDONYM.search(text):
        return record
    name = fictitious(b"")
    return TurnRecord.model_validate_json(_PSEUDONYM.sub(lambda found: name(found.group()), text))


def _people(standing: Standing) -> dict[str, str | None]:
    """Everybody on the other side, the person it is with first."""
    place = standing.record.conversation
    names: dict[str, str | None] = {} if place.is_group else {place.participant: None}
    for record in [*standing.earlier, standing.record]:
        for heard in record.heard:
            if heard.direction == "inbound":
                names[heard.sender] = heard.sender_name or names.get(heard.sender)
    return names


def _said(standing: Standing, heard: Sequence[Heard]) -> Iterator[Said]:
    for each in heard:
        if each.kind == "text" and each.message_id:
            yield Said(
                message_id=each.message_id,
                from_handle=None if each.direction == "outbound" else each.sender,
                body=each.text,
                channel=each.channel,
                at=each.received_at,
                media_urls=[STAND_IN.format(handle) for handle in each.media],
                reply_to_message_id=each.reply_to_message_id,
            )
    for past in standing.earlier:
        learnt = learnt_before(standing.record, past)
        for act in past.wire:
            if isinstance(act, BubbleSent):
                now = learnt.get(act.bubble_id) or act
                if now.message_id is not None:
                    yield _bubble(act, now)


def _bubble(act: BubbleSent, now: Any) -> Said:
    return Said(
        message_id=now.message_id,
        from_handle=None,
        body=act.text,
        channel=now.channel or "sms",
        at=act.finished_at or act.written_at,
        media_urls=[STAND_IN.format(handle) for handle in act.media],
        send_style=None if "effect" in act.lost else act.send_style,
        reply_to_message_id=act.reply_to_message_id if now.is_threaded else None,
        failed=(now.reason or "undelivered") if getattr(now, "is_undelivered", False) else None,
    )


def _tapped(said: dict[str, Said], standing: Standing, heard: Sequence[Heard]) -> dict[str, Said]:
    """The same with the tapbacks on them, theirs and ours."""
    taps: dict[str, list[Tapped]] = {}
    for each in heard:
        if each.kind == "tapback" and each.target_message_id and each.reaction:
            tapped = Tapped(each.reaction, each.sender, each.received_at)
            taps.setdefault(each.target_message_id, []).append(tapped)
    ids = {each.ref: each.message_id for each in heard if each.message_id}
    for past in standing.earlier:
        sent = [act for act in past.wire if isinstance(act, BubbleSent)]
        ids |= {bubble.ref: bubble.message_id for bubble in sent if bubble.message_id}
        for act in tapbacks_of(past):
            if on := ids.get(act.ref or ""):
                taps.setdefault(on, []).append(Tapped(act.landed or "", None, act.finished_at))
    return {
        message_id: replace(each, tapbacks=taps.get(message_id, []))
        for message_id, each in said.items()
    }
