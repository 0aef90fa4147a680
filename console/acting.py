"""What an operator does: each act in one transaction with its entry in the audit.

POST /console/api/conversations/{key}/take-over · hand-back · bubbles · pause · resume
POST /console/api/pause · resume                   the same for all conversations
POST /console/api/bubbles/{id}/again               send once more, the risk accepted
POST /console/api/dead-letters/{id}/replay
POST /console/api/opt-outs                         somebody asked an operator to stop
"""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel, Field
from sqlmodel import Session

from console.asking import by_our_page, deployment_of, done, mailbox_of, who
from memory.alerts import resolve
from memory.dead_letters import replay
from memory.operating import LONGEST, write
from memory.opt_outs import opt_out
from memory.pauses import pause, resume
from memory.resending import NotResendable, send_again
from memory.takeovers import NotYours, hand_back, take_over

router = APIRouter(prefix="/console/api", dependencies=[Depends(by_our_page)])


class Words(BaseModel):
    """What an operator writes.

    Attributes:
        bubble_id: Made by the page for these words: sent twice, they are still one bubble.
    """

    text: Annotated[str, Field(max_length=LONGEST)]
    bubble_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Again(BaseModel):
    """What a bubble that is sent again is to be called; made by the page, as in `Words`."""

    bubble_id: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class Replay(BaseModel):
    """How a dead letter is tried again."""

    allow_stale: bool = False


class Handle(BaseModel):
    """Who asked not to be texted."""

    handle: Annotated[str, Field(max_length=200)]


@router.post("/conversations/{key}/take-over")
async def take(key: str, request: Request) -> dict[str, Any]:
    """Hold a conversation: the agent is silent from before its next bubble."""
    mailbox, act = await mailbox_of(request, key), partial(take_over, by=who(request))
    now = deployment_of(request).clock.now()
    work = partial(act, mailbox_id=mailbox.id or 0, now=now)
    held = await done(request, "take over", work, mailbox=mailbox)
    return {"claimed_by": held.claimed_by}


@router.post("/conversations/{key}/hand-back")
async def give_back(key: str, request: Request) -> dict[str, Any]:
    """Give it back to the agent."""
    mailbox, now = await mailbox_of(request, key), deployment_of(request).clock.now()

    def work(session: Session) -> None:
        hand_back(session, mailbox.id or 0, by=who(request), now=now)
        resolve(session, mailbox.id or 0, by=who(request), now=now)

    await _allowed(done(request, "hand back", work, mailbox=mailbox))
    return {"ok": True}


@router.post("/conversations/{key}/bubbles", status_code=201)
async def say(key: str, words: Words, request: Request) -> dict[str, Any]:
    """Write in a conversation that is held."""
    mailbox, now = await mailbox_of(request, key), deployment_of(request).clock.now()
    given = words.model_dump()
    work = partial(write, mailbox_id=mailbox.id or 0, now=now, **given)
    act = done(request, "write", work, mailbox=mailbox, about=words.bubble_id)
    bubble = await _allowed(act)
    return {"bubble_id": bubble.id}


@router.post("/conversations/{key}/pause")
async def pause_here(key: str, request: Request) -> dict[str, Any]:
    """Pause the agent in one conversation."""
    mailbox, now = await mailbox_of(request, key), deployment_of(request).clock.now()
    work = partial(pause, mailbox_id=mailbox.id or 0, by=who(request), now=now)
    await done(request, "pause", work, mailbox=mailbox)
    return {"ok": True}


@router.post("/conversations/{key}/resume")
async def resume_here(key: str, request: Request) -> dict[str, Any]:
    """Let it speak again there."""
    mailbox, now = await mailbox_of(request, key), deployment_of(request).clock.now()
    work = partial(resume, mailbox_id=mailbox.id or 0, by=who(request), now=now)
    return {"ok": await done(request, "resume", work, mailbox=mailbox)}


@router.post("/pause")
async def pause_all(request: Request) -> dict[str, Any]:
    """Pause the agent everywhere."""
    now = deployment_of(request).clock.now()
    await done(request, "pause all", partial(pause, mailbox_id=None, by=who(request), now=now))
    return {"ok": True}


@router.post("/resume")
async def resume_all(request: Request) -> dict[str, Any]:
    """Let it speak again, but where it is paused by itself."""
    now = deployment_of(request).clock.now()
    work = partial(resume, mailbox_id=None, by=who(request), now=now)
    return {"ok": await done(request, "resume all", work)}


@router.post("/bubbles/{bubble_id}/again", status_code=201)
async def again(bubble_id: str, new: Again, request: Request) -> dict[str, Any]:
    """Send a bubble once more, as a new one; the operator was told what may come of it."""
    now = deployment_of(request).clock.now()
    work = partial(send_again, bubble_id=bubble_id, new_id=new.bubble_id, now=now)
    bubble = await _allowed(done(request, "send again", work, about=bubble_id))
    return {"bubble_id": bubble.id}


@router.post("/dead-letters/{letter_id}/replay")
async def try_again(letter_id: int, how: Replay, request: Request) -> dict[str, Any]:
    """Let a dead letter in again."""
    now = deployment_of(request).clock.now()
    work = partial(replay, letter_id=letter_id, now=now, allow_stale=how.allow_stale)
    replayed = await done(request, "replay", work, about=str(letter_id))
    return {"fate": replayed.fate, "is_left": replayed.is_left, "text": str(replayed)}


@router.post("/opt-outs")
async def record(whose: Handle, request: Request) -> dict[str, Any]:
    """Record that somebody asked not to be texted."""
    now = deployment_of(request).clock.now()
    work = partial(opt_out, handle=whose.handle.strip(), by=who(request), now=now)
    return {"ok": await _allowed(done(request, "opt out", work))}


async def _allowed(act: Any) -> Any:
    """What it comes to; what cannot be done now is a 409 with the reason."""
    try:
        return await act
    except (NotYours, NotResendable) as error:
        raise HTTPException(409, str(error)) from error
