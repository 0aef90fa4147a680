"""`/v1/conversations`: list, read, remember, rename, type, paint."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from phone.emulator.addresses import is_good_address
from phone.emulator.conversations import (
    can_have_background,
    conversation_by_id,
    remember,
    remove_background,
    rename,
    set_background,
    show_typing,
)
from phone.emulator.gate import (
    Cursors,
    OffsetPage,
    Page20,
    TheTwin,
    authorised,
    base_url_of,
    cut,
    cut_by_time,
)
from phone.emulator.line import Line
from phone.emulator.records import ConversationRecord
from phone.emulator.refusals import Refusal, invalid
from phone.emulator.screen import tell_conversation
from phone.emulator.wire import (
    agent_of,
    conversation_detail,
    conversation_row,
    message_object,
)

router = APIRouter(
    prefix="/v1/conversations", tags=["conversations"], dependencies=[Depends(authorised)]
)


class ConversationBody(BaseModel):
    """`PATCH /v1/conversations/{id}`: only what is there changes; `metadata` replaces the whole."""

    metadata: dict[str, Any] | None = None
    group_name: str | None = None


class BackgroundBody(BaseModel):
    """`POST /v1/conversations/{id}/background`."""

    image_url: str


def conversation_page(line: Line, page: OffsetPage, agent_id: str | None = None) -> dict[str, Any]:
    """A page of the list, the most lately written first, of one agent or of all."""
    found = [
        conversation
        for conversation in line.conversations.values()
        if agent_id is None or agent_of(line, conversation.number_id) == agent_id
    ]
    found.sort(key=lambda conversation: conversation.last_message_at, reverse=True)
    shown, rest = cut(found, page)
    return {"data": [conversation_row(line, conversation) for conversation in shown]} | rest


@router.get("")
async def list_conversations(twin: TheTwin, page: Page20) -> dict[str, Any]:
    """Every conversation, the most lately written first."""
    return conversation_page(twin.line, page)


@router.get("/{conversation_id}")
async def get_conversation(
    conversation_id: str,
    request: Request,
    twin: TheTwin,
    message_limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> dict[str, Any]:
    """One conversation with its last messages, oldest first."""
    conversation = conversation_by_id(twin.line, conversation_id)
    base_url = base_url_of(request)
    return conversation_detail(twin.line, conversation, limit=message_limit, base_url=base_url)


@router.patch("/{conversation_id}")
async def update_conversation(
    conversation_id: str, body: ConversationBody, request: Request, twin: TheTwin
) -> dict[str, Any]:
    """Replace the metadata, or rename a group."""
    conversation = conversation_by_id(twin.line, conversation_id)
    if "metadata" in body.model_fields_set:
        _check_tellable(body.metadata)
        remember(twin.line, conversation, body.metadata)
    if "group_name" in body.model_fields_set:
        rename(twin.line, conversation, body.group_name)
    if body.model_fields_set:
        tell_conversation(twin.line, conversation)
    base_url = base_url_of(request)
    return conversation_detail(twin.line, conversation, limit=50, base_url=base_url)


def _check_tellable(metadata: dict[str, Any] | None) -> None:
    """Refuse what could not be told again as JSON: NaN, half a surrogate pair."""
    try:
        json.dumps(metadata, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        text = "holds something JSON cannot say (NaN, broken text); leave it out"
        raise invalid("metadata", text) from None


@router.get("/{conversation_id}/messages")
async def list_messages(
    conversation_id: str, request: Request, twin: TheTwin, page: Cursors
) -> dict[str, Any]:
    """Messages newest first, between exclusive `after` and `before`."""
    line, base_url = twin.line, base_url_of(request)
    conversation = conversation_by_id(line, conversation_id)
    shown, more = cut_by_time(line, line.messages_of[conversation.id], page)
    data = [message_object(line, message, base_url) for message in shown]
    return {"data": data, "hasMore": more}


@router.post("/{conversation_id}/typing")
async def type_in_conversation(conversation_id: str, twin: TheTwin) -> dict[str, Any]:
    """Show the typing bubble for a few seconds."""
    conversation = conversation_by_id(twin.line, conversation_id)
    show_typing(twin.line, conversation)
    return {"conversationId": conversation.id, "channel": conversation.channel, "status": "sent"}


@router.post("/{conversation_id}/background")
async def paint_conversation(
    conversation_id: str, body: BackgroundBody, twin: TheTwin
) -> dict[str, Any]:
    """Put a picture behind the conversation."""
    conversation = conversation_by_id(twin.line, conversation_id)
    if not is_good_address(body.image_url):
        text = f'image_url is "{body.image_url[:80]}"; give a public https address'
        raise Refusal(400, text, field="image_url")
    changed = set_background(twin.line, conversation, body.image_url)
    return _background_object(conversation, changed)


def _background_object(conversation: ConversationRecord, changed: bool) -> dict[str, Any]:
    shown = conversation.background_url is not None and can_have_background(conversation)
    return {
        "conversationId": conversation.id,
        "channel": conversation.channel,
        "hasBackground": shown,
        "backgroundId": conversation.background_id if shown else None,
        "backgroundVersion": conversation.background_version if shown else None,
        "changed": changed,
    }


@router.delete("/{conversation_id}/background", status_code=204, response_class=Response)
async def unpaint_conversation(conversation_id: str, twin: TheTwin) -> Response:
    """Take the picture away; fine where there is none."""
    remove_background(twin.line, conversation_by_id(twin.line, conversation_id))
    return Response(status_code=204)
