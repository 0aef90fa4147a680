"""A turn that meets a person at its work: somebody has taken over, or paused the agent."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from agent.deployment import Deployment
from agent.scene import look
from agent.thinking import Ending
from memory.remembering import recall
from memory.silence import Silence, silence_in
from memory.tables import Mailbox
from memory.takeovers import METADATA, ongoing


async def silence(deployment: Deployment, mailbox_id: int) -> Silence | None:
    """Why the agent is to be silent in a conversation now; None when it may speak."""
    return await deployment.store.read(partial(silence_in, mailbox_id=mailbox_id))


async def look_whether_lifted(deployment: Deployment, mailbox_id: int) -> bool:
    """Read the metadata again where it is what keeps us silent; whether it was read.

    Nobody tells us that a flag is gone, and a conversation that is held is not read otherwise.
    """
    held = await deployment.store.read(partial(ongoing, mailbox_id=mailbox_id))
    if held is None or held.claimed_by != METADATA:
        return False
    mailbox = await deployment.store.read(lambda session: session.get_one(Mailbox, mailbox_id))
    conversation = await look(deployment, mailbox)
    await recall(mailbox, conversation, store=deployment.store, clock=deployment.clock)
    return True


def ending(silent: Silence) -> Ending:
    """How a turn ends that is not to say anything."""
    return Ending(silent.outcome, silent.code)


async def as_it_stands(deployment: Deployment, mailbox_id: int, come_to: Ending) -> Ending:
    """The ending of a turn that said nothing, as the takeover's where that is why."""
    if come_to.outcome not in ("failed", "silent"):
        return come_to
    silent = await silence(deployment, mailbox_id)
    return replace(ending(silent), record=come_to.record) if silent is not None else come_to
