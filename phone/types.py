"""The shapes AgentPhone sends and takes, in its own words.

Open on reading: an unknown channel, status or field never raises, because AgentPhone may add one on
any day. Strict on writing: `OutboundMessage` refuses, with the fix, what AgentPhone would refuse.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from phone import checks
from phone.errors import BadRequest
from phone.reading import Lenient, Texts, Time, each, mapping

Channel = Literal["sms", "mms", "imessage", "whatsapp", "rcs"]
"""The channels AgentPhone names. On reading, `channel` is a plain `str`: there may be more."""

Tapback = Literal["love", "like", "dislike", "laugh", "emphasize", "question"]
"""The six every iMessage line can send; newer lines take a single emoji as well."""

SendStyle = Literal[
    "celebration", "fireworks", "lasers", "love", "confetti", "balloons",
    "spotlight", "echo", "invisible", "gentle", "loud", "slam",
]  # fmt: skip
"""The iMessage effects: eight fill the screen, four the bubble. SMS drops them in silence."""

TAPBACKS: tuple[Tapback, ...] = get_args(Tapback)
SEND_STYLES: tuple[SendStyle, ...] = get_args(SendStyle)


class Wire(Lenient):
    """A shape read from AgentPhone that is camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow")


class Participant(Wire):
    """One member of a group. `identifier` is an E.164 number or an Apple ID e-mail address."""

    identifier: str
    name: str | None = None


class Group(Wire):
    """The group an inbound message was written in."""

    group_id: str
    group_name: str | None = None
    participants: Annotated[list[Participant], each(Participant)] = Field(default=[])


class HistoryItem(Wire):
    """One earlier message that rode along on a webhook, oldest first."""

    content: str = ""
    direction: str = "inbound"
    channel: str | None = None
    at: Time | None = None
    message_id: str | None = None
    sender_identifier: str | None = None


class InboundMessage(BaseModel):
    """Somebody texted. What a signed `agent.message` webhook says, old payloads and new alike.

    Attributes:
        webhook_id: The `X-Webhook-ID` header. Not signed, so it decides nothing where `message_id`
            is known.
        message_id: AgentPhone's id; None in payloads older than mid-2026.
        conversation_id: None in rare payloads; then the mailbox is found by number and sender.
        from_handle: Who wrote it: `senderIdentifier`, else `from`. E.164 or an e-mail address.
        to_number: Our number, E.164.
        text: What they wrote; `""` for a bare photo.
        media_urls: Where their attachments can be fetched.
        received_at: When AgentPhone got it: what messages are ordered by.
        received_at_known: False when the payload did not say and the time of delivery stands in.
        conversation_state: The conversation's metadata when this was sent. May be stale.
        is_test: Sent by the dashboard's test button; never answered.
    """

    kind: Literal["message"] = "message"
    webhook_id: str
    agent_id: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    number_id: str | None = None
    from_handle: str
    to_number: str
    text: str = ""
    media_urls: list[str] = []
    channel: str = "sms"
    received_at: Time
    sender_name: str | None = None
    group: Group | None = None
    conversation_state: dict[str, Any] | None = None
    recent_history: Annotated[list[HistoryItem], each(HistoryItem)] = Field(default=[])
    received_at_known: bool = True
    is_test: bool = False


class InboundReaction(BaseModel):
    """Somebody tapped back. What a signed `agent.reaction` webhook says.

    Attributes:
        message_id: The message reacted to, not an id of the reaction: it has none.
        reaction: One of the six tapbacks, or an emoji.
        target_text: The text of the message reacted to, when AgentPhone sent it.
        created_at_known: False when the payload did not say and the time of delivery stands in.
    """

    kind: Literal["reaction"] = "reaction"
    webhook_id: str
    agent_id: str | None = None
    message_id: str | None = None
    conversation_id: str | None = None
    number_id: str | None = None
    from_handle: str
    to_number: str = ""
    reaction: str
    target_text: str | None = None
    channel: str = "imessage"
    created_at: Time
    created_at_known: bool = True
    is_test: bool = False


class Ignored(BaseModel):
    """A webhook that starts no turn, and why: `outbound`, `voice`, `test`, `unknown_event`…

    Attributes:
        event: The event as the body names it; `""` when it names none.
        why: `test`, `outbound`, `no_direction`, `voice`, `call_ended`, `contact_shared` or
            `unknown_event`.
    """

    kind: Literal["ignored"] = "ignored"
    webhook_id: str
    event: str
    why: str


Inbound = InboundMessage | InboundReaction | Ignored


class Reaction(Wire):
    """A tapback on a stored message."""

    id: str = ""
    reaction_type: str = ""
    from_number: str = ""
    direction: str = ""
    created_at: Time | None = None


class ReplyTo(Wire):
    """What a stored message answers in thread."""

    message_id: str
    message: str | None = None


