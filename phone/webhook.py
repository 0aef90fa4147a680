"""AgentPhone's webhooks: was it really them, what happened, and have we heard it before.

`verify` over the raw bytes first, then `parse`; `dedupe_keys` tells a redelivery from news.
Source: AgentPhone docs, Webhooks.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from phone.clock import utc
from phone.errors import BadPayload, BadSignature
from phone.jsontext import read_json
from phone.placeholders import is_placeholder
from phone.reading import Time
from phone.types import (
    Group,
    HistoryItem,
    Ignored,
    Inbound,
    InboundMessage,
    InboundReaction,
    Message,
)

MAX_AGE = 300
"""Most seconds between a webhook's timestamp and now, either way: AgentPhone's own figure."""

SHORTEST_SECRET = 8
"""Fewest characters of a secret worth the name. AgentPhone's have far more."""

TRIAL = "threedots-test-"
"""How the message of a test begins that we have AgentPhone deliver: nobody is there to answer."""

_SIGNATURE = re.compile(r"sha256=[0-9a-f]{64}")
_TIMESTAMP = re.compile(r"[0-9]{9,11}")
_TRIAL = re.compile(TRIAL + "[0-9a-f]{16}")
_TIME: TypeAdapter[datetime] = TypeAdapter(Time)


def sign(body: bytes, *, secret: str, timestamp: int) -> str:
    """The `X-Webhook-Signature` of these bytes: `sha256=` and 64 hex digits.

    The key is the whole text of the secret, `whsec_` included; what is signed is the timestamp
    (Unix seconds, as in `X-Webhook-Timestamp`), a dot, and the raw body.
    """
    return _signature(body, secret, str(timestamp))


def verify(
    body: bytes,
    *,
    signature: str | None,
    timestamp: str | None,
    secrets: Sequence[str],
    now: float,
) -> int:
    """Raise `BadSignature` unless AgentPhone signed these exact bytes within five minutes of now.

    Pass the body as received: reading and rewriting its JSON changes its bytes. Returns the place
    of the secret that it was signed with, 0 for the newest.

    Args:
        signature: The `X-Webhook-Signature` header, None when there was none.
        timestamp: The `X-Webhook-Timestamp` header, Unix seconds, None when there was none.
        secrets: Every secret that counts just now: after a change, the former one for a while.
        now: The present, Unix seconds.
    """
    if not signature or not timestamp:
        raise BadSignature("the webhook is not signed", why="not_signed")
    # Python's int() would take " 17…", "1_7…" and full-width digits, which AgentPhone never writes.
    if not _SIGNATURE.fullmatch(signature) or not _TIMESTAMP.fullmatch(timestamp):
        raise BadSignature("the webhook's signature is malformed", why="wrong_signature")
    usable = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    given = signature.encode()
    # All are tried, so that the time taken does not tell which of them it was.
    matches = [
        hmac.compare_digest(_signature(body, secret, timestamp).encode(), given)
        for secret in usable
    ]
    if not any(matches):
        raise BadSignature("the webhook's signature is not right", why="wrong_signature")
    if not abs(now - int(timestamp)) <= MAX_AGE:
        raise BadSignature(
            f"the webhook was signed at {timestamp}, more than {MAX_AGE} s away from our clock",
            why="timestamp_out_of_tolerance",
        )
    return secrets.index(usable[matches.index(True)])


def check_secrets(secrets: Sequence[str]) -> None:
    """Raise `ValueError`, with the fix, unless every secret is one AgentPhone could have issued."""
    fix = "set AGENTPHONE_WEBHOOK_SECRET to the secret (whsec_…) that AgentPhone shows for it"
    if not secrets:
        raise ValueError(f"there is no webhook secret, so anybody could pose as AgentPhone; {fix}")
    for place, secret in enumerate(secrets, start=1):
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(
                f"webhook secret {place} of {len(secrets)} has {len(secret)} characters, at least"
                f" {SHORTEST_SECRET} are needed; {fix}"
            )
        if not re.fullmatch(r"[\x21-\x7e]+", secret):
            raise ValueError(
                f"webhook secret {place} of {len(secrets)} has a space or a strange letter; {fix}"
            )
        if is_placeholder(secret):
            raise ValueError(f"webhook secret {place} of {len(secrets)} is a placeholder; {fix}")


