"""The handset API: the far side of the line. What the people with the other phones do and see.

JSON in snake_case, times ISO 8601, durations in seconds, no key. A picture at any address, in a
message or behind it, can be shown from `GET /handset/media?url=…`, which answers the uploaded file
or a stand-in; the twin itself fetches nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from phone.emulator import media, receiving
from phone.emulator.addresses import check_media_url
from phone.emulator.conversations import conversation_by_id, group_by_id, rename
from phone.emulator.gate import TheTwin, base_url_of
from phone.emulator.line import iso
from phone.emulator.records import PROJECT
from phone.emulator.refusals import Refusal, invalid, not_found
from phone.emulator.screen import (
    list_item,
    message_view,
    number_view,
    person_view,
    screen,
    tell_conversation,
)

END_OF_TIME = 250_000_000_000.0
"""How far the clock may be moved: the year 9892, in Unix seconds. Dates end soon after."""


async def _arrive(request: Request, twin: TheTwin) -> None:
    """See the line as it is now, and note the address it was called by."""
    twin.line.agenda.catch_up()
    twin.called_at(base_url_of(request), by_client=False)


router = APIRouter(prefix="/handset", tags=["handset"], dependencies=[Depends(_arrive)])


class Body(BaseModel):
    """A request body: a name that is not known is an error, so that a slip is noticed."""

    model_config = ConfigDict(extra="forbid")


class PersonBody(Body):
    """`reachable: false` makes what is sent to them fail."""

    handle: str
    name: str | None = None
    imessage: bool = True
    receipts: bool = True
    reachable: bool = True


class WritingBody(Body):
    """What somebody writes. `channel` is how, where their phone could do either."""

    from_handle: str
    to_number: str | None = None
    group_id: str | None = None
    body: str = ""
    media_urls: list[str] = Field(default=[], max_length=20)
    channel: Literal["imessage", "sms"] | None = None
    reply_to_message_id: str | None = None


class ReactionBody(Body):
    """A tapback: one of the six words, or one emoji."""

    from_handle: str
    message_id: str
    reaction: str


class GroupBody(Body):
    """A new group; without `to_number` on the first iMessage line."""

    members: list[str] = Field(max_length=64)
    name: str | None = None
    to_number: str | None = None


class GroupNameBody(Body):
    """A group's new name; null takes the name away."""

    name: str | None


class ClockBody(Body):
    """How many seconds the clock moves on."""

    advance: float = Field(ge=0, allow_inf_nan=False)


@router.get("/line")
async def see_line(twin: TheTwin) -> dict[str, Any]:
    """What there is: numbers, agents, people, where the webhook points, and the time."""
    line = twin.line
    hook = line.hooks.get(PROJECT)
    return {
        "numbers": [number_view(number) for number in line.active_numbers()],
        "agents": [{"id": agent.id, "name": agent.name} for agent in line.agents.values()],
        "people": [person_view(person) for person in line.people.values()],
        "webhook": {"url": hook.url} if hook else None,
        "now": iso(line.now()),
    }


@router.post("/people", status_code=201)
async def introduce(body: PersonBody, twin: TheTwin) -> dict[str, Any]:
    """Add a person, or change one: what is left out of a change stays as it was."""
    given = body.model_dump(exclude_unset=True, exclude={"handle"})
    return person_view(receiving.introduce(twin.line, body.handle, given))


@router.post("/messages", status_code=201)
async def write(body: WritingBody, request: Request, twin: TheTwin) -> dict[str, Any]:
    """Somebody writes; the webhook is on its way when this answers."""
    base_url = base_url_of(request)
    for url in body.media_urls:
        if not url.startswith(base_url + media.OWN_PATH):
            check_media_url("media_urls", url)
    fields = body.model_dump() | {"media_urls": tuple(body.media_urls)}
    conversation, messages = receiving.receive(twin.line, receiving.Writing(**fields))
    for message in messages:
        twin.courier.announce_message(message)
    return {
        "messages": [message_view(message) for message in messages],
        "conversation_id": conversation.id,
        "channel": messages[0].channel,
    }


@router.post("/reactions", status_code=201)
async def tap_back(body: ReactionBody, twin: TheTwin) -> dict[str, Any]:
    """Somebody taps back; the same tapback again changes nothing and tells nobody."""
    message, reaction, is_new = receiving.react(
        twin.line,
        from_handle=body.from_handle,
        message_id=body.message_id,
        reaction=body.reaction,
    )
    if is_new:
        twin.courier.announce_reaction(message, reaction)
    return {
        "id": reaction.id,
        "message_id": message.id,
        "reaction": reaction.reaction,
        "from_handle": reaction.from_handle,
        "conversation_id": message.conversation_id,
    }


