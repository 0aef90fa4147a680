"""What a group remembers of a member, taken away with them: facts they told, and the summary.

A summary is of everybody's words at once, so all of it goes; what was remembered of the others
stays. What turns of the group show of the member (facts in what the model read, their name) is
written over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, delete, select, update

from memory import sources
from memory.alerts import Alert
from memory.lines import speaker
from memory.persons import Person
from memory.state import found_in, with_state, without_ours
from memory.tables import Mailbox, Message, MetadataEntry, Transcript, Turn

ERASED = "erased"
"""Stands where a person's handle stood, and is the reason of what was ended for them."""

WORDS = "[erased]"
"""Stands where their words stood in a group."""


SHORTEST = 8
"""Characters from which on a fact is written over wherever it stands: "tea" is everybody's."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What one group remembers of a member.

    Attributes:
        conversation_id: AgentPhone's id of the group's conversation; None while it is unknown.
        facts: The facts that they told.
    """

    mailbox_id: int
    conversation_id: str | None
    facts: tuple[str, ...]


def remembered_of(session: Session, person: Person) -> list[Remembered]:
    """What their groups remember of somebody, who may be about to be erased."""
    groups = session.exec(select(Mailbox).where(col(Mailbox.id).in_(person.group_ids))).all()
    return [
        Remembered(group.id or 0, group.conversation_id, _facts(session, group.id or 0, person))
        for group in groups
    ]


def without(metadata: Any, facts: Iterable[str]) -> dict[str, Any] | None:
    """A group's whole metadata without these facts and its summary; None: nothing is to be written.

    What cannot be read may hold anything: then all that is ours in it goes.
    """
    found = found_in(metadata)
    if found.unreadable is not None:
        return without_ours(metadata) or {}
    if found.state is None or not found.is_writable:
        return None
    kept = [fact for fact in found.state.facts if fact not in set(facts)]
    if kept == found.state.facts and not found.state.summary:
        return None
    changed = found.state.model_copy(update={"facts": kept, "summary": ""})
    changed.rev += 1
    return with_state(metadata, changed)


def clean(session: Session, person: Person, mailbox_id: int) -> None:
    """Take what a group remembers of them out of our own rows, the memory's past included."""
    facts = _facts(session, mailbox_id, person)
    mailbox = session.get_one(Mailbox, mailbox_id)
    for name in ("state", "state_seen"):
        if (state := getattr(mailbox, name)) is not None:
            setattr(mailbox, name, _less(state, facts))
    session.add(mailbox)
    session.exec(delete(MetadataEntry).where(col(MetadataEntry.mailbox_id) == mailbox_id))
    wrote = (col(Message.mailbox_id) == mailbox_id, col(Message.sender).in_(person.handles))
    theirs = select(Message.message_id).where(*wrote)
    here = (col(Alert.mailbox_id) == mailbox_id, col(Alert.message_id).in_(theirs))
    session.exec(update(Alert).where(*here).values(message_id=None))
    _write_over(session, mailbox_id, _marks(session, person, mailbox_id, facts))


def _facts(session: Session, mailbox_id: int, person: Person) -> tuple[str, ...]:
    told = sources.of(session, mailbox_id)
    return tuple(fact for fact, source in told.items() if source.sender in person.handles)


def _less(state: Mapping[str, Any], facts: Iterable[str]) -> dict[str, Any]:
    gone = set(facts)
    kept = [fact for fact in state.get("facts") or [] if fact not in gone]
    return {**state, "facts": kept, "summary": ""}


def _marks(
    session: Session, person: Person, mailbox_id: int, facts: Iterable[str]
) -> dict[str, str]:
    """What is written over in the group's turns, the longest first, and by what."""
    named = select(Message.sender, Message.sender_name).where(
        Message.mailbox_id == mailbox_id, col(Message.sender).in_(person.handles)
    )
    speakers = {speaker(name, handle) for handle, name in session.exec(named.distinct())}
    marks = dict.fromkeys(facts, WORDS) | dict.fromkeys((*speakers, *person.handles), ERASED)
    return dict(sorted(marks.items(), key=lambda mark: -len(mark[0])))


def _write_over(session: Session, mailbox_id: int, marks: Mapping[str, str]) -> None:
    for turn in session.exec(select(Turn).where(Turn.mailbox_id == mailbox_id)):
        for name in ("memory_before", "memory_after", "notes", "messages"):
            setattr(turn, name, _marked(getattr(turn, name), marks))
        session.add(turn)
    kept = select(Transcript).where(Transcript.mailbox_id == mailbox_id)
    for transcript in session.exec(kept):
        record = json.loads(transcript.record)
        transcript.record = json.dumps(_marked(record, marks), ensure_ascii=False)
        session.add(transcript)
    session.flush()


def _marked(value: Any, marks: Mapping[str, str]) -> Any:
    """The same value with the marks in its strings; of a memory in it the summary is gone."""
    if isinstance(value, str):
        for words, mark in marks.items():
            value = value.replace(words, mark) if len(words) >= SHORTEST else value
        return value
    if isinstance(value, list):
        return [_marked(item, marks) for item in value]
    if isinstance(value, dict):
        if isinstance(value.get("facts"), list) and "summary" in value:
            value = _less(value, marks)
        return {name: _marked(item, marks) for name, item in value.items()}
    return value
