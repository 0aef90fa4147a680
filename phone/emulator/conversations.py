"""Conversations: opened, renamed, given a memory, typed in and painted."""

from __future__ import annotations

from typing import Any

from phone.emulator import moments
from phone.emulator.line import Line
from phone.emulator.records import IMESSAGE_CHANNEL, ConversationRecord, NumberRecord
from phone.emulator.refusals import Refusal, not_found

TYPING_LASTS = 10.0
"""Seconds a typing bubble shows. AgentPhone says only "a few seconds"."""


def open_conversation(
    line: Line, number: NumberRecord, other: str, *, channel: str
) -> ConversationRecord:
    """The conversation of a number with a person, made when it is the first word."""
    known = line.conversation_with(number, other)
    if known is not None:
        return known
    return _add(line, number, participant=other, channel=channel)


def open_group(
    line: Line, number: NumberRecord, members: list[str], *, name: str | None = None
) -> ConversationRecord:
    """A new iMessage group, even where the same people already have one."""
    group_id = line.mint.group()
    return _add(
        line,
        number,
        participant=group_id,
        group_id=group_id,
        group_name=name,
        members=members,
        channel=IMESSAGE_CHANNEL,
    )


def _add(line: Line, number: NumberRecord, **fields: Any) -> ConversationRecord:
    now = line.now()
    conversation = ConversationRecord(
        id=line.new_id(),
        number_id=number.id,
        phone_number=number.phone_number,
        created_at=now,
        last_message_at=now,
        **fields,
    )
    line.add("conversation", conversation.id, conversation)
    moments.note(line, conversation)
    return conversation


def conversation_by_id(line: Line, conversation_id: str) -> ConversationRecord:
    """Raises a 404 for an unknown one."""
    found = line.conversations.get(conversation_id)
    if found is None:
        raise not_found("Conversation")
    return found


def group_by_id(line: Line, group_id: str) -> ConversationRecord:
    """The conversation of a `grp_…` id. Raises a 404."""
    for number in line.active_numbers():
        found = line.conversation_with(number, group_id)
        if found is not None:
            return found
    raise not_found("Group")


def remember(line: Line, conversation: ConversationRecord, metadata: dict[str, Any] | None) -> None:
    """Replace the whole metadata; None clears it."""
    conversation.metadata = metadata
    _changed(line, conversation)


def rename(line: Line, conversation: ConversationRecord, name: str | None) -> None:
    """Rename a group. A conversation between two has no name: nothing happens."""
    if conversation.is_group:
        conversation.group_name = name
        _changed(line, conversation)


def turn_to(line: Line, conversation: ConversationRecord, channel: str) -> None:
    """From now on answers go out on this channel."""
    conversation.channel = channel
    _changed(line, conversation)


def _changed(line: Line, conversation: ConversationRecord) -> None:
    line.touch("conversation", conversation.id)
    moments.note(line, conversation)


def show_typing(line: Line, conversation: ConversationRecord) -> None:
    """Show the bubble for `TYPING_LASTS` seconds from now. Raises a 400 on SMS unless switched."""
    if conversation.channel != IMESSAGE_CHANNEL:
        if line.switches.sms_typing == "ignore":
            return
        raise Refusal(400, "Typing indicators exist only on iMessage; this conversation is SMS.")
    started = conversation.id not in line.typing
    until = line.now() + TYPING_LASTS
    line.typing[conversation.id] = until
    line.agenda.at(until, lambda: _fade(line, conversation.id, until))
    if started:
        line.emit("typing", conversation.id, typing=True)


def hide_typing(line: Line, conversation_id: str) -> None:
    """A bubble arrived: the dots go."""
    if line.typing.pop(conversation_id, None) is not None:
        line.emit("typing", conversation_id, typing=False)


def _fade(line: Line, conversation_id: str, until: float) -> None:
    if line.typing.get(conversation_id) == until:
        hide_typing(line, conversation_id)


def set_background(line: Line, conversation: ConversationRecord, image_url: str) -> bool:
    """Put a picture behind the conversation; whether that changed anything.

    Outside a 1:1 iMessage chat nothing happens, or a 400 where so switched.
    """
    if not can_have_background(conversation):
        if line.switches.sms_background == "ignore":
            return False
        raise Refusal(400, "Backgrounds exist only in 1:1 iMessage conversations.")
    if conversation.background_url == image_url:
        return False
    conversation.background_url = image_url
    conversation.background_version += 1
    conversation.background_id = f"bg{line.new_id()}"
    _changed(line, conversation)
    line.emit("background", conversation.id, background=background_of(conversation))
    return True


def remove_background(line: Line, conversation: ConversationRecord) -> None:
    """Take the picture away; nothing happens where there is none."""
    if conversation.background_url is None:
        return
    conversation.background_url = conversation.background_id = None
    _changed(line, conversation)
    line.emit("background", conversation.id, background=None)


def can_have_background(conversation: ConversationRecord) -> bool:
    """Whether it is a 1:1 iMessage chat, the only kind that has one."""
    return conversation.channel == IMESSAGE_CHANNEL and not conversation.is_group


def background_of(conversation: ConversationRecord) -> dict[str, Any] | None:
    """`{url, version}` of the picture on the screen, or None."""
    if conversation.background_url is None:
        return None
    return {"url": conversation.background_url, "version": conversation.background_version}
