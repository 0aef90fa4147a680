"""The recent past of each conversation: what it was called, remembered and painted with, and when.

The conversation's record says only how it is now. One moment is written with every change, so that
a conversation can be put back to how it was (`phone.emulator.rewinding`).
"""

from __future__ import annotations

from phone.emulator.line import Line
from phone.emulator.records import ConversationRecord, MomentRecord

KEPT = 500
"""Moments kept of one conversation, the newest: a change for each turn of some weeks of texting."""

FACTS = (
    "channel",
    "group_name",
    "metadata",
    "background_url",
    "background_id",
    "background_version",
)
"""What a moment keeps of a conversation."""


def note(line: Line, conversation: ConversationRecord) -> None:
    """Keep how the conversation is from now on; nothing happens when it is as it was before."""
    facts = {name: getattr(conversation, name) for name in FACTS}
    moments = line.moments_of[conversation.id]
    if moments and all(getattr(moments[-1], name) == fact for name, fact in facts.items()):
        return
    moment = MomentRecord(id=line.new_id(), conversation_id=conversation.id, at=line.now(), **facts)
    line.add("moment", moment.id, moment)
    if len(moments) > KEPT:
        line.drop("moment", moments.pop(0).id)


def begin(line: Line) -> None:
    """Keep how those conversations are whose past nobody has kept yet."""
    for conversation in line.conversations.values():
        if not line.moments_of[conversation.id]:
            note(line, conversation)
