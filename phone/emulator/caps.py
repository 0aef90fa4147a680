"""The iMessage anti-spam caps: how many bubbles may go out before the person answers.

AgentPhone names the codes; the numbers are those Blooio publishes for the same rules. They are
refusals that no waiting clears, except the daily one: the person must write or tap back. The
daily limit on all bubbles of a line (`OUTBOUND_LIMIT_REACHED`) has no known number: play it as a
fault.
"""

from __future__ import annotations

from phone.emulator.line import Line
from phone.emulator.records import ConversationRecord, NumberRecord
from phone.emulator.refusals import Refusal

DAY = 86_400.0
SILENCE = 14 * DAY
"""After so many seconds without a word from them a conversation is inactive."""

COLD_STREAK = 3
"""Plain-text bubbles to somebody who has never answered."""

STREAKS = ((10, 3, 7 * DAY, 8), (3, 2, 0.0, 6), (1, 1, 0.0, 4))
"""Bubbles in a row by how well they know us: replies, days with replies, age in seconds, cap."""

NEW_CONTACTS = 50
"""People a line may write to first, in any 24 hours."""


def check(
    line: Line, number: NumberRecord, conversation: ConversationRecord | None, *, plain: bool
) -> None:
    """Raise a 429 when this bubble would be one too many. `plain` means no link and no media."""
    if conversation is None:
        _check_new(line, number)
    if conversation is None or conversation.replies == 0:
        streak = conversation.streak if conversation is not None else 0
        if streak >= COLD_STREAK or not plain:
            raise _cap(
                "CONVERSATION_AWAITING_REPLY", "They have not answered yet: plain text only,"
            )
    elif _is_inactive(line, conversation):
        if _sent_in_silence(line, conversation):
            raise _cap("CONVERSATION_INACTIVE", "They have been silent for two weeks:")
    elif conversation.streak >= _cap_of(line, conversation):
        raise _cap("CONVERSATION_STREAK_LIMIT", "Too many messages in a row:")


def new_contacts_today(line: Line, number: NumberRecord) -> int:
    """How many people the number wrote to first in the last 24 hours."""
    since = line.now() - DAY
    return sum(
        conversation.number_id == number.id and _opened_by_us(line, conversation)
        for conversation in line.conversations.values()
        if conversation.created_at > since
    )


def _check_new(line: Line, number: NumberRecord) -> None:
    if new_contacts_today(line, number) >= NEW_CONTACTS:
        raise _cap("NEW_CONVERSATION_LIMIT_REACHED", "Too many new people today:")


def _opened_by_us(line: Line, conversation: ConversationRecord) -> bool:
    messages = line.messages_of[conversation.id]
    return bool(messages) and messages[0].direction == "outbound"


def _is_inactive(line: Line, conversation: ConversationRecord) -> bool:
    return line.now() - (conversation.last_reply_at or 0.0) > SILENCE


def _sent_in_silence(line: Line, conversation: ConversationRecord) -> bool:
    last = line.messages_of[conversation.id][-1]
    silent_since = (conversation.last_reply_at or 0.0) + SILENCE
    return last.direction == "outbound" and last.at > silent_since


def _cap_of(line: Line, conversation: ConversationRecord) -> int:
    age = line.now() - conversation.created_at
    for replies, days, seconds, cap in STREAKS:
        if conversation.replies >= replies and conversation.reply_days >= days and age >= seconds:
            return cap
    return COLD_STREAK


def _cap(code: str, why: str) -> Refusal:
    return Refusal(429, f"{why} wait until the person writes.", code=code)
