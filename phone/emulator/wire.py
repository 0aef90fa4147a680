"""The line as AgentPhone's API shows it. camelCase here; `/v1/messages` alone speaks snake_case."""

from __future__ import annotations

from typing import Any

from phone.emulator.caps import NEW_CONTACTS, new_contacts_today
from phone.emulator.line import Line, iso
from phone.emulator.payloads import media_addresses, participants
from phone.emulator.records import (
    IMESSAGE_CHANNEL,
    AgentRecord,
    ContactRecord,
    ConversationRecord,
    DeliveryRecord,
    HookRecord,
    MessageRecord,
    NumberRecord,
)

PREVIEW = 100
"""Characters of the last message shown in the list."""


def maybe_iso(seconds: float | None) -> str | None:
    """As `iso`, with None for what has not happened."""
    return None if seconds is None else iso(seconds)


def agent_of(line: Line, number_id: str) -> str | None:
    """The agent a number is attached to now."""
    return line.numbers[number_id].agent_id


def agent_object(line: Line, agent: AgentRecord) -> dict[str, Any]:
    """An agent with its numbers."""
    numbers = line.active_numbers(agent.id)
    return agent.settings | {
        "id": agent.id,
        "name": agent.name,
        "description": agent.description,
        "createdAt": iso(agent.created_at),
        "numbers": [
            {
                "id": number.id,
                "phoneNumber": number.phone_number,
                "status": number.status,
                "type": number.type,
            }
            for number in numbers
        ],
    }


def number_object(line: Line, number: NumberRecord) -> dict[str, Any]:
    """One of our numbers, with today's count of people first written to."""
    return {
        "id": number.id,
        "phoneNumber": number.phone_number,
        "country": number.country,
        "status": number.status,
        "type": number.type,
        "agentId": number.agent_id,
        "outboundSms": "enabled" if line.switches.sms_registered else "registration_required",
        "inboundCallsEnabled": False,
        "readReceiptsEnabled": number.type == "imessage",
        "whatsappEnabled": False,
        "dailyNewContacts": {"used": new_contacts_today(line, number), "limit": NEW_CONTACTS},
        "purchasedAt": iso(number.created_at),
        "externalId": number.external_id,
        "expiresAt": number.expires_at,
        "createdAt": iso(number.created_at),
    }


def contact_object(contact: ContactRecord) -> dict[str, Any]:
    """An entry of the address book."""
    return {
        "id": contact.id,
        "phoneNumber": contact.phone_number,
        "name": contact.name,
        "email": contact.email,
        "notes": contact.notes,
        "createdAt": iso(contact.created_at),
        "updatedAt": iso(contact.updated_at),
    }


def conversation_object(line: Line, conversation: ConversationRecord) -> dict[str, Any]:
    """A conversation as both the list and the detail show it."""
    return {
        "id": conversation.id,
        "agentId": agent_of(line, conversation.number_id),
        "phoneNumberId": conversation.number_id,
        "phoneNumber": conversation.phone_number,
        "participant": conversation.participant,
        "channel": conversation.channel,
        "isGroup": conversation.is_group,
        "groupId": conversation.group_id,
        "groupName": conversation.group_name,
        "groupIconUrl": None,
        "participants": participants(line, conversation),
        "lastMessageAt": iso(conversation.last_message_at),
        "messageCount": len(line.messages_of[conversation.id]),
        "metadata": conversation.metadata,
        "createdAt": iso(conversation.created_at),
    }


def conversation_row(line: Line, conversation: ConversationRecord) -> dict[str, Any]:
    """A conversation as the list shows it."""
    messages = line.messages_of[conversation.id]
    preview = messages[-1].body[:PREVIEW] if messages else ""
    return conversation_object(line, conversation) | {"lastMessagePreview": preview}


def conversation_detail(
    line: Line, conversation: ConversationRecord, *, limit: int, base_url: str
) -> dict[str, Any]:
    """With the last `limit` messages, oldest first, and for a 1:1 what it can carry."""
    messages = line.messages_of[conversation.id][-limit:]
    detail = conversation_object(line, conversation)
    detail["messages"] = [message_object(line, message, base_url) for message in messages]
    if not conversation.is_group:
        detail["capabilities"] = capabilities(line, conversation)
    return detail


