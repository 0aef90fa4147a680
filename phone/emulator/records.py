"""What a line remembers: plain records, each one JSON text on disk.

Times are Unix seconds rounded to the millisecond, because that is what the wire shows and what time
cursors are compared with.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

IMESSAGE_CHANNEL = "imessage"
PROJECT = "project"
"""The key of the webhook that hears of every agent without one of its own."""


class AgentRecord(BaseModel):
    """An agent of the account. `settings` are the voice fields a client sent, kept as they came."""

    id: str
    name: str
    description: str | None = None
    settings: dict[str, Any] = {}
    created_at: float


class NumberRecord(BaseModel):
    """A phone number of ours. `type` is the kind of line: `imessage` or `sms`.

    Attributes:
        card: The name card people see: `first_name`, `last_name`, `display_name`, `avatar_url`.
    """

    id: str
    phone_number: str
    type: str
    agent_id: str | None
    country: str = "US"
    status: str = "active"
    created_at: float
    external_id: str | None = None
    expires_at: str | None = None
    card: dict[str, str | None] | None = None


class PersonRecord(BaseModel):
    """Somebody with a phone.

    Attributes:
        handle: E.164 number, short code or e-mail address.
        imessage: Whether they have iMessage; without it everything reaches them as SMS.
        receipts: Whether their phone tells that it was read.
        reachable: When false, what is sent to them ends as `failed`.
        opted_out: They texted STOP by SMS: a carrier that blocks would drop what follows.
    """

    handle: str
    name: str | None = None
    imessage: bool = True
    receipts: bool = True
    reachable: bool = True
    opted_out: bool = False


class ContactRecord(BaseModel):
    """An entry of the account's address book, which is not the same as the people on the line."""

    id: str
    phone_number: str
    name: str
    email: str | None = None
    notes: str | None = None
    created_at: float
    updated_at: float


class ConversationRecord(BaseModel):
    """One person, or one group, on one of our numbers.

    Attributes:
        channel: What an answer would go out on: `imessage` or `sms`.
        seen: How many of its messages the people have looked at.
        background_version: Rises with every new picture, also over a removal.
        streak: Bubbles of ours since they last wrote or tapped back.
        reply_days: On how many different days they wrote.
    """

    id: str
    number_id: str
    phone_number: str
    participant: str
    group_id: str | None = None
    group_name: str | None = None
    members: list[str] = []
    channel: str
    metadata: dict[str, Any] | None = None
    created_at: float
    last_message_at: float
    seen: int = 0
    background_url: str | None = None
    background_id: str | None = None
    background_version: int = 0
    streak: int = 0
    replies: int = 0
    reply_days: int = 0
    last_reply_at: float | None = None

    @property
    def is_group(self) -> bool:
        """Whether more than one person is on the other side."""
        return self.group_id is not None

    @property
    def people(self) -> list[str]:
        """Everybody on the other side."""
        return self.members if self.is_group else [self.participant]


class MomentRecord(BaseModel):
    """How a conversation was from `at` on, until its next moment; see `ConversationRecord`.

    Attributes:
        metadata: As it stood there, whatever it was: the past is kept, not judged.
    """

    id: str
    conversation_id: str
    at: float
    channel: str
    group_name: str | None = None
    metadata: Any = None
    background_url: str | None = None
    background_id: str | None = None
    background_version: int = 0


class ReactionRecord(BaseModel):
    """A tapback on a message: one of the six words or an emoji."""

    id: str
    reaction: str
    from_handle: str
    direction: str
    created_at: float


class MessageRecord(BaseModel):
    """A message on the line. `direction` is AgentPhone's word: the agent's are `outbound`.

    Attributes:
        at: When it was sent or received.
        replaced: Tapbacks that another one by the same hand has taken the place of, oldest first.
        undelivered: Why it will fail, when it will; None for one that arrives.
    """

    id: str
    conversation_id: str
    number_id: str
    direction: str
    from_number: str
    to_number: str
    body: str
    channel: str
    media_urls: list[str] = []
    at: float
    sender_identifier: str | None = None
    reply_to_message_id: str | None = None
    send_style: str | None = None
    reactions: list[ReactionRecord] = []
    replaced: list[ReactionRecord] = []
    status: str
    undelivered: str | None = None
    failure_reason: str | None = None
    error_code: str | None = None
    delivered_at: float | None = None
    delivered_channel: str | None = None
    read_at: float | None = None

    @property
    def from_handle(self) -> str:
        """Who wrote it: a member of a group, the person, or our number."""
        return self.sender_identifier or self.from_number


class HookRecord(BaseModel):
    """Where events go. `key` is `project` or the id of the agent it belongs to."""

    key: str
    id: str
    url: str
    secret: str
    previous_secret: str | None = None
    context_limit: int = 10
    timeout: int = 30
    created_at: float


class DeliveryRecord(BaseModel):
    """One event on its way to a webhook.

    Attributes:
        id: The `X-Webhook-ID`, the same on every attempt.
        body: The exact text that is signed; dropped when nothing more will be sent.
        signed_with: `secret`, or by fault `bad_signature` or `old_secret`.
    """

    id: str
    key: str
    url: str
    event: str
    channel: str
    message_id: str | None
    conversation_id: str | None
    status: str = "pending"
    http_status: int | None = None
    error_message: str | None = None
    response_body: str | None = None
    attempts: int = 0
    created_at: float
    last_attempt_at: float | None = None
    next_attempt_at: float | None = None
    body: str | None = None
    signed_with: str = "secret"


class MediaRecord(BaseModel):
    """A file somebody put on the twin; `data` is base64."""

    id: str
    content_type: str
    data: str


class Marks(BaseModel):
    """What must not start again at zero after a restart."""

    last_seq: int = 0
    ids_minted: int = 0
