"""Work beside the turns, again and again: whatever goes wrong in it, the turns go on."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from memory.store import StoreUnavailable
from phone.clock import Clock
from phone.errors import PhoneError

log = logging.getLogger(__name__)


async def keep_at(
    name: str, work: Callable[[], Awaitable[Any]], *, every: float, clock: Clock
) -> None:
    """Do this now and every so many seconds from then on, until cancelled.

    Args:
        name: What it is, for the log: `the sweep`.
    """
    while True:
        try:
            await work()
        except (PhoneError, StoreUnavailable) as error:
            log.warning("%s has to wait: %s", name, error)
        except Exception:  # a bug here must not take the turns of everybody with it
            log.exception("%s broke", name)
        await clock.sleep(every)
