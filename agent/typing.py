"""The three dots: shown from the moment we mean to answer, until we have."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from memory.notes import Notes
from memory.turns import Claim
from phone.clock import Clock
from phone.errors import PhoneError
from tools.floor import Floor
from tools.outbox import Outbox

log = logging.getLogger(__name__)

REFRESH = 5.0
"""Seconds between two typing calls. The bubble lasts "a few seconds"; how many is unpublished."""


@asynccontextmanager
async def typing(
    outbox: Outbox,
    claim: Claim,
    conversation_id: str | None,
    *,
    clock: Clock,
    floor: Floor,
    notes: Notes,
) -> AsyncIterator[None]:
    """Show the typing bubble during the body. Best effort: it delays nothing and fails silently.

    There is no call to stop it; it ends by itself, or when our bubble arrives.
    """
    if conversation_id is None:
        yield
        return
    dots = asyncio.create_task(_keep_typing(outbox, claim, conversation_id, clock, floor, notes))
    await asyncio.sleep(0)  # the dots' request is on its way before anything else is asked for
    try:
        yield
    finally:
        dots.cancel()
        with suppress(asyncio.CancelledError):
            await dots


async def _keep_typing(
    outbox: Outbox, claim: Claim, conversation_id: str, clock: Clock, floor: Floor, notes: Notes
) -> None:
    while not floor.closing:
        try:
            await outbox.typing(claim, conversation_id)
            notes.typed(shown=True, now=clock.now())
        except PhoneError as error:
            notes.typed(shown=False, now=clock.now())
            log.debug("typing in conversation %s did not show: %s", conversation_id, error)
        await clock.sleep(REFRESH)
