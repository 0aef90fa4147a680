"""The settings of the console and of takeovers."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings

from safety.roles import Role

SHORTEST_TOKEN = 16
"""Characters of the console's token at least: it opens everybody's conversations."""


TOKENS = {
    Role.ADMIN: "threedots_console_token",
    Role.OPERATOR: "threedots_console_operator_token",
    Role.VIEWER: "threedots_console_viewer_token",
}
"""Which setting holds the token of each role."""


class ConsoleSettings(BaseSettings):
    """What the environment says about the operator's page."""

    threedots_console_token: SecretStr | None = Field(
        default=None,
        description="What opens /console from elsewhere than this machine: 16 characters at least, "
        "such as `openssl rand -hex 24` makes. Who has it may do everything there (an admin). "
        "Without any of the three tokens only this machine may open it.",
    )
    threedots_console_operator_token: SecretStr | None = Field(
        default=None,
        description="A token for operators: they take over, pause and send again, and can neither "
        "export nor erase anybody.",
    )
    threedots_console_viewer_token: SecretStr | None = Field(
        default=None, description="A token for viewers: they read, and change nothing."
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

    @field_validator(*TOKENS.values())
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

    @model_validator(mode="after")
    def _one_for_each(self) -> Self:
        if len(set(self.console_tokens.values())) < len(self.console_tokens):
            raise ValueError(
                "Two of THREEDOTS_CONSOLE_TOKEN, …_OPERATOR_TOKEN and …_VIEWER_TOKEN are the same; "
                "each needs one of its own, or nobody could tell who logs in."
            )
        return self

    @property
    def console_tokens(self) -> dict[Role, str]:
        """What opens the console, as what."""
        given = {role: getattr(self, name) for role, name in TOKENS.items()}
        return {role: token.get_secret_value() for role, token in given.items() if token}
