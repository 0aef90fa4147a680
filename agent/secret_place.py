"""Where the webhook's secrets are kept, for who writes them there and who looks at them again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.env_file import value_in, write_value, write_whole
from agent.settings import Settings
from agent.settings_secrets import read_secret
from phone.keyring import Key, Keyring, read_keys, write_keys

NAME = "AGENTPHONE_WEBHOOK_SECRET"

ENV_FILE = Path(".env")
"""Beside the working directory, as `threedots` reads it."""


@dataclass(frozen=True, slots=True)
class Place:
    """A file with the secrets.

    Attributes:
        in_env: Whether it is a `.env` of which they are one line; otherwise nothing else is in it.
    """

    path: Path
    in_env: bool

    def read(self) -> list[Key] | None:
        """The secrets that are there now; None when nothing can be read."""
        try:
            text = value_in(self.path, NAME) if self.in_env else read_secret(self.path, name=NAME)
        except (OSError, ValueError):
            return None
        return read_keys(text) if text else None

    def write(self, keys: list[Key]) -> None:
        """Keep these instead. Raises `OSError` when the file cannot be written."""
        if self.in_env:
            write_value(self.path, NAME, write_keys(keys))
        else:
            write_whole(self.path, f"{write_keys(keys)}\n".encode())


def place_of(settings: Settings, *, env_file: Path = ENV_FILE) -> Place | None:
    """Where these settings have their webhook secrets from.

    None when the environment itself holds them: it wins over `.env`, and nobody can change it from
    here. Where there are none yet, they belong into `.env`.
    """
    named = settings.file_of(NAME.lower())
    if named is not None:
        return Place(named, in_env=False)
    kept = value_in(env_file, NAME)
    if settings.webhook_keys != (read_keys(kept) if kept else []):
        return None
    return Place(env_file, in_env=True)


class _Watched:
    """Reads a place again when its file has changed."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._seen: tuple[int, int, int] | None = None  # it may have changed since it was read

    def __call__(self) -> list[Key] | None:
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return None
        self._seen = stamp
        return self._place.read()

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._place.path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def keyring_of(settings: Settings) -> Keyring:
    """The secrets of a server, which hears of it when `threedots connect` writes other ones.

    Raises:
        ValueError: There are none, or one cannot be a secret.
    """
    place = place_of(settings) if settings.webhook_keys else None
    return Keyring(settings.webhook_keys, again=_Watched(place) if place else None)
