"""In a group the agent hears everything and speaks when it is addressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import regex

from memory.tables import Message
from safety.approval import KIND

FOLLOW_UP = timedelta(seconds=90)
"""For so long after an answer, the person answered may go on without saying the name again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A turn in which we said something: what it was about, and when the last bubble was out."""

    messages: Sequence[Message]
    at: datetime


def addressed_by(
    messages: Sequence[Message],
    *,
    name: str,
    ours: frozenset[str],
    answered: Mapping[str, datetime],
) -> frozenset[str]:
    """The handles of those whose messages in a group are meant for the agent; empty when none is.

    Args:
        name: What the agent is called; in small letters or capitals, but as a word of its own.
        ours: Ids of the agent's own messages: a reply or a tapback to one is meant for it.
        answered: Who was answered last, and when: they may go on for `FOLLOW_UP`.
    """
    mention = regex.compile(
        rf"(?<![\p{{L}}\p{{N}}]){regex.escape(name)}(?![\p{{L}}\p{{N}}])", regex.IGNORECASE
    )

    def is_for_us(message: Message) -> bool:
        if message.kind == KIND:
            return True
        if message.reply_to_message_id in ours or message.target_message_id in ours:
            return True
        at = answered.get(message.sender)
        follows = at is not None and message.received_at - at <= FOLLOW_UP
        return follows or mention.search(message.text) is not None

    return frozenset(message.sender for message in messages if is_for_us(message))


def people_answered(
    answers: Sequence[Answer], *, name: str, ours: frozenset[str]
) -> dict[str, datetime]:
    """Whom the last of these turns answered, and when: who spoke to us, not who chatted beside.

    Args:
        answers: Oldest first; who may go on after one depends on the one before.
    """
    answered: dict[str, datetime] = {}
    for answer in answers:
        people = addressed_by(answer.messages, name=name, ours=ours, answered=answered)
        answered = dict.fromkeys(people, answer.at)
    return answered
