"""The settings of the console and of takeovers."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

SHORTEST_TOKEN = 16
"""Characters of the console's token at least: it opens everybody's conversations."""


class ConsoleSettings(BaseSettings):
    """What the environment says about the operator's page."""

    threedots_console_token: SecretStr | None = Field(
        default=None,
        description="What opens /console from elsewhere than this machine: 16 characters at least, "
        "such as `openssl rand -hex 24` makes. Without it only this machine may open it.",
    )
    threedots_return_after: float | None = Field(
        default=None,
        gt=0.0,
        description="Minutes after which a conversation that waits for a person goes back to the "
        "agent when nobody has claimed it. Unset: never. A claimed one never does by itself.",
    )

    threedots_elsewhere_hours: float = Field(
        default=12.0,
        ge=0.0,
        le=24.0 * 31,
        description="Hours the agent keeps silent in a conversation in which somebody wrote at "
        "AgentPhone itself (its dashboard, another program) or set human_mode, counted from when "
        "they last showed. 0: such words do not silence it, and human_mode holds until it is gone.",
    )

    @field_validator("threedots_console_token")
    @classmethod
    def _long_enough(cls, token: SecretStr | None) -> SecretStr | None:
        given = token.get_secret_value().strip() if token is not None else ""
        if token is not None and len(given) < SHORTEST_TOKEN:
            raise ValueError(
                f"It has {len(given)} characters, opens everybody's "
                f"conversations, and needs {SHORTEST_TOKEN} at least. `openssl rand -hex 24` makes "
                "a good one."
            )
        return SecretStr(given) if token is not None else None
