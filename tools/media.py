"""The owner's pictures: which there are, what the model calls them, and where AgentPhone gets them.

The model names a picture by its handle and never by an address: whoever fetches an address learns
what stands in it, so an address the model made up could carry a conversation away.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

HANDLE = re.compile(r"[a-z0-9_-]+")
KEYS = {"file", "url", "shows"}


class BadListing(Exception):
    """media.toml cannot be used. Names the file, the handle and the fix."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One picture. Either `file` or `url` is set.

    Attributes:
        handle: What the model calls it.
        shows: What is on it and when to use it, for the model, who does not see it.
        file: Where it lies on this machine.
        url: Its https address somewhere else.
    """

    handle: str
    shows: str
    file: Path | None = None
    url: str | None = None


class MediaLibrary:
    """The pictures listed in media.toml, read afresh each time: an edit is felt in the next text.

    Args:
        listing: media.toml. Without one there are no pictures.
        folder: Where the files lie that it names.
        secret: Keeps the addresses of the files unguessable, and the same after a restart.
        shipped: The listing that counts while there is no `listing`.
    """

    def __init__(
        self, listing: Path, folder: Path, *, secret: str, shipped: Path | None = None
    ) -> None:
        self._own = listing
        self._folder = folder
        self._secret = secret
        self._shipped = shipped

    @property
    def _listing(self) -> Path:
        """The one that counts now: the owner may write theirs while we run."""
        return self._own if self._shipped is None or self._own.is_file() else self._shipped

    def assets(self) -> dict[str, Asset]:
        """Every picture by its handle, in the order of the list. Raises BadListing."""
        try:
            return self.listed(self._listing.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError as error:
            raise BadListing(f"{self._listing} is not TOML: {error}") from error

    def listed(self, text: str) -> dict[str, Asset]:
        """The pictures there would be were this the list. Raises BadListing."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise BadListing(f"{self._listing} is not TOML: {error}") from error
        return {handle: self._asset(handle, table) for handle, table in tables.items()}

    def public_url(self, asset: Asset, public_base: str) -> str:
        """Where anybody who was told the address can fetch the picture.

        A file's address changes with its bytes, so a changed picture is never a stale one.

        Args:
            public_base: Where this server is reached from outside, `https://host`.
        """
        if asset.file is None:
            return asset.url or ""
        return f"{public_base.rstrip('/')}/media/{self._token(asset.file)}/{asset.file.name}"

    def find(self, token: str, filename: str) -> Path | None:
        """The file behind the last two parts of a public address; None when nobody was told it."""
        path = self._folder / filename
        if Path(filename).name != filename or not path.is_file():
            return None
        told = hmac.compare_digest(token.encode(), self._token(path).encode())
        return path if told else None

    def _asset(self, handle: str, table: object) -> Asset:
        if not HANDLE.fullmatch(handle):
            raise self._bad(handle, "rename it: a handle has only a-z, 0-9, _ and -")
        if not isinstance(table, dict):
            raise self._bad(handle, f'write it as a table: [{handle}], then file = "…"')
        if unknown := table.keys() - KEYS:
            raise self._bad(
                handle, f"{sorted(unknown)[0]} is not known; use file or url, and shows"
            )
        shows = self._text(handle, table, "shows")
        if shows is None:
            raise self._bad(handle, 'say what is on it: shows = "…"')
        file, url = self._text(handle, table, "file"), self._text(handle, table, "url")
        if file is not None and url is None:
            return Asset(handle, shows, file=self._existing(handle, file))
        if url is not None and file is None:
            if not url.startswith("https://"):
                raise self._bad(
                    handle, f"url is {url!r}; AgentPhone fetches only https:// addresses"
                )
            return Asset(handle, shows, url=url)
        raise self._bad(handle, "give it either file or url" + (", not both" if file else ""))

    def _text(self, handle: str, table: Mapping[str, Any], key: str) -> str | None:
        value = table.get(key)
        if value is not None and not (isinstance(value, str) and value.strip()):
            raise self._bad(handle, f'{key} is {value!r}; write text in quotes: {key} = "…"')
        return value

    def _existing(self, handle: str, file: str) -> Path:
        path = self._folder / file
        if Path(file).name != file:
            raise self._bad(handle, f"file is {file!r}; give a file's name without folders")
        if not path.is_file():
            raise self._bad(handle, f"there is no {path}; put the file there or mend the name")
        return path

    def _bad(self, handle: str, fix: str) -> BadListing:
        return BadListing(f"{self._listing}, [{handle}]: {fix}")

    def _token(self, path: Path) -> str:
        now = path.stat()
        told = f"{_digest(path, now.st_mtime_ns, now.st_size)} {path.name}"
        return hmac.new(self._secret.encode(), told.encode(), hashlib.sha256).hexdigest()[:32]


@lru_cache(maxsize=256)
def _digest(path: Path, changed_at_ns: int, size: int) -> str:
    """The SHA-256 of a file's bytes, read once for each change."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