def parse(body: bytes, *, webhook_id: str, now: float) -> Inbound:
    """What a verified webhook says.

    The event's type comes from the body: headers are not signed. Odd optional fields are read as
    missing. A copy of our own message, a call, a test and anything unknown is `Ignored`, with why.

    Args:
        webhook_id: The `X-Webhook-ID` header, `""` when there was none.
        now: Unix seconds; stands in where neither the event nor its envelope says when.

    Raises:
        BadPayload: Not a JSON object, or a message or tapback that names no sender (or no tapback).
    """
    try:
        event = read_json(body)
    except ValueError as error:
        raise BadPayload(f"the webhook's body is not JSON we can read: {error}") from None
    if not isinstance(event, dict):
        raise BadPayload(f"the webhook's body is a {type(event).__name__}; it should be an object")
    name = event["event"] if isinstance(event.get("event"), str) else ""
    why = _ignored_because(name, event)
    if why is not None:
        return Ignored(webhook_id=webhook_id, event=name, why=why)
    if not isinstance(event.get("data"), dict):
        raise BadPayload(f"{name} has no data; it should be an object")
    read = _reaction if name == "agent.reaction" else _message
    return read(event, event["data"], webhook_id, now)


def copy_of_ours(body: bytes) -> tuple[str, Message] | None:
    """The message of ours that an `outbound` webhook is a copy of, with its conversation's id.

    None when the body does not say which message it is, or where.
    """
    event = _object(read_json(body)) or {}
    data = _object(event.get("data")) or {}
    conversation_id, message_id = _word(data.get("conversationId")), _word(data.get("messageId"))
    at = _time(data.get("receivedAt")) or _time(event.get("timestamp"))
    if conversation_id is None or message_id is None or at is None:
        return None
    message = Message(
        id=message_id,
        direction="outbound",
        body=_text(data.get("message")) or _text(data.get("body")) or "",
        media_urls=_media(data.get("mediaUrls"), data.get("mediaUrl")),
        channel=_word(event.get("channel")),
        received_at=at,
    )
    return conversation_id, message


def dedupe_keys(inbound: InboundMessage | InboundReaction) -> list[str]:
    """What this is known by: it is a duplicate when any of these keys has been seen before.

    A message with an id is known by that alone: the header is not signed, and whoever replays a
    body can write another one over it. What has no id of its own is known by the header, and by a
    digest of what happened; the envelope's timestamp is not in it, since a redelivery changes it.
    """
    if isinstance(inbound, InboundMessage) and inbound.message_id is not None:
        return [f"msg:{inbound.message_id}"]
    hook = [f"hook:{inbound.webhook_id}"] if inbound.webhook_id else []
    return [*hook, f"sha:{_digest(inbound)}"]


