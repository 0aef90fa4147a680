"""Settings of what is kept, how long, and where the list of erasures is."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class DataSettings(BaseSettings):
    """How long each kind of data is kept. The opt-out ledger has no term: it is kept for ever."""

    threedots_keep_webhooks_days: int = Field(
        default=7, ge=1, description="Days until the body of a webhook is emptied; its ids stay."
    )
    threedots_keep_model_io_days: int = Field(
        default=14,
        ge=1,
        description="Days until what the model was sent and answered is deleted: instructions, "
        "tools, raw messages. Labelled turns keep it.",
    )
    threedots_keep_transcripts_days: int = Field(
        default=90,
        ge=1,
        description="Days until messages, bubbles and turns are deleted. Labelled turns stay.",
    )
    threedots_keep_dead_letters_days: int = Field(
        default=30, ge=1, description="Days until a dead letter that nobody replayed is deleted."
    )
    threedots_keep_dedupe_days: int = Field(
        default=30,
        ge=30,
        description="Days for which a webhook that comes again is known for one; 30 at least.",
    )
    threedots_erasures_file: Path | None = Field(
        default=None,
        description="Where the list of erasures is kept, which a restored backup needs; beside "
        "the SQLite database, or .threedots/erasures.jsonl, if left out.",
    )
