"""Tapbacks on messages, by either side."""

from __future__ import annotations

import regex

from phone.emulator.line import Line
from phone.emulator.records import MessageRecord, ReactionRecord
from phone.emulator.refusals import Refusal
from phone.types import TAPBACKS

EMOJI = regex.compile(r"\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\uFE0F?\u20E3")

REPLACED_KEPT = 20
"""Earlier tapbacks remembered of one message, for whoever puts the conversation back."""


def is_emoji(text: str) -> bool:
    """Whether a text is one emoji: a single grapheme, built on a pictograph, flag or keycap."""
    return regex.fullmatch(r"\X", text) is not None and EMOJI.match(text) is not None


def checked_reaction(reaction: str, *, emoji: bool, status: int) -> None:
    """Raise a refusal with that status unless it is one of the six, or an emoji the line can do."""
    if reaction in TAPBACKS:
        return
    if not is_emoji(reaction):
        text = f'reaction is "{reaction[:40]}"; use one of {", ".join(TAPBACKS)}, or a single emoji'
        raise Refusal(status, text, field="reaction")
    if not emoji:
        text = "This line cannot send custom emoji tapbacks; upgrade it, or use a classic tapback."
        raise Refusal(status, text, field="reaction")


def put_reaction(
    line: Line, message: MessageRecord, reaction: str, *, from_handle: str, direction: str
) -> tuple[ReactionRecord, bool]:
    """Leave a tapback in place of an earlier one by the same hand, and whether it is news.

    The same tapback again stays as it is.
    """
    mine = [one for one in message.reactions if one.from_handle == from_handle]
    if mine and mine[0].reaction == reaction:
        return mine[0], False
    added = ReactionRecord(
        id=line.new_id(),
        reaction=reaction,
        from_handle=from_handle,
        direction=direction,
        created_at=line.now(),
    )
    message.reactions = [one for one in message.reactions if one not in mine] + [added]
    message.replaced = [*message.replaced, *mine][-REPLACED_KEPT:]
    line.touch("message", message.id)
    return added, True
