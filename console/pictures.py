"""A picture in a thread, shown when an operator asks for it: our server has it fetched, safely.

The browser asks nobody but us. What is shown has gone through the same hands as what a model is
shown: the address checked, the size bounded, its type told by its bytes, made anew as an image.

GET /console/api/conversations/{key}/pictures/{name}      `m12.1`, as it is called in the thread
"""

from __future__ import annotations

import re
from functools import partial

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from pydantic_ai import BinaryContent
from sqlmodel import Session, select

from console.asking import deployment_of, mailbox_of, noted_reading
from memory.tables import Bubble, Mailbox, Message
from tools.photos import see

router = APIRouter(prefix="/console/api")

NAME = re.compile(r"m([0-9]{1,9})\.([0-9]{1,2})")


@router.get("/conversations/{key}/pictures/{name}")
async def show(key: str, name: str, request: Request) -> Response:
    """The picture of this name."""
    mailbox, deployment = await mailbox_of(request, key), deployment_of(request)
    url = await deployment.store.read(partial(_address, mailbox=mailbox, name=name))
    if url is None:
        raise HTTPException(404, f"There is no picture {name[:20]} here.")
    await noted_reading(request, "see a picture", mailbox)
    seen = await see(deployment.phone, url, can_see=True)
    if not isinstance(seen, BinaryContent):
        raise HTTPException(404, f"{name} cannot be shown: it is no picture, or cannot be had.")
    return Response(seen.data, media_type=seen.media_type)


def _address(session: Session, *, mailbox: Mailbox, name: str) -> str | None:
    found = NAME.fullmatch(name)
    if found is None:
        return None
    ref, place = int(found[1]), int(found[2])
    heard = select(Message.media).where(Message.mailbox_id == mailbox.id, Message.ref == ref)
    said = select(Bubble.media).where(Bubble.mailbox_id == mailbox.id, Bubble.ref == ref)
    media = session.exec(heard).first() or session.exec(said).first() or []
    return media[place - 1] if 1 <= place <= len(media) else None