@router.post("/groups", status_code=201)
async def start_group(body: GroupBody, twin: TheTwin) -> dict[str, Any]:
    """Somebody starts a group with the agent in it. The agent hears of it by the first message."""
    group = receiving.start_group(twin.line, body.members, name=body.name, to_number=body.to_number)
    return {"group_id": group.group_id, "conversation_id": group.id}


@router.patch("/groups/{group_id}")
async def rename_group(group_id: str, body: GroupNameBody, twin: TheTwin) -> dict[str, Any]:
    """Somebody renames a group."""
    group = group_by_id(twin.line, group_id)
    rename(twin.line, group, body.name)
    tell_conversation(twin.line, group)
    return {"group_id": group.group_id, "conversation_id": group.id}


@router.post("/media", status_code=201)
async def upload(request: Request, twin: TheTwin) -> dict[str, str]:
    """Put a file on the twin: the file is the body, its type in `Content-Type`."""
    data = await request.body()
    if not data:
        raise Refusal(422, "The body is empty; send the file itself as the body.")
    if len(data) > media.MAX_BYTES:
        raise Refusal(413, f"The file has {len(data)} bytes; {media.MAX_BYTES} are the most.")
    path = media.keep(twin.line, data, request.headers.get("content-type", ""))
    return {"url": base_url_of(request) + path}


@router.get("/media", response_class=Response)
async def show_picture(twin: TheTwin, url: str) -> Response:
    """The picture at an address as a browser can show it: an uploaded file, or a stand-in."""
    return _file(*await asyncio.to_thread(media.shown, *media.picture(twin.line, url)))


@router.get("/media/{name}", response_class=Response)
async def download(name: str, twin: TheTwin) -> Response:
    """An uploaded file."""
    found = media.stored(twin.line, name)
    if found is None:
        raise not_found("File")
    return _file(*found)


def _file(content: bytes, kind: str) -> Response:
    headers = {"Content-Security-Policy": "sandbox", "Cache-Control": "max-age=3600"}
    return Response(content, media_type=kind, headers=headers)


@router.get("/conversations")
async def list_conversations(twin: TheTwin) -> dict[str, Any]:
    """Every conversation, the most lately written first."""
    found = sorted(
        twin.line.conversations.values(),
        key=lambda conversation: conversation.last_message_at,
        reverse=True,
    )
    return {"conversations": [list_item(twin.line, conversation) for conversation in found]}


@router.get("/conversations/{conversation_id}", response_class=JSONResponse)
async def see_conversation(conversation_id: str, twin: TheTwin, peek: bool = False) -> Response:
    """What is on the screen. Looking at it makes it read; with `peek` it stays unread."""
    look = conversation_by_id if peek else receiving.look_at
    # A response of our own: FastAPI's copying of the values takes most of a long one's time.
    return JSONResponse(screen(twin.line, look(twin.line, conversation_id)))


@router.get("/deliveries")
async def list_attempts(
    twin: TheTwin, limit: Annotated[int, Query(ge=1, le=20_000)] = 20_000
) -> dict[str, Any]:
    """Every webhook attempt with its status, seconds and answer, oldest first."""
    attempts = list(twin.courier.attempts)[-limit:]
    return {"deliveries": [asdict(attempt) for attempt in attempts]}


@router.post("/clock")
async def move_clock(body: ClockBody, twin: TheTwin) -> dict[str, str]:
    """Move the twin's clock on; what falls due meanwhile happens."""
    advance = getattr(twin.clock, "advance", None)
    if advance is None:
        raise Refusal(422, "This twin lives by a clock that cannot be moved.")
    if twin.line.now() + body.advance > END_OF_TIME:
        raise invalid("advance", "goes beyond the year 9892; move the clock less")
    advance(body.advance)
    twin.line.agenda.catch_up()
    twin.line.emit("clock", now=iso(twin.line.now()))
    return {"now": iso(twin.line.now())}


@router.post("/reset")
async def reset(twin: TheTwin) -> dict[str, str]:
    """An empty line: people, contacts, conversations, faults go; numbers, agents, webhook stay."""
    twin.reset()
    return {"now": iso(twin.line.now())}
