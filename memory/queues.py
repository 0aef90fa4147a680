"""How much may wait in one conversation: the newest of it is answered, the rest only kept.

A turn is about everything that waits. Somebody who pours hundreds of texts in would have them all
read to the model, at a price, in one request; so the oldest beyond a bound are settled unanswered.
"""

from __future__ import annotations

from collections.abc import Sequence

from memory.tables import Message, MessageState

MOST_WAITING = 50
"""Texts and tapbacks one turn takes in at once."""

IN_A_GROUP = 200
"""The same in a group: thirty-two people chat, and most of it is not even meant for us."""

QUEUE_FULL = "dropped(queue_full)"
"""The outcome of what was too much at once. The model may still see it as earlier talk."""


def newest_of(waiting: Sequence[Message], *, is_group: bool) -> list[Message]:
    """Those a turn is to be about, oldest first; what is older is settled here and now.

    Consent words stay, however many there are.
    """
    plain = [message for message in waiting if message.keyword is None]
    most = IN_A_GROUP if is_group else MOST_WAITING
    for message in plain[:-most]:
        message.state, message.outcome = MessageState.SETTLED, QUEUE_FULL
    return [message for message in waiting if message.outcome != QUEUE_FULL]
