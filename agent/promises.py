"""Once an hour: whether the promises were kept on this line. If not, somebody is told."""

from __future__ import annotations

import logging
from functools import partial

from agent.deployment import Deployment
from memory.promises import PROMISES, broken

log = logging.getLogger(__name__)

LOOK_EVERY = 3600.0
"""Seconds between two looks: each reads a day of turns."""


class Watch:
    """Looks whether the promises were kept, and remembers for what a person was called."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._called_for: dict[str, int] = {}

    async def look(self) -> None:
        """Look once, let the metrics show it, and call a person for what is new.

        Nothing is mended here: whoever comes has to find out first.
        """
        deployment = self._deployment
        found = await deployment.store.read(partial(broken, now=deployment.clock.now()))
        deployment.broken_promises = found
        for name, times in found.items():
            if not times:
                self._called_for.pop(name, None)
                continue
            text = f"PROMISE BROKEN, {times} times of late: {PROMISES[name]} See docs/deploy.md."
            log.critical("%s", text)
            told = {"kind": "promise_broken", "promise": name, "times": times, "text": text}
            is_new = times > self._called_for.get(name, 0)
            if is_new and await deployment.call_person(told):
                self._called_for[name] = times
