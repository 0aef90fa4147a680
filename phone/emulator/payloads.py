"""The bodies of webhooks, in the shape of 2026 and in the older one of 2025.

AgentPhone docs, Webhooks. `2025` adds no key to the older shape, because strict readers of it
refuse any they do not know; only groups, which it never had, are told in today's words.
"""

from __future__ import annotations

import json
from typing import Any

from phone.emulator.line import Line, iso
from phone.emulator.records import (
    ContactRecord,
    ConversationRecord,
    MessageRecord,
    ReactionRecord,
)


def encode(payload: dict[str, Any]) -> str:
    """The exact text that is signed and sent."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def contact_brief(contact: ContactRecord | None) -> dict[str, Any] | None:
    """The address book's entry as webhooks carry it."""
    if contact is None:
        return None
    return {
        "id": contact.id,
        "name": contact.name,
        "email": contact.email,
        "phoneNumber": contact.phone_number,
    }


def participants(line: Line, conversation: ConversationRecord) -> list[dict[str, Any]] | None:
    """The members of a group with the names people gave themselves; None for a 1:1."""
    if not conversation.is_group:
        return None
    return [
        {"identifier": handle, "name": line.person(handle).name} for handle in conversation.members
    ]


def media_addresses(message: MessageRecord, base_url: str) -> list[str]:
    """Where a client finds the media: what it gave itself, or the twin's proxy for what came in."""
    if message.direction == "outbound":
        return message.media_urls
    address = f"{base_url}/v1/messages/{message.id}/media"
    return [address for _ in message.media_urls]


def message_event(
    line: Line, message: MessageRecord, *, agent_id: str | None, context: int, base_url: str
) -> dict[str, Any]:
    """`agent.message`: somebody wrote, or as a copy the agent did. `context` earlier messages."""
    conversation = line.conversations[message.conversation_id]
    media = media_addresses(message, base_url)
    data: dict[str, Any] = {
        "conversationId": conversation.id,
        "numberId": message.number_id,
        "from": message.from_number,
        "to": message.to_number,
        "message": message.body,
        "mediaUrl": media[0] if media else None,
        "direction": message.direction,
        "receivedAt": iso(message.at),
    }
    if line.switches.profile == "2026":
        data["messageId"] = message.id
        data["mediaUrls"] = media
        data["contact"] = contact_brief(line.contact_of(message.from_handle))
    if conversation.is_group:
        data["senderIdentifier"] = message.from_handle
        data["group"] = {
            "isGroup": True,
            "groupId": conversation.group_id,
            "groupName": conversation.group_name,
            "groupIconUrl": None,
            "participants": participants(line, conversation),
        }
    history = recent_history(line, conversation, context, before=message)
    return _envelope(line, "agent.message", message.channel, agent_id, data, conversation, history)


def reaction_event(
    line: Line,
    message: MessageRecord,
    reaction: ReactionRecord,
    *,
    agent_id: str | None,
    context: int,
    base_url: str,
) -> dict[str, Any]:
    """`agent.reaction`: somebody tapped back. It has no id of its own."""
    conversation = line.conversations[message.conversation_id]
    media = media_addresses(message, base_url)
    data = {
        "conversationId": conversation.id,
        "numberId": message.number_id,
        "reactionType": reaction.reaction,
        "fromNumber": reaction.from_handle,
        "direction": reaction.direction,
        "messageId": message.id,
        "messageBody": message.body or None,
        "messageMediaUrl": media[0] if media else None,
        "messageMediaUrls": media,
        "createdAt": iso(reaction.created_at),
    }
    history = recent_history(line, conversation, context)
    return _envelope(line, "agent.reaction", "imessage", agent_id, data, conversation, history)


def trial_event(
    line: Line, *, agent_id: str | None, message_id: str, overrides: dict[str, str | None]
) -> dict[str, Any]:
    """The dashboard's test: an `agent.message` that says `test: true` and belongs to no chat."""
    data: dict[str, Any] = {
        "messageId": message_id,
        "conversationId": None,
        "numberId": None,
        "from": overrides.get("from") or "+15555550100",
        "to": overrides.get("to") or "+15550100001",
        "message": overrides.get("message") or "This is a test webhook.",
        "mediaUrl": None,
        "mediaUrls": [],
        "contact": None,
        "direction": "inbound",
        "receivedAt": iso(line.now()),
    }
    if line.switches.profile == "2025":
        data = {key: data[key] for key in data if key not in ("messageId", "mediaUrls", "contact")}
    channel = overrides.get("channel") or "sms"
    return _envelope(line, "agent.message", channel, agent_id, data, None, []) | {"test": True}


def recent_history(
    line: Line,
    conversation: ConversationRecord,
    limit: int,
    *,
    before: MessageRecord | None = None,
) -> list[dict[str, Any]]:
    """The last `limit` messages, oldest first, up to but without `before`."""
    messages = line.messages_of[conversation.id]
    end = len(messages)
    if before is not None:
        while end and messages[end - 1] is not before:
            end -= 1
        end -= 1
    newest = messages[max(0, end - limit) : end]
    return [_history_item(line, conversation, message) for message in newest]


def _history_item(
    line: Line, conversation: ConversationRecord, message: MessageRecord
) -> dict[str, Any]:
    item: dict[str, Any] = {
        "content": message.body,
        "direction": message.direction,
        "channel": message.channel,
        "at": iso(message.at),
    }
    if line.switches.profile == "2026":
        item["messageId"] = message.id
        if conversation.is_group:
            item["senderIdentifier"] = message.sender_identifier
    return item


def _envelope(
    line: Line,
    event: str,
    channel: str,
    agent_id: str | None,
    data: dict[str, Any],
    conversation: ConversationRecord | None,
    history: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "event": event,
        "channel": channel,
        "timestamp": iso(line.now()),
        "agentId": agent_id,
        "data": data,
        "conversationState": conversation.metadata if conversation is not None else None,
        "recentHistory": history,
    }
