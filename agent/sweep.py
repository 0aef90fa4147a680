"""What the worker's process does beside turns: close what is late, look for what was lost."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from sqlmodel import Session

from agent.alerting import call_about_a_number, call_people
from agent.deployment import Deployment
from memory.admission import forget_mutes
from memory.resending import expire_late, pick_up_loose
from memory.spending import LOPSIDED, LimitAlert, forget_old, unlogged
from memory.takeovers import return_unclaimed, return_unseen
from memory.turns import Claim, loose_in
from memory.verifying import forget_codes

log = logging.getLogger(__name__)

SWEEP_EVERY = 15.0
"""Seconds between sweeps."""


async def sweep(deployment: Deployment) -> None:
    """Expire what is late, tell what came near its limit, call people, give back what nobody has
    claimed, and look for what was lost and for a change of the secret."""
    now = deployment.clock.now()
    await deployment.store.write(partial(expire_late, now=now))
    for alert in await deployment.store.write(partial(tend, now=now)):
        scope, level = alert.subject.partition(":")[0], _LEVELS.get(alert.level, alert.level)
        log.warning(
            "the limit of %s is %s by one %s; see: threedots limits", alert.limit, level, scope
        )
        if alert.limit == LOPSIDED:
            await call_about_a_number(deployment, alert)
    if deployment.drift:
        await deployment.drift.look(deployment.phone, now=now)
    await call_people(deployment)
    await _give_back(deployment)
    await deployment.outbox.reconciler.look_for_all()


_LEVELS = {"warned": "80 % used", "reached": "used up"}


def tend(session: Session, *, now: float) -> list[LimitAlert]:
    """Forget old counts, mutes and codes; the alerts that no log line has told yet."""
    forget_old(session, now=now)
    forget_mutes(session, now=now)
    forget_codes(session, now=now)
    return unlogged(session)


async def _give_back(deployment: Deployment) -> None:
    now = deployment.clock.now()
    if deployment.held_for:
        gone = partial(return_unseen, after=deployment.held_for, now=now)
        await deployment.store.write(gone)
    if deployment.return_after is None:
        return
    after = timedelta(seconds=deployment.return_after)
    for takeover in await deployment.store.write(partial(return_unclaimed, after=after, now=now)):
        log.warning("conversation %s waited for a person in vain", takeover.mailbox_id)


async def send_loose(deployment: Deployment, claim: Claim) -> None:
    """Send what a person has decided to send again in this conversation, outside any turn.

    Raises LeaseLost: somebody else holds the conversation.
    """
    store = deployment.store
    waiting = loose_in(claim.mailbox_id).limit(1)
    if await store.read(lambda session: session.exec(waiting).first()) is None:
        return
    now = deployment.clock.now()
    for bubble in await store.write(partial(pick_up_loose, claim=claim, now=now)):
        await deployment.outbox.deliver(claim, bubble.id)
