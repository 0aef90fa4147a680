"""What waits for an operator's yes, and the answer to it.

GET  /console/api/approvals            the calls that wait, each with exactly its arguments
POST /console/api/approvals/{id}       yes, which begins the turn that makes the call, or no
"""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from pydantic import BaseModel
from sqlmodel import Session

from console.asking import by_our_page, deployment_of, done, noted_reading
from memory.approvals import Approval, Decided, NoSuchApproval, decide, listed
from memory.operating import key_of
from memory.tables import Mailbox
from safety.untrusted import shown

router = APIRouter(prefix="/console/api")


class Answer(BaseModel):
    """What an operator says to a call."""

    yes: bool


@router.get("/approvals")
async def waiting(request: Request) -> dict[str, Any]:
    """The calls that wait for a yes, oldest first."""
    await noted_reading(request, "list approvals")
    deployment = deployment_of(request)
    read = partial(_told, now=deployment.clock.now())
    return {"approvals": await deployment.store.read(read)}


@router.post("/approvals/{approval_id}", dependencies=[Depends(by_our_page)])
async def answer(approval_id: int, said: Answer, request: Request) -> dict[str, Any]:
    """Allow a call once, or refuse it."""
    deployment = deployment_of(request)
    work = partial(decide, approval_id=approval_id, is_yes=said.yes, now=deployment.clock.now())
    mailbox = await deployment.store.read(partial(_where, approval_id=approval_id))
    act, about = "approve" if said.yes else "deny", str(approval_id)
    try:
        decided: Decided = await done(request, act, work, mailbox=mailbox, about=about)
    except NoSuchApproval as error:
        raise HTTPException(409, str(error)) from error
    return {"state": decided.approval.state, "later": decided.later}


def _told(session: Session, *, now: float) -> list[dict[str, Any]]:
    rows = listed(session, every=False, now=now)
    return [_as_json(session.get(Mailbox, row.mailbox_id), row) for row in rows]


def _as_json(mailbox: Mailbox | None, approval: Approval) -> dict[str, Any]:
    return {
        "id": approval.id,
        "tool": approval.tool,
        "arguments": {
            name: shown(value if isinstance(value, str) else str(value))
            for name, value in approval.arguments.items()
        },
        "asked": approval.asked,
        "asked_at": approval.asked_at.isoformat(),
        "expires_at": approval.expires_at.isoformat(),
        "key": key_of(mailbox) if mailbox else None,
    }


def _where(session: Session, *, approval_id: int) -> Mailbox | None:
    approval = session.get(Approval, approval_id)
    return session.get(Mailbox, approval.mailbox_id) if approval is not None else None