def capabilities(line: Line, conversation: ConversationRecord) -> dict[str, Any]:
    """What a 1:1 conversation can carry just now."""
    on_imessage = conversation.channel == IMESSAGE_CHANNEL
    number = line.numbers[conversation.number_id]
    reason = None
    if number.status != "active" or number.agent_id is None:
        reason = "The number is not attached to an agent."
    elif not on_imessage and not line.switches.sms_registered:
        reason = "The number is not registered for SMS."
    channels = [IMESSAGE_CHANNEL, "sms"] if on_imessage else ["sms"]
    return {
        "canSendMessages": reason is None,
        "sendChannel": conversation.channel,
        "sendDisabledReason": reason,
        "availableChannels": channels,
        "mediaChannels": [IMESSAGE_CHANNEL, "mms"] if on_imessage else ["mms"],
        "media": True,
        "reactions": on_imessage,
        "emojiReactions": on_imessage and line.switches.emoji_reactions,
    }


def message_object(line: Line, message: MessageRecord, base_url: str) -> dict[str, Any]:
    """A message as conversations show it."""
    media = media_addresses(message, base_url)
    return {
        "id": message.id,
        "body": message.body,
        "fromNumber": message.from_number,
        "toNumber": message.to_number,
        "direction": message.direction,
        "receivedAt": iso(message.at),
        "channel": message.channel,
        "senderIdentifier": message.sender_identifier,
        "mediaUrl": media[0] if media else None,
        "mediaUrls": media,
        "reactions": [
            {
                "id": reaction.id,
                "reactionType": reaction.reaction,
                "fromNumber": reaction.from_handle,
                "direction": reaction.direction,
                "createdAt": iso(reaction.created_at),
            }
            for reaction in message.reactions
        ],
        "replyTo": _reply_to(line, message, base_url),
        "status": message.status,
        "failureReason": message.failure_reason,
        "errorCode": message.error_code,
        "deliveredAt": maybe_iso(message.delivered_at),
        "deliveredChannel": message.delivered_channel,
        "readAt": maybe_iso(message.read_at),
        "content": None,
    }


def _reply_to(line: Line, message: MessageRecord, base_url: str) -> dict[str, Any] | None:
    target = line.messages.get(message.reply_to_message_id or "")
    if target is None:
        return None
    media = media_addresses(target, base_url)
    return {"messageId": target.id, "message": target.body, "mediaUrls": media}


def number_message(message: MessageRecord) -> dict[str, Any]:
    """A message as `GET /v1/numbers/{id}/messages` shows it, with that list's own `from_`."""
    return {
        "id": message.id,
        "from_": message.from_number,
        "to": message.to_number,
        "body": message.body,
        "direction": message.direction,
        "channel": message.channel,
        "receivedAt": iso(message.at),
    }


def hook_object(hook: HookRecord) -> dict[str, Any]:
    """A webhook, its secret included, as AgentPhone tells it."""
    return {
        "id": hook.id,
        "url": hook.url,
        "secret": hook.secret,
        "status": "active",
        "contextLimit": hook.context_limit,
        "timeout": hook.timeout,
        "createdAt": iso(hook.created_at),
    }


def delivery_object(delivery: DeliveryRecord) -> dict[str, Any]:
    """A delivery: all attempts at one event."""
    return {
        "id": delivery.id,
        "messageId": delivery.message_id,
        "eventType": delivery.event,
        "channel": delivery.channel,
        "status": delivery.status,
        "httpStatus": delivery.http_status,
        "errorMessage": delivery.error_message,
        "responseBody": delivery.response_body,
        "attemptCount": delivery.attempts,
        "lastAttemptAt": maybe_iso(delivery.last_attempt_at),
        "nextRetryAt": maybe_iso(delivery.next_attempt_at),
        "createdAt": iso(delivery.created_at),
    }
