"""How long each kind of data is kept, by the settings."""

from __future__ import annotations

from datetime import timedelta

from agent.settings_data import DataSettings
from memory.retention import Keep


def terms(settings: DataSettings) -> Keep:
    """How long each kind is kept in this deployment."""
    return Keep(
        webhooks=timedelta(days=settings.threedots_keep_webhooks_days),
        model_io=timedelta(days=settings.threedots_keep_model_io_days),
        transcripts=timedelta(days=settings.threedots_keep_transcripts_days),
        dead_letters=timedelta(days=settings.threedots_keep_dead_letters_days),
        dedupe=timedelta(days=settings.threedots_keep_dedupe_days),
    )
