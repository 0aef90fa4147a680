"""Calling a person: a line in the log, and a POST to an address of the owner's, until it is taken.

Nothing in it says who is meant or what they wrote: whoever is called looks it up.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httpx
from sqlmodel import Session

from agent.deployment import Deployment
from memory.alerts import Alert, called, to_call
from memory.spending import LimitAlert, tell_again
from memory.tables import Mailbox
from safety.limits import LOPSIDED as MUCH

log = logging.getLogger(__name__)

SECONDS = 10.0
"""Seconds the owner's address has to answer."""

CallPerson = Callable[[dict[str, Any]], Awaitable[bool]]
"""Calls a person with an alert as JSON; whether that worked."""


async def post(url: str | None, alert: dict[str, Any]) -> bool:
    """POST an alert to the owner's address; True without one, for then the log is all there is."""
    if url is None:
        return True
    try:
        async with httpx.AsyncClient(timeout=SECONDS) as client:
            answer = await client.post(url, json=alert)
    except httpx.HTTPError as error:
        log.error("THREEDOTS_ALERT_URL could not be reached: %s", type(error).__name__)
        return False
    if not answer.is_success:
        log.error("THREEDOTS_ALERT_URL answered %d to an alert", answer.status_code)
    return answer.is_success


async def call_people(deployment: Deployment) -> None:
    """Call a person for every alert for which nobody was called yet. Twice is better than never.

    Done as soon as the static words are out, and then by every sweep until somebody takes it.
    """
    for alert, told in await deployment.store.read(_waiting):
        log.critical("A PERSON IS NEEDED: %s", told["text"])
        if await deployment.call_person(told):
            done = partial(
                called, alert_id=alert.id or 0, times=alert.times, now=deployment.clock.now()
            )
            await deployment.store.write(done)


async def call_about_a_number(deployment: Deployment, alert: LimitAlert) -> None:
    """Call a person because a number says far more than it hears: a loop, a thief, or a bill.

    If nobody can be called, the next sweep tells it again.
    """
    told = {
        "alert_id": None,
        "kind": "lopsided",
        "conversation_id": None,
        "times": 1,
        "at": alert.at.isoformat(),
        "text": f"One of your numbers said more than {MUCH} times as much as it heard today. It "
        "goes on until you stop it. See: threedots limits, threedots conversations pause --all",
    }
    if not await deployment.call_person(told):
        await deployment.store.write(partial(tell_again, alert=alert))


def _waiting(session: Session) -> list[tuple[Alert, dict[str, Any]]]:
    return [(alert, _told(session, alert)) for alert in to_call(session)]


def _told(session: Session, alert: Alert) -> dict[str, Any]:
    mailbox = session.get(Mailbox, alert.mailbox_id) if alert.mailbox_id else None
    conversation_id = mailbox.conversation_id if mailbox else None
    silent = " The agent is silent there." if alert.pauses and mailbox else ""
    where = f"in conversation {conversation_id}" if mailbox else "with somebody erased since"
    return {
        "alert_id": alert.id,
        "kind": alert.kind,
        "conversation_id": conversation_id,
        "times": alert.times,
        "at": alert.at.isoformat(),
        "text": f"alert {alert.id}, {alert.kind} {where}.{silent} See: threedots alerts list",
    }
