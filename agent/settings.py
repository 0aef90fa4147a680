"""Every setting, each with a sentence. `.env.example` is written from this file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import SettingsConfigDict

from agent.settings_console import ConsoleSettings
from agent.settings_content import ContentSettings
from agent.settings_data import DataSettings
from agent.settings_law import LawSettings
from agent.settings_limits import LimitSettings
from agent.settings_running import RunningSettings
from agent.settings_secrets import SecretSettings
from agent.settings_senders import SenderSettings
from agent.settings_telemetry import TelemetrySettings
from agent.settings_trust import TrustSettings
from phone.keyring import Key, read_keys

HOME = Path(__file__).resolve().parent.parent
"""Where `threedots.py`, `prompts/` and `media/` are, whatever the working directory."""

SCRIPTED = "scripted"
"""The model that needs no key: a written script that says it is a demo."""

DEFAULT_MODEL = "openai:gpt-5-mini"
"""What answers when there is an OpenAI key and no model is named."""

Text = Annotated[str, StringConstraints(strip_whitespace=True)]


class Settings(
    TelemetrySettings,
    LimitSettings,
    SenderSettings,
    ContentSettings,
    TrustSettings,
    RunningSettings,
    LawSettings,
    ConsoleSettings,
    DataSettings,
    SecretSettings,
):
    """What the environment (or `.env`) says about this deployment."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    agentphone_api_key: SecretStr | None = Field(
        default=None,
        description="Your AgentPhone API key (sk_live_…), from AgentPhone's dashboard.",
    )
    agentphone_base_url: Text = Field(
        default="https://api.agentphone.ai",
        description="Where AgentPhone's API is; an emulator's address for a rehearsal.",
    )
    agentphone_webhook_secret: SecretStr | None = Field(
        default=None,
        description="The webhook secret (whsec_…), which threedots connect fetches; while it "
        "changes, the new one first, and until when the old one counts: new,old@2026-11-26T18:00Z.",
    )
    database_url: Text = Field(
        default="sqlite:///.threedots/threedots.db",
        description="SQLite by default; postgresql://user:password@host/name for Postgres.",
    )
    threedots_model: Text | None = Field(
        default=None,
        description="A pydantic-ai model such as openai:gpt-5-mini, or several with commas: "
        f"the next is asked when one fails. Unset with a key means {DEFAULT_MODEL}; "
        f"{SCRIPTED} is the offline demo.",
    )
    openai_api_key: SecretStr | None = Field(default=None, description="Your OpenAI key.")
    openai_base_url: Text | None = Field(
        default=None, description="Another server that speaks OpenAI's protocol."
    )
    threedots_name: Text = Field(
        default="Threedots", description="What the agent is called, also when a group addresses it."
    )
    threedots_prompts_dir: Path = Field(
        default=HOME / "prompts",
        description="Where the prompts are; a file missing there is taken from prompts/.",
    )
    threedots_quiet_for: float = Field(
        default=1.0,
        ge=0.0,
        le=10.0,
        description="Seconds without another text before the first word leaves; thinking goes on "
        "meanwhile.",
    )
    threedots_burst: Literal["eager", "patient"] = Field(
        default="eager",
        description="eager thinks at once and begins again when somebody writes on; patient waits "
        "for the pause first, and pays for fewer tokens.",
    )
    threedots_public_url: Text | None = Field(
        default=None,
        description="Where this server is reached from outside (https://…), for media/.",
    )

    @field_validator("threedots_name")
    @classmethod
    def _named(cls, name: str) -> str:
        if not name:
            raise ValueError("THREEDOTS_NAME is empty; give the agent a name, or leave it out.")
        return name

    @field_validator("threedots_prompts_dir")
    @classmethod
    def _a_folder(cls, folder: Path) -> Path:
        if not folder.is_dir():
            raise ValueError(f"{str(folder)!r} is no folder here; name one with prompts in it.")
        return folder.resolve()

    @field_validator("agentphone_base_url", "threedots_public_url")
    @classmethod
    def _an_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError(f"{url!r} is no address; write it with https:// in front.")
        return url.rstrip("/") if url else None

    @property
    def webhook_secrets(self) -> list[str]:
        """The secrets a webhook may be signed with, newest first."""
        return [key.secret for key in self.webhook_keys]

    @property
    def webhook_keys(self) -> list[Key]:
        """The same, with until when those count that were replaced."""
        given = self.agentphone_webhook_secret
        return read_keys(given.get_secret_value()) if given else []

    @property
    def model_named(self) -> str | None:
        """The model to use, or None when neither a model nor an OpenAI key is given."""
        return self.threedots_model or (DEFAULT_MODEL if self.openai_api_key else None)


def env_example() -> str:
    """`.env.example`: every setting with its sentence and its default, nothing switched on."""
    lines = ["# Copy to .env and fill in what you need. The environment wins over this file."]
    lines += ["# Each secret may be in a file instead: OPENAI_API_KEY_FILE=/run/secrets/…", ""]
    ours = Settings.__annotations__  # what one needs first comes first, then the themes
    for name, field in sorted(Settings.model_fields.items(), key=lambda each: each[0] not in ours):
        lines += [f"# {field.description}", f"# {name.upper()}={_shown(field.default)}", ""]
    return "\n".join(lines)


def _shown(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, Path):
        return str(default.relative_to(HOME))
    return str(default)