class Message(Wire):
    """A message as AgentPhone stores it. `direction` is `inbound` (from people) or `outbound`.

    Attributes:
        status: `sent`, `delivered`, `read`, `failed`, `received`… the vocabulary is unpublished.
        sender_identifier: In groups, the member who wrote it.
    """

    id: str
    body: str = ""
    from_number: str = ""
    to_number: str = ""
    direction: str
    received_at: Time
    channel: str | None = None
    sender_identifier: str | None = None
    media_url: str | None = None
    media_urls: Texts = Field(default=[])
    reactions: Annotated[list[Reaction], each(Reaction)] = Field(default=[])
    reply_to: ReplyTo | None = None
    status: str | None = None
    failure_reason: str | None = None
    delivered_at: Time | None = None
    delivered_channel: str | None = None
    read_at: Time | None = None


class Capabilities(Wire):
    """What a 1:1 conversation can carry just now."""

    can_send_messages: bool = True
    send_channel: str | None = None
    send_disabled_reason: str | None = None
    available_channels: Texts = Field(default=[])
    media_channels: Texts = Field(default=[])
    media: bool | None = None
    reactions: bool | None = None
    emoji_reactions: bool | None = None


class Conversation(Wire):
    """One person, or one group, on one of our numbers. iMessage and SMS with a person share it.

    Attributes:
        metadata: The object that key holders keep there; None when it is none, or no object.
        odd_metadata: What stood there instead of an object, to be kept aside before it is replaced.
    """

    id: str
    agent_id: str | None = None
    phone_number_id: str | None = None
    phone_number: str
    participant: str = ""
    channel: str | None = None
    is_group: bool = False
    group_id: str | None = None
    group_name: str | None = None
    participants: Annotated[list[Participant], each(Participant)] = Field(default=[])
    created_at: Time | None = None
    last_message_at: Time | None = None
    message_count: int = 0
    metadata: Annotated[dict[str, Any] | None, BeforeValidator(mapping)] = None
    capabilities: Capabilities | None = None
    messages: Annotated[list[Message], each(Message)] = Field(default=[])
    odd_metadata: Any = None

    @model_validator(mode="before")
    @classmethod
    def _keep_odd_metadata(cls, value: Any) -> Any:
        odd = value.get("metadata") if isinstance(value, dict) else None
        return value if mapping(odd) is odd else {**value, "oddMetadata": odd}

    @property
    def whole_metadata(self) -> Any:
        """The metadata, whatever it is."""
        return self.odd_metadata if self.metadata is None else self.metadata


class SentMessage(Lenient):
    """AgentPhone's answer to a send: handed to the carrier, not yet delivered.

    Attributes:
        channel: What it really went out on, known only now; None in odd answers.
        reply_parent_unresolved: True when it went out but not in thread.
    """

    id: str
    status: str = "sent"
    channel: str | None = None
    from_number: str = ""
    to_number: str = ""
    conversation_id: str | None = None
    media_urls: Texts = Field(default=[])
    reply_to_message_id: str | None = None
    reply_parent_unresolved: bool | None = None


class SentReaction(Lenient):
    """AgentPhone's answer to a tapback."""

    id: str = ""
    reaction_type: str = ""
    message_id: str = ""
    channel: str | None = None


class Background(Wire):
    """AgentPhone's answer to setting a background. `changed` is false when it was already there."""

    conversation_id: str = ""
    channel: str | None = None
    has_background: bool = False
    background_id: str | None = None
    background_version: int | None = None
    changed: bool = False


class OutboundMessage(BaseModel):
    """A message to send. Building one that AgentPhone would refuse raises `errors.BadRequest`.

    Two or more media together with text are let through: MMS takes them and iMessage answers 400,
    and which of the two it will be is only known after the call.

    Attributes:
        from_number: Our number, E.164; wins over `number_id`, which wins over `agent_id`. One is
            needed, and only the winner goes on the wire.
        to_number: A person's number or e-mail address, or a group's `grp_…` id. This or
            `recipients`.
        recipients: 2 to 32 people: starts a NEW iMessage group.
        body: The text; may be empty beside media.
        media_urls: Up to 20 public https addresses. On iMessage two or more are a carousel without
            text.
        reply_to_message_id: Answer in thread (iMessage).
        send_style: An effect (iMessage).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    from_number: str | None = None
    number_id: str | None = None
    agent_id: str | None = None
    to_number: str | None = None
    recipients: list[str] | None = None
    body: str = ""
    media_urls: list[str] = []
    reply_to_message_id: str | None = None
    send_style: SendStyle | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _as_bad_request(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            raise checks.wrong_type(error) from None

    @model_validator(mode="after")
    def _sendable(self) -> Self:
        checks.check_sender(self.from_number, self.number_id, self.agent_id)
        checks.check_destination(self.to_number, self.recipients)
        checks.check_text(self.body, "body")
        checks.check_media(self.media_urls)
        if not self.body.strip() and not self.media_urls:
            raise BadRequest("nothing to say: give a body or media_urls")
        if self.reply_to_message_id is not None:
            checks.check_id(self.reply_to_message_id, "reply_to_message_id")
        return self