def _signature(body: bytes, secret: str, timestamp: str) -> str:
    key = secret.encode("utf-8", "surrogatepass")
    return "sha256=" + hmac.new(key, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _ignored_because(name: str, event: dict[str, Any]) -> str | None:
    """Why this event starts no turn, or None."""
    if name in {"agent.call_ended", "agent.contact_shared"}:
        return name.removeprefix("agent.")
    if name not in {"agent.message", "agent.reaction"}:
        return "unknown_event"
    if event.get("test") in (True, "true"):
        return "test"
    if event.get("channel") == "voice":
        return "voice"
    data = event.get("data")
    if isinstance(data, dict) and _TRIAL.fullmatch(_text(data.get("message")) or ""):
        return "test"
    direction = data.get("direction") if isinstance(data, dict) else "inbound"
    if direction == "inbound":
        return None
    return "outbound" if direction == "outbound" else "no_direction"


def _message(
    event: dict[str, Any], data: dict[str, Any], webhook_id: str, now: float
) -> InboundMessage:
    sender = _word(data.get("senderIdentifier")) or _word(data.get("from"))
    if sender is None:
        raise BadPayload("agent.message names no sender; data.from should say who wrote")
    group = _group(data.get("group"))
    at = _time(data.get("receivedAt"))
    return InboundMessage(
        webhook_id=webhook_id,
        agent_id=_word(event.get("agentId")),
        message_id=_word(data.get("messageId")) or _word(data.get("id")),
        conversation_id=_word(data.get("conversationId")),
        number_id=_word(data.get("numberId")),
        from_handle=sender,
        to_number=_word(data.get("to")) or "",
        text=_text(data.get("message")) or _text(data.get("body")) or "",
        media_urls=_media(data.get("mediaUrls"), data.get("mediaUrl")),
        channel=_word(event.get("channel")) or "sms",
        received_at=at or _time(event.get("timestamp")) or utc(now),
        received_at_known=at is not None,
        sender_name=_sender_name(sender, data.get("contact"), group),
        group=group,
        conversation_state=_object(event.get("conversationState")),
        recent_history=_history(event.get("recentHistory")),
    )


def _reaction(
    event: dict[str, Any], data: dict[str, Any], webhook_id: str, now: float
) -> InboundReaction:
    names = ("senderIdentifier", "fromNumber", "from")
    sender = next((word for name in names if (word := _word(data.get(name)))), None)
    reaction = _word(data.get("reactionType"))
    if sender is None or reaction is None:
        raise BadPayload("agent.reaction should name data.fromNumber and data.reactionType")
    at = _time(data.get("createdAt"))
    return InboundReaction(
        webhook_id=webhook_id,
        agent_id=_word(event.get("agentId")),
        message_id=_word(data.get("messageId")),
        conversation_id=_word(data.get("conversationId")),
        number_id=_word(data.get("numberId")),
        from_handle=sender,
        to_number=_word(data.get("toNumber")) or _word(data.get("to")) or "",
        reaction=reaction,
        target_text=_text(data.get("messageBody")),
        channel=_word(event.get("channel")) or "imessage",
        created_at=at or _time(event.get("timestamp")) or utc(now),
        created_at_known=at is not None,
    )


def _word(value: Any) -> str | None:
    """An id or a handle. Live payloads have held the text "None", and numbers, in their place."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20:
        return str(value)
    if not isinstance(value, str) or value.strip() in {"", "None", "null"}:
        return None
    return value.strip()


def _text(value: Any) -> str | None:
    """What somebody wrote, to the letter: "None" is a word like any other here."""
    return value if isinstance(value, str) else _word(value)


def _media(several: Any, one: Any) -> list[str]:
    listed = several if isinstance(several, list) else []
    addresses = [
        word for value in (*listed, one) if isinstance(value, str) and (word := _word(value))
    ]
    return list(dict.fromkeys(addresses))


def _time(value: Any) -> datetime | None:
    try:
        return _TIME.validate_python(value)
    except ValidationError:
        return None


def _group(value: Any) -> Group | None:
    try:
        return Group.model_validate(value)
    except ValidationError:
        return None


def _history(value: Any) -> list[HistoryItem]:
    listed = value if isinstance(value, list) else []
    return [HistoryItem.model_validate(item) for item in listed if isinstance(item, dict)]


def _object(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _sender_name(sender: str, contact: Any, group: Group | None) -> str | None:
    named = _word(contact.get("name")) if isinstance(contact, dict) else None
    members = group.participants if group is not None else []
    return named or next(
        (one.name for one in members if one.identifier == sender and one.name), None
    )


def _digest(inbound: InboundMessage | InboundReaction) -> str:
    said: list[Any] = [inbound.kind, inbound.conversation_id, inbound.from_handle]
    if isinstance(inbound, InboundMessage):
        at = inbound.received_at if inbound.received_at_known else None
        said += [inbound.text, inbound.media_urls]
    else:
        at = inbound.created_at if inbound.created_at_known else None
        said += [inbound.reaction, inbound.message_id]
    said.append(at.isoformat() if at else None)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
