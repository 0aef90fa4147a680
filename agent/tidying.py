"""Removing what was kept long enough, every hour while the server runs."""

from __future__ import annotations

import logging

from agent.deployment import Deployment
from memory.retention import sweep

log = logging.getLogger(__name__)

TIDY_EVERY = 3600.0
"""Seconds between two sweeps of old data."""


async def tidy(deployment: Deployment) -> None:
    """Remove what was kept long enough."""
    done = await sweep(deployment.store, deployment.keep, now=deployment.clock.now())
    if done:
        told = ", ".join(f"{count} {name}" for name, count in done.items())
        log.info("kept long enough and removed: %s", told)
