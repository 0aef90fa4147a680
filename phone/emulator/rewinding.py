"""A conversation put back to how it was at one of its messages, in the records of a saved line.

Pure: it reads what a twin has saved and says what is to be saved over it. Whoever calls it works on
a copy, from which the other conversations go.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from phone.emulator.caps import DAY
from phone.emulator.line import KINDS
from phone.emulator.moments import FACTS
from phone.emulator.receiving import START_WORDS, STOP_WORDS
from phone.emulator.records import (
    ConversationRecord,
    MessageRecord,
    MomentRecord,
    PersonRecord,
    ReactionRecord,
)

Saved = tuple[str, str, str]
"""`(kind, id, JSON text)` of a record, as `Line.take_changes` gives it."""

Change = tuple[str, str, str | None]
"""The same; without text the record is gone."""

Key = tuple[float, str]
"""Where something stands among all that happened: its time, then its id."""

T = TypeVar("T", MomentRecord, ReactionRecord)

AFTER_ALL = "~"
"""Sorts after every id."""


class NoSuchPlace(Exception):
    """The line has no such conversation, or the conversation no such message."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation is cut: what stands before it stays.

    Attributes:
        messages_before: The first message that is gone has this key or a later one.
        rest_before: The same for tapbacks and moments: what a message itself has caused stays with
            it, and goes with it.
    """

    conversation_id: str
    messages_before: Key
    rest_before: Key


class Told:
    """The records of one conversation, in order."""

    def __init__(self, saved: Iterable[Saved], conversation_id: str) -> None:
        """Read them.

        Raises:
            NoSuchPlace: The line has no such conversation.
        """
        conversation = None
        self.messages: list[MessageRecord] = []
        self.moments: list[MomentRecord] = []
        for kind, id, text in saved:
            if kind not in ("conversation", "message", "moment"):
                continue
            record = KINDS[kind].model_validate_json(text)
            if isinstance(record, ConversationRecord) and id == conversation_id:
                conversation = record
            elif getattr(record, "conversation_id", None) == conversation_id:
                if isinstance(record, MessageRecord):
                    self.messages.append(record)
                elif isinstance(record, MomentRecord):
                    self.moments.append(record)
        if conversation is None:
            raise NoSuchPlace(f"There is no conversation {conversation_id} on this line.")
        self.conversation: ConversationRecord = conversation
        self.messages.sort(key=attrgetter("at", "id"))
        self.moments.sort(key=attrgetter("at", "id"))

    def after(self, message_id: str) -> Place:
        """Right after a message. Raises NoSuchPlace."""
        last = self._act(message_id)[-1]
        return self._place((last.at, last.id + AFTER_ALL), (last.at, AFTER_ALL))

    def before(self, message_id: str) -> Place:
        """Right before a message, or before a tapback by its id. Raises NoSuchPlace."""
        for message in self.messages:
            for reaction in (*message.reactions, *message.replaced):
                if reaction.id == message_id:
                    key = (reaction.created_at, reaction.id)
                    return self._place(key, key)
        first = self._act(message_id)[0]
        return self._place((first.at, first.id), (first.at, first.id))

    def end(self) -> Place:
        """After all that has happened."""
        return self._place((math.inf, ""), (math.inf, ""))

    def kept(self, place: Place) -> list[MessageRecord]:
        """The messages before a place."""
        return [one for one in self.messages if (one.at, one.id) < place.messages_before]

    def _place(self, messages_before: Key, rest_before: Key) -> Place:
        return Place(self.conversation.id, messages_before, rest_before)

    def _act(self, message_id: str) -> list[MessageRecord]:
        """A message with those that were sent with it: several photos are several messages."""
        for message in self.messages:
            if message.id == message_id:
                sent = (message.at, message.from_handle, bool(message.media_urls))
                return [
                    one
                    for one in self.messages
                    if (one.at, one.from_handle, bool(one.media_urls)) == sent
                ]
        raise NoSuchPlace(f"There is no message {message_id} in this conversation.")


def rewind(saved: Sequence[Saved], place: Place, *, until: float | None = None) -> list[Change]:
    """What is to be saved over a copy of the line, so that it is as it was at that place.

    Args:
        until: Up to when what the agent did stays even after the place, Unix seconds on the line's
            clock: the end of its last whole turn, which saves its memory after its last bubble.
            None when nothing does.
    """
    told = Told(saved, place.conversation_id)
    kept = told.kept(place)
    gone = told.messages[len(kept) :]
    scale = _Scale(place, until, gone[0] if gone else None)
    messages = [scale.at_that_time(message) for message in kept]
    moments = [one for one in told.moments if scale.has_ours(one.at, one.id)]
    conversation = _as_it_was(told, messages, moments, scale)
    stays = {"conversation": {conversation.id}, "moment": {one.id for one in moments}}
    stays |= {"message": {one.id for one in messages}, "delivery": set()}
    changes: list[Change] = [
        (kind, id, None) for kind, id, _ in saved if kind in stays and id not in stays[kind]
    ]
    changes += [("message", one.id, one.model_dump_json()) for one in messages]
    changes.append(("conversation", conversation.id, conversation.model_dump_json()))
    changes += [
        ("person", person.handle, person.model_dump_json())
        for person in _people(saved, messages, gone)
    ]
    return changes


@dataclass(frozen=True, slots=True)
class _Scale:
    """Which of the things that are no messages had happened."""

    place: Place
    until: float | None
    first_gone: MessageRecord | None

    def has_ours(self, at: float, id: str) -> bool:
        """Whether what the agent did had happened, or belongs to what stays."""
        is_of_the_turn = self.until is not None and at <= self.until
        return (at, id) < self.place.rest_before or is_of_the_turn

    def has_theirs(self, at: float, id: str) -> bool:
        """The same for what a person did: not once they had written what is gone."""
        gone = self.first_gone
        return self.has_ours(at, id) and (gone is None or (at, id) < (gone.at, gone.id))

    def at_that_time(self, message: MessageRecord) -> MessageRecord:
        """A message with the tapbacks it had: of each hand the last one."""
        latest: dict[str, ReactionRecord] = {}
        replaced = []
        for reaction in sorted(
            (*message.replaced, *message.reactions), key=attrgetter("created_at", "id")
        ):
            has = self.has_theirs if reaction.direction == "inbound" else self.has_ours
            if has(reaction.created_at, reaction.id):
                if earlier := latest.pop(reaction.from_handle, None):
                    replaced.append(earlier)
                latest[reaction.from_handle] = reaction
        return message.model_copy(update={"reactions": list(latest.values()), "replaced": replaced})


def _as_it_was(
    told: Told,
    messages: Sequence[MessageRecord],
    moments: Sequence[MomentRecord],
    scale: _Scale,
) -> ConversationRecord:
    """The conversation's record: its moment, and what the messages that stay come to."""
    facts: dict[str, object] = {}
    if told.moments:
        # Of what lies before the oldest moment nothing older is known than that.
        ours = (moments or told.moments[:1])[-1]
        said = [one for one in moments if scale.has_theirs(one.at, one.id)]
        theirs = (said or told.moments[:1])[-1]
        facts = {name: getattr(ours, name) for name in FACTS}
        facts |= {"channel": theirs.channel, "group_name": theirs.group_name}
    came = [one.at for one in messages if one.direction == "inbound"]
    tapped = [
        reaction.created_at
        for one in messages
        for reaction in one.reactions
        if reaction.direction == "inbound"
    ]
    heard = max((*came, *tapped), default=-math.inf)
    conversation = told.conversation
    return conversation.model_copy(
        update=facts
        | {
            "last_message_at": max((one.at for one in messages), default=conversation.created_at),
            "seen": min(conversation.seen, len(messages)),
            "streak": sum(one.direction == "outbound" and one.at > heard for one in messages),
            "replies": len(set(came)),
            "reply_days": len({at // DAY for at in came}),
            "last_reply_at": max(came, default=None),
        }
    )


def _people(
    saved: Iterable[Saved], kept: Sequence[MessageRecord], gone: Sequence[MessageRecord]
) -> Iterator[PersonRecord]:
    """Those whose STOP or START to the carrier is gone again."""
    changed = {one.from_number for one in gone if _word(one) is not None}
    for kind, _, text in saved:
        if kind != "person":
            continue
        person = PersonRecord.model_validate_json(text)
        if person.handle in changed:
            words = [_word(one) for one in kept if one.from_number == person.handle]
            said = [word for word in words if word is not None]
            yield person.model_copy(update={"opted_out": bool(said) and said[-1]})


def _word(message: MessageRecord) -> bool | None:
    """True for a STOP that a carrier reads, False for a START, None for anything else."""
    word = message.body.strip().lower()
    if message.direction != "inbound" or message.channel == "imessage":
        return None
    return word in STOP_WORDS if word in STOP_WORDS | START_WORDS else None
