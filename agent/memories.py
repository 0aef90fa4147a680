"""Saving what could not be saved when its turn ended, in the background."""

from __future__ import annotations

import logging

from agent.deployment import Deployment
from memory.remembering import save_unsaved

log = logging.getLogger(__name__)


async def save_memories(deployment: Deployment, *, owner: str) -> None:
    """Save what has not reached AgentPhone.

    Args:
        owner: Names the worker that holds a conversation meanwhile.
    """
    saved = await save_unsaved(
        owner, phone=deployment.phone, store=deployment.store, clock=deployment.clock
    )
    if saved:
        log.info("memory of %d conversations saved that was not before", len(saved))
