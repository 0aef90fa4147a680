"""The settings of a server that somebody runs: what it writes about itself, and who may read it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


class RunningSettings(BaseSettings):
    """How much `serve` does at once, and what it logs and measures."""

    threedots_turns_at_once: int = Field(
        default=64,
        ge=1,
        description="Conversations one process works on at the same time; who comes next waits, "
        "those we know before strangers. STOP, START, HELP and a crisis never wait.",
    )

    threedots_log: Literal["json", "text"] | None = Field(
        default=None,
        description="json for one object a line, text for people; unset means json unless a "
        "terminal reads along.",
    )
    threedots_metrics_token: SecretStr | None = Field(
        default=None,
        description="What /metrics asks for as a bearer token. Unset, it answers only this machine "
        "and a private network, and nobody who comes through a proxy.",
    )
