"""What every route of the console asks first: whose agent, which operator, which conversation.

`scope["operator"]` names who is logged in and `scope["role"]` as what (`console.doorway`). Where
nobody has to log in, under `threedots phone` and on a loopback address without a token, it is this
machine, which may do everything.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from fastapi import HTTPException, Request
from sqlmodel import Session, select

from agent.deployment import Deployment
from memory import audit
from memory.operating import conversation_of
from memory.tables import Mailbox
from safety.roles import Role

THIS_MACHINE = "this machine"

OURS = "x-threedots-console"
"""The header that our own page sends with whatever changes something: no form elsewhere can."""

STILL_READING = 300.0
"""Seconds in which somebody who goes on reading the same conversation is noted once."""

REMEMBERED = 1000
"""Readings that are remembered for that."""

STREAMED = 600.0
"""Seconds after which a stream of events ends; a browser asks anew, and is looked at anew."""


class Watched:
    """Who has been noted as reading what, and when: a page that follows a thread reads often."""

    def __init__(self) -> None:
        self._at: OrderedDict[tuple[str, str, str], float] = OrderedDict()

    def is_news(self, who: str, action: str, what: str, *, now: float) -> bool:
        """Whether this reading is to be noted; it counts as noted from now on."""
        key = (who, action, what)
        if now - self._at.get(key, -STILL_READING) < STILL_READING:
            return False
        self._at[key] = now
        self._at.move_to_end(key)
        while len(self._at) > REMEMBERED:
            self._at.popitem(last=False)
        return True


def deployment_of(request: Request) -> Deployment:
    """The deployment behind the console. Raises a 503 while it starts or stops."""
    deployment: Deployment | None = request.app.state.deployment()
    if deployment is None:
        raise HTTPException(503, "The agent is starting or stopping; ask again in a moment.")
    return deployment


def who(request: Request) -> str:
    """Who asks, as the audit calls them."""
    operator: str = request.scope.get("operator") or THIS_MACHINE
    return operator


def role_of(request: Request) -> Role:
    """What they may do; who has not had to log in may do everything."""
    role: Role = request.scope.get("role") or Role.ADMIN
    return role


def by_our_page(request: Request) -> None:
    """Refuse what another page might have sent in an operator's name."""
    if request.headers.get(OURS) != "1":
        raise HTTPException(403, f"Send it with the header {OURS}: 1, as the console's page does.")


async def mailbox_of(request: Request, key: str) -> Mailbox:
    """The conversation a request is about. Raises a 404."""
    mailbox = await deployment_of(request).store.read(partial(conversation_of, key=key))
    if mailbox is None:
        raise HTTPException(404, f"There is no conversation {key[:80]}.")
    return mailbox


async def noted_reading(
    request: Request, action: str, mailbox: Mailbox | None = None, *, about: str | None = None
) -> None:
    """Put a reading into the audit, once while it goes on."""
    deployment, operator = deployment_of(request), who(request)
    now = deployment.clock.now()
    what = str(mailbox.id) if mailbox else about or ""
    if request.app.state.watched.is_news(operator, action, what, now=now):
        entry = partial(
            audit.note,
            action=action,
            who=operator,
            role=role_of(request),
            mailbox=mailbox,
            about=about,
            now=now,
        )
        await deployment.store.write(entry)


async def looked_at(request: Request, action: str, conversation_id: str | None) -> None:
    """The same for the turn inspector; on a developer's own phone nobody is watched."""
    if request.scope.get("operator") is None:
        return
    mailbox = None
    if conversation_id is not None:
        here = select(Mailbox).where(Mailbox.conversation_id == conversation_id)
        found = await deployment_of(request).store.read(lambda session: session.exec(here).first())
        mailbox = found
    await noted_reading(request, action, mailbox)


async def while_logged_in(
    request: Request, events: AsyncIterator[dict[str, Any] | None]
) -> AsyncIterator[dict[str, Any] | None]:
    """These events, for a while: a session that is over hears nothing for long."""
    clock = deployment_of(request).clock
    until = clock.now() + STREAMED
    async for event in events:
        yield event
        if clock.now() >= until and request.scope.get("console_session") is not None:
            return


async def done(
    request: Request,
    action: str,
    work: Callable[[Session], Any],
    *,
    mailbox: Mailbox | None = None,
    about: str | None = None,
) -> Any:
    """Do what an operator wants, with its entry in the audit, in one transaction; then wake up."""
    deployment, operator, role = deployment_of(request), who(request), role_of(request)
    now = deployment.clock.now()

    def both(session: Session) -> Any:
        answer = work(session)
        audit.note(session, action, who=operator, role=role, mailbox=mailbox, about=about, now=now)
        return answer

    answer = await deployment.store.write(both)
    deployment.store.wake()
    if mailbox is not None and mailbox.id is not None:
        deployment.arrivals.ring(mailbox.id)
    else:
        deployment.arrivals.ring_all()
    return answer
