"""How secrets reach the settings: in a variable, or in a file that `…_FILE` names.

    AGENTPHONE_API_KEY_FILE=/run/secrets/agentphone_api_key

Container platforms and systemd hand secrets over as files. What is in the file is the secret; white
space at its end, which every editor leaves there, is not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self, get_args

from pydantic import SecretStr, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from phone.placeholders import is_placeholder

ALSO_SECRET = frozenset({"database_url"})
"""Settings that are no `SecretStr` and may hold a password all the same."""

MADE_LATER = frozenset({"agentphone_webhook_secret"})
"""Of these the file may be missing: `threedots connect` writes it."""

LONGEST = 65_536
"""Bytes of a file with a secret at most: a path that names something else is noticed."""


class SecretFiles(EnvSettingsSource):
    """Reads `NAME_FILE` for every setting that is a secret."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file, or None where no file is named."""
        path = self.path_of(field, field_name)
        if path is None or (field_name in MADE_LATER and not path.exists()):
            return None, field_name, False
        if self.env_vars.get(field_name):
            name = field_name.upper()
            raise ValueError(f"{name} and {name}_FILE are both set; leave one of them out.")
        return read_secret(path, name=f"{field_name.upper()}_FILE"), field_name, False

    def path_of(self, field: FieldInfo, field_name: str) -> Path | None:
        """Which file holds this setting; None when it is no secret or no file is named."""
        named = self.env_vars.get(f"{field_name}_file")
        return Path(named) if named and _is_secret(field, field_name) else None


class SecretSettings(BaseSettings):
    """Settings whose secrets may come from files, and of which none may be a placeholder."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What is given in code first, then files that are named, then the environment."""
        return init_settings, SecretFiles(settings_cls), env_settings

    @classmethod
    def file_of(cls, name: str) -> Path | None:
        """The file that the environment names for this setting, None when it names none."""
        return SecretFiles(cls).path_of(cls.model_fields[name], name)

    @model_validator(mode="after")
    def _no_placeholder(self) -> Self:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr) and is_placeholder(value.get_secret_value()):
                raise ValueError(
                    f"{name.upper()} still holds a placeholder from an example; put the real one"
                    " there, or take the line out."
                )
        return self


def read_secret(path: Path, *, name: str) -> str:
    """The secret in this file. Raises `ValueError`, with the variable that names it."""
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
        text = data.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ValueError(f"{name} is {str(path)!r}, which cannot be read: {why}.") from None
    if not text or len(data) > LONGEST:
        found = "empty" if not text else "far too long for a secret"
        raise ValueError(f"{name} is {str(path)!r}, which is {found}.")
    return text


def _is_secret(field: FieldInfo, name: str) -> bool:
    kinds = (field.annotation, *get_args(field.annotation))
    return name in ALSO_SECRET or SecretStr in kinds
