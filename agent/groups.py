"""In a group the agent hears everything and speaks when it is addressed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import regex

from memory.tables import Message

FOLLOW_UP = timedelta(seconds=90)
"""For so long after an answer, the person answered may go on without saying the name again."""


def is_addressed(
    messages: Sequence[Message],
    *,
    name: str,
    ours: frozenset[str],
    answered: str | None,
    answered_at: datetime | None,
) -> bool:
    """Whether one of these messages of a group is meant for the agent.

    Args:
        name: What the agent is called; in small letters or capitals, but as a word of its own.
        ours: Ids of the agent's own messages: a reply or a tapback to one is meant for it.
        answered: The handle the agent answered last.
        answered_at: When it did.
    """
    mention = regex.compile(
        rf"(?<![\p{{L}}\p{{N}}]){regex.escape(name)}(?![\p{{L}}\p{{N}}])", regex.IGNORECASE
    )
    for message in messages:
        if message.reply_to_message_id in ours or message.target_message_id in ours:
            return True
        if mention.search(message.text):
            return True
        follows = answered_at is not None and message.received_at - answered_at <= FOLLOW_UP
        if follows and message.sender == answered:
            return True
    return False
