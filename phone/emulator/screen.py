"""The line as the people with the other phones see it: the JSON of the handset API."""

from __future__ import annotations

from typing import Any

from phone.emulator.conversations import background_of
from phone.emulator.line import Line, iso
from phone.emulator.records import (
    ConversationRecord,
    MessageRecord,
    NumberRecord,
    PersonRecord,
    ReactionRecord,
)


def number_view(number: NumberRecord) -> dict[str, Any]:
    """One of our numbers."""
    return {"id": number.id, "phone_number": number.phone_number, "type": number.type}


def person_view(person: PersonRecord) -> dict[str, Any]:
    """Somebody who was introduced."""
    return {
        "handle": person.handle,
        "name": person.name,
        "imessage": person.imessage,
        "receipts": person.receipts,
        "reachable": person.reachable,
    }


def reaction_view(reaction: ReactionRecord) -> dict[str, Any]:
    """A tapback on a bubble."""
    return {"reaction": reaction.reaction, "from_handle": reaction.from_handle}


def message_view(message: MessageRecord) -> dict[str, Any]:
    """A bubble. `send_style` and `reply_to_message_id` are what really arrived."""
    return {
        "id": message.id,
        "direction": message.direction,
        "from_handle": message.from_handle,
        "body": message.body,
        "channel": message.channel,
        "send_style": message.send_style,
        "reply_to_message_id": message.reply_to_message_id,
        "reactions": [reaction_view(reaction) for reaction in message.reactions],
        "media_urls": message.media_urls,
        "status": "read" if message.read_at is not None else message.status,
        "failure_reason": message.failure_reason,
        "sent_at": iso(message.at),
    }


def list_item(line: Line, conversation: ConversationRecord) -> dict[str, Any]:
    """A row of the conversation list. `unread` counts the agent's bubbles nobody has looked at."""
    unseen = line.messages_of[conversation.id][conversation.seen :]
    return {
        "id": conversation.id,
        "participant": conversation.participant,
        "is_group": conversation.is_group,
        "group_id": conversation.group_id,
        "group_name": conversation.group_name,
        "channel": conversation.channel,
        "last_message_at": iso(conversation.last_message_at),
        "unread": sum(message.direction == "outbound" for message in unseen),
    }


def screen(line: Line, conversation: ConversationRecord) -> dict[str, Any]:
    """What is on the screen when the conversation is open, oldest bubble first."""
    return {
        "id": conversation.id,
        "messages": [message_view(message) for message in line.messages_of[conversation.id]],
        "typing": conversation.id in line.typing,
        "background": background_of(conversation),
        "is_group": conversation.is_group,
        "group_id": conversation.group_id,
        "group_name": conversation.group_name,
        "participants": [
            {"handle": handle, "name": line.person(handle).name} for handle in conversation.people
        ],
        "metadata": conversation.metadata,
    }


def tell_message(line: Line, message: MessageRecord) -> None:
    """The event that a bubble is new or has changed: it, as `message` and field by field."""
    view = message_view(message)
    line.emit("message", message.conversation_id, message=view, **view)


def tell_reaction(line: Line, message: MessageRecord, reaction: ReactionRecord) -> None:
    """The event that somebody tapped back."""
    view = reaction_view(reaction) | {
        "message_id": message.id,
        "direction": reaction.direction,
        "at": iso(reaction.created_at),
    }
    line.emit(
        "reaction",
        message.conversation_id,
        reaction=view,
        message_id=message.id,
        from_handle=reaction.from_handle,
        direction=reaction.direction,
    )


def tell_conversation(line: Line, conversation: ConversationRecord) -> None:
    """The event that a conversation is new, or has another name, channel or memory."""
    view = list_item(line, conversation) | {"metadata": conversation.metadata}
    line.emit("conversation", conversation.id, conversation=view)
