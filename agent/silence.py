"""A turn that meets a person at its work: somebody has taken over, or paused the agent."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from agent.deployment import Deployment
from agent.thinking import Ending
from memory.silence import Silence, silence_in


async def silence(deployment: Deployment, mailbox_id: int) -> Silence | None:
    """Why the agent is to be silent in a conversation now; None when it may speak."""
    return await deployment.store.read(partial(silence_in, mailbox_id=mailbox_id))


def ending(silent: Silence) -> Ending:
    """How a turn ends that is not to say anything."""
    return Ending(silent.outcome, silent.code)


async def as_it_stands(deployment: Deployment, mailbox_id: int, come_to: Ending) -> Ending:
    """The ending of a turn that said nothing, as the takeover's where that is why."""
    if come_to.outcome not in ("failed", "silent"):
        return come_to
    silent = await silence(deployment, mailbox_id)
    return replace(ending(silent), record=come_to.record) if silent is not None else come_to
