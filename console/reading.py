"""What an operator reads: conversations, threads, what went wrong, what was spent, who did what.

GET /console/api/me                                who is logged in; is the agent paused
GET /console/api/conversations?words&outcome&standing&before   the newest first, a page at a time
GET /console/api/conversations/{key}?before        one thread
GET /console/api/changes?conversation              server-sent: draw the list, or the thread, anew
GET /console/api/bubbles?state                     bubbles, newest first
GET /console/api/dead-letters · opt-outs · spend?days · audit?before
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from agent.deployment import Deployment
from agent.restraint import is_priced
from agent.standing import of_a_turn, standing
from console.asking import (
    deployment_of,
    mailbox_of,
    noted_reading,
    role_of,
    while_logged_in,
    who,
)
from memory import audit, dead_letters
from memory.approvals import open_to_the_operator as open_approvals
from memory.costs import spent, total
from memory.opt_outs import opt_outs
from memory.pauses import paused_everywhere
from memory.tables import BubbleState
from memory.takeovers import waiting
from memory.talks import Asked, Standing, newest
from memory.threads import state_of_list, state_of_thread, thread
from phone.event_stream import event_stream
from tools.reviewing import listed

BREATH = 0.4
"""Seconds between two looks while something happens."""

LOOK_EVERY = 1.0
"""Seconds between two looks otherwise: another process may have written."""

router = APIRouter(prefix="/console/api")

Words = Annotated[str | None, Query(min_length=1, max_length=200)]
Key = Annotated[str | None, Query(max_length=200)]


@router.get("/me")
async def me(request: Request) -> dict[str, Any]:
    """Who asks, what the agent is called, and whether it is paused everywhere."""
    deployment = deployment_of(request)
    now = deployment.clock.now()
    pause = await deployment.store.read(paused_everywhere)
    count = await deployment.store.read(waiting)
    return {
        "who": who(request),
        "role": role_of(request),
        "may_log_out": request.scope.get("console_session") is not None,
        "agent": deployment.name,
        "sending": deployment.outbox.paused_by,
        "waiting": count,
        "approvals": len(await deployment.store.read(partial(open_approvals, now=now))),
        "paused": pause and {"by": pause.began_by, "at": pause.began_at.isoformat()},
    }


@router.get("/conversations")
async def conversations(
    request: Request,
    words: Words = None,
    outcome: Words = None,
    standing: Standing | None = None,
    before: Words = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> dict[str, Any]:
    """The newest conversations; `next` of one page is `before` of the one after it."""
    asked = Asked(words=words, outcome=outcome, standing=standing, before=_place(before))
    await noted_reading(request, "search" if words else "list")
    store = deployment_of(request).store
    found = await store.read(partial(newest, asked=asked, limit=limit))
    last = found[-1] if len(found) == limit else None
    return {"conversations": found, "next": last and f"{last['at']}/{last['number']}"}


@router.get("/conversations/{key}")
async def conversation(
    key: str, request: Request, before: Annotated[int | None, Query(ge=1)] = None
) -> dict[str, Any]:
    """One thread: the newest of it, or what came before a reference."""
    mailbox = await mailbox_of(request, key)
    await noted_reading(request, "read", mailbox)
    store = deployment_of(request).store
    told: dict[str, Any] = await store.read(partial(thread, mailbox=mailbox, before=before))
    return told | {"may_erase": request.app.state.erase is not None}


@router.get("/changes")
async def changes(request: Request, conversation: Key = None) -> Response:
    """Says `list` and `thread` whenever either has to be drawn anew."""
    mailbox = await mailbox_of(request, conversation) if conversation else None
    events = _changes(deployment_of(request), mailbox.id if mailbox else None)
    return event_stream(request, while_logged_in(request, events))


@router.get("/bubbles")
async def bubbles(request: Request, state: BubbleState | None = None) -> dict[str, Any]:
    """The newest bubbles, of one state or of all."""
    await noted_reading(request, "list bubbles", about=state)
    read = partial(listed, state=state, limit=100)
    return {"bubbles": await deployment_of(request).store.read(read)}


@router.get("/dead-letters")
async def letters(request: Request) -> dict[str, Any]:
    """What nobody could deal with; not what is in it."""
    found = await deployment_of(request).store.read(dead_letters.letters)
    return {"letters": [dead_letters.as_json(letter) for letter in found]}


@router.get("/opt-outs")
async def opted_out(request: Request) -> dict[str, Any]:
    """Who may not be texted."""
    await noted_reading(request, "list opt-outs")
    return {"opt_outs": await deployment_of(request).store.read(opt_outs)}


@router.get("/spend")
async def spend(request: Request, days: Annotated[int, Query(ge=1, le=92)] = 14) -> dict[str, Any]:
    """Tokens, money and bubbles of the last days, and where each limit stands."""
    deployment, limits = deployment_of(request), deployment_of(request).guard.limits
    now = deployment.clock.now()
    found = await deployment.store.read(partial(spent, days=days, now=now))
    told = await deployment.store.read(partial(standing, limits=limits, now=now))
    known = {"turn": of_a_turn(limits), "price_known": is_priced(deployment.model)}
    return {"days": found, "total": total(found)} | told | known


@router.get("/audit")
async def who_did_what(
    request: Request, before: Annotated[int | None, Query(ge=1)] = None
) -> dict[str, Any]:
    """What operators did and looked at, the newest first."""
    read = partial(audit.newest, before=before)
    found = await deployment_of(request).store.read(read)
    return {"entries": [entry.model_dump(mode="json") for entry in found]}


def _place(before: str | None) -> tuple[datetime, int] | None:
    if before is None:
        return None
    when, _, number = before.partition("/")
    try:
        at = datetime.fromisoformat(when)
        if at.tzinfo is None or not number.isascii():
            raise ValueError
        return at, int(number)
    except ValueError as error:
        raise HTTPException(422, "before is the `next` of the page before this one.") from error


async def _changes(
    deployment: Deployment, mailbox_id: int | None
) -> AsyncIterator[dict[str, Any] | None]:
    store = deployment.store
    known: dict[str, str] = {}
    while True:
        now = {"list": await store.read(state_of_list)}
        if mailbox_id is not None:
            now["thread"] = await store.read(partial(state_of_thread, mailbox_id=mailbox_id))
        changed = [name for name, state in now.items() if known.get(name, state) != state]
        known = now
        yield {"changed": changed} if changed else None
        await asyncio.sleep(BREATH)
        await store.wait_for_commit(LOOK_EVERY)
