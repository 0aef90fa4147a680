"""The settings of a server that somebody runs: what it writes about itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings


class RunningSettings(BaseSettings):
    """What `serve` logs."""

    threedots_log: Literal["json", "text"] | None = Field(
        default=None,
        description="json for one object a line, text for people; unset means json unless a "
        "terminal reads along.",
    )
