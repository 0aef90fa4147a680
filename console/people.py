"""What is kept about a person, from the console: handed over to them, or erased.

GET  /console/api/conversations/{key}/export    everything, as one JSON file
POST /console/api/conversations/{key}/erase     here, and our memory at AgentPhone; no way back
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from agent.erasing import Erased
from console.asking import by_our_page, deployment_of, done, mailbox_of
from memory.person_export import export
from memory.persons import Person, find
from memory.tables import Mailbox
from phone.errors import PhoneError

Erase = Callable[[Person], Awaitable[Erased]]
"""Erases a person, as the server that the console belongs to does it."""

router = APIRouter(prefix="/console/api")


class Erasure(BaseModel):
    """An order to erase; the handle once more, so that nobody gives it by mistake."""

    handle: Annotated[str, Field(max_length=200)]


@router.get("/conversations/{key}/export")
async def hand_over(key: str, request: Request) -> Response:
    """Everything that is kept about the person of a conversation, as a file."""
    mailbox = await mailbox_of(request, key)
    person = await _person(request, mailbox)
    work = partial(export, person=person, now=deployment_of(request).clock.now())
    told = await done(request, "export", work, mailbox=mailbox)
    text = json.dumps(told, ensure_ascii=False, indent=2, default=str)
    name = f"person-{mailbox.id}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="application/json", headers=headers)


@router.post("/conversations/{key}/erase", dependencies=[Depends(by_our_page)])
async def erase(key: str, order: Erasure, request: Request) -> dict[str, Any]:
    """Erase the person of a conversation. It cannot be undone."""
    mailbox = await mailbox_of(request, key)
    erasing: Erase | None = request.app.state.erase
    if erasing is None:
        raise HTTPException(409, "Nobody is erased here; a server that answers a real line does.")
    whom = mailbox.group_id or mailbox.participant
    if order.handle.strip() != whom:
        raise HTTPException(409, f"To erase them, write {whom} exactly.")
    person = await _person(request, mailbox)
    await done(request, "erase", lambda session: None, mailbox=mailbox)
    try:
        erased = await erasing(person)
    except (PhoneError, OSError) as error:
        raise HTTPException(409, f"{error} Nothing was erased; try it again.") from error
    return {"rows": erased.rows}


async def _person(request: Request, mailbox: Mailbox) -> Person:
    who = mailbox.group_id or mailbox.participant
    person = await deployment_of(request).store.read(partial(find, who=who))
    if person is None:
        raise HTTPException(404, f"Nothing is kept of {who}.")
    return person
