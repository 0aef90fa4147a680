"""What the worker's process does beside turns: closing what is late, looking for what was lost."""

from __future__ import annotations

from functools import partial

from agent.deployment import Deployment
from memory.resending import expire_late, pick_up_loose
from memory.turns import Claim, loose_in

SWEEP_EVERY = 15.0
"""Seconds between sweeps."""


async def sweep(deployment: Deployment) -> None:
    """Expire what is late, and look for what was lost."""
    await deployment.store.write(partial(expire_late, now=deployment.clock.now()))
    await deployment.outbox.reconciler.look_for_all()


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
