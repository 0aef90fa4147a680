"""`/v1/messages`: send, tap back, and the media of a message. snake_case both ways."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from phone.emulator.doorway import CONVERSATION, MESSAGE, UNDELIVERED
from phone.emulator.gate import TheTwin, authorised
from phone.emulator.line import Line
from phone.emulator.media import media_of
from phone.emulator.records import IMESSAGE_CHANNEL, MessageRecord
from phone.emulator.refusals import Refusal, invalid, not_found
from phone.emulator.screen import tell_reaction
from phone.emulator.sending import Sending, Sent, send
from phone.emulator.tapbacks import checked_reaction, put_reaction
from phone.types import SendStyle

router = APIRouter(prefix="/v1/messages", tags=["messages"])


class SendBody(BaseModel):
    """`POST /v1/messages`. The WhatsApp fields are known, and refused."""

    from_number: str | None = None
    number_id: str | None = None
    agent_id: str | None = None
    to_number: str | None = None
    recipients: list[str] | None = None
    body: str | None = None
    media_urls: Annotated[list[str], Field(max_length=20)] | None = None
    media_url: str | None = None
    reply_to_message_id: str | None = None
    send_style: SendStyle | None = None
    channel: Literal["whatsapp"] | None = None
    buttons: Any = None
    list_: Any = Field(default=None, alias="list")
    cta: Any = None
    template: Any = None

    def sending(self, undelivered: str | None) -> Sending:
        """The request for the rules. Raises a 403 for WhatsApp, a 422 for media given twice."""
        if any((self.channel, self.buttons, self.list_, self.cta, self.template)):
            text = "WhatsApp is not enabled on this number; the twin does iMessage and SMS."
            raise Refusal(403, text, code="WHATSAPP_NOT_ENABLED")
        if self.media_url is not None and self.media_urls is not None:
            raise invalid("media_url", "and media_urls are both given; use media_urls alone")
        single = [self.media_url] if self.media_url is not None else []
        return Sending(
            **self.model_dump(include=SAME_FIELDS),
            body=self.body or "",
            media_urls=tuple(self.media_urls or single),
            undelivered=undelivered,
        )


SAME_FIELDS = {
    "from_number",
    "number_id",
    "agent_id",
    "to_number",
    "recipients",
    "reply_to_message_id",
    "send_style",
}


class ReactionBody(BaseModel):
    """`POST /v1/messages/{message_id}/reactions`."""

    reaction: str


def message_by_id(line: Line, message_id: str) -> MessageRecord:
    """Raises a 404 for an unknown one."""
    found = line.messages.get(message_id)
    if found is None:
        raise not_found("Message")
    return found


@router.post("", dependencies=[Depends(authorised)])
async def send_message(body: SendBody, request: Request, twin: TheTwin) -> dict[str, Any]:
    """Send a message, or start a group."""
    sent = send(twin.line, body.sending(request.scope.get(UNDELIVERED)))
    request.scope[CONVERSATION] = sent.conversation.id
    request.scope[MESSAGE] = sent.messages[-1].id
    if twin.switches.outbound_copies:
        for message in sent.messages:
            twin.courier.announce_message(message)
    return _sent_object(sent, body.reply_to_message_id)


def _sent_object(sent: Sent, reply_to: str | None) -> dict[str, Any]:
    first = sent.messages[0]
    return {
        "id": first.id,
        "status": first.status,
        "channel": first.channel,
        "from_number": first.from_number,
        "to_number": first.to_number,
        "conversation_id": sent.conversation.id,
        "media_urls": [url for message in sent.messages for url in message.media_urls],
        "reply_to_message_id": reply_to,
        "reply_parent_unresolved": sent.reply_parent_unresolved,
    }


@router.post("/{message_id}/reactions", dependencies=[Depends(authorised)])
async def react_to_message(
    message_id: str, body: ReactionBody, request: Request, twin: TheTwin
) -> dict[str, Any]:
    """Tap back on a message. The same again changes nothing; another takes its place."""
    message = message_by_id(twin.line, message_id)
    request.scope[CONVERSATION] = message.conversation_id
    if message.channel != IMESSAGE_CHANNEL:
        raise Refusal(400, "Reactions exist only on iMessage; this message is SMS.")
    checked_reaction(body.reaction, emoji=twin.switches.emoji_reactions, status=400)
    number = twin.line.numbers[message.number_id]
    reaction, is_new = put_reaction(
        twin.line,
        message,
        body.reaction,
        from_handle=number.phone_number,
        direction="outbound",
    )
    if is_new:
        tell_reaction(twin.line, message, reaction)
    return {
        "id": reaction.id,
        "reaction_type": reaction.reaction,
        "message_id": message.id,
        "channel": message.channel,
    }


@router.get("/{message_id}/media", response_class=Response)
async def message_media(
    message_id: str, twin: TheTwin, index: Annotated[int, Query(ge=0, le=100)] = 0
) -> Response:
    """The bytes of a message's photo, for anybody who knows the address: there is no key here."""
    message = message_by_id(twin.line, message_id)
    content, kind = media_of(twin.line, message, index)
    return Response(content, media_type=kind, headers={"Content-Security-Policy": "sandbox"})
