"""The owner at AgentPhone's dashboard: a person who writes in a conversation in the agent's place.

POST /handset/dashboard/messages           what they write goes out from the agent's number
PUT  /handset/dashboard/human-mode         they take the conversation, or give it back, by its flag

To whoever listens it is an outbound message like the agent's own: nothing says who wrote it.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from phone.emulator.conversations import conversation_by_id
from phone.emulator.gate import TheTwin
from phone.emulator.handset import Body
from phone.emulator.screen import message_view, tell_conversation
from phone.emulator.sending import Sending, send

router = APIRouter(prefix="/handset/dashboard", tags=["handset"])


class OwnersBody(Body):
    """What the owner writes, and where."""

    conversation_id: str
    body: str = ""
    media_urls: list[str] = Field(default=[], max_length=20)


class HumanModeBody(Body):
    """Whether a person has the conversation from now on."""

    conversation_id: str
    on: bool


@router.post("/messages", status_code=201)
async def write(body: OwnersBody, twin: TheTwin) -> dict[str, Any]:
    """The owner writes; a copy is on its way as a webhook where the twin sends copies."""
    twin.line.agenda.catch_up()
    conversation = conversation_by_id(twin.line, body.conversation_id)
    sent = send(
        twin.line,
        Sending(
            number_id=conversation.number_id,
            to_number=conversation.group_id or conversation.participant,
            body=body.body,
            media_urls=tuple(body.media_urls),
        ),
    )
    if twin.switches.outbound_copies:
        for message in sent.messages:
            twin.courier.announce_message(message)
    return {"messages": [message_view(message) for message in sent.messages]}


@router.put("/human-mode")
async def take(body: HumanModeBody, twin: TheTwin) -> dict[str, Any]:
    """The owner sets `threedots.flags.human_mode` in the metadata, and leaves the rest of it."""
    conversation = conversation_by_id(twin.line, body.conversation_id)
    metadata = conversation.metadata or {}
    ours = metadata.get("threedots") or {}
    flags = {**(ours.get("flags") or {}), "human_mode": body.on}
    conversation.metadata = {**metadata, "threedots": {**ours, "flags": flags}}
    twin.line.touch("conversation", conversation.id)
    tell_conversation(twin.line, conversation)
    return {"metadata": conversation.metadata}
