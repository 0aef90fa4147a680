"""Removing what was kept long enough, every hour while the server runs."""

from __future__ import annotations

import logging
from datetime import timedelta

from agent.deployment import Deployment
from agent.settings_data import DataSettings
from memory.retention import Keep, sweep

log = logging.getLogger(__name__)

TIDY_EVERY = 3600.0
"""Seconds between two sweeps of old data."""


def terms(settings: DataSettings) -> Keep:
    """How long each kind is kept in this deployment."""
    return Keep(
        webhooks=timedelta(days=settings.threedots_keep_webhooks_days),
        model_io=timedelta(days=settings.threedots_keep_model_io_days),
        transcripts=timedelta(days=settings.threedots_keep_transcripts_days),
        dead_letters=timedelta(days=settings.threedots_keep_dead_letters_days),
        dedupe=timedelta(days=settings.threedots_keep_dedupe_days),
    )


async def tidy(deployment: Deployment) -> None:
    """Remove what was kept long enough."""
    done = await sweep(deployment.store, deployment.keep, now=deployment.clock.now())
    if done:
        told = ", ".join(f"{count} {name}" for name, count in done.items())
        log.info("kept long enough and removed: %s", told)
