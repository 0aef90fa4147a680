"""What a log may say: no secret, no phone number, no address somebody could fetch a photo from.

    +1 415 555 0123 wrote   ─▶   number-5d1c8e0a…23 wrote

The same number is the same name in every line and on every replica, so that one can follow a
person through a log, and nobody who reads it can call them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable

SECRET = "[secret]"  # noqa: S105  # what stands in its place
"""What is written where a secret stood."""

SHORTEST = 6
"""Characters of a secret that is looked for letter by letter: a shorter one is in every text."""

_SECRETS = re.compile(
    r"whsec_[\w-]+|\bsk[-_][\w-]{6,}|(?<=Bearer )\S+|sha256=[0-9a-f]{64}|(?<=://)[^\s/@]+(?=@)"
)
_URL = re.compile(r"(https?://[^\s/\"'<>]+)/[^\s\"'<>)\]}]+")
_NUMBER = re.compile(
    r"(?:(?<![\w+])\+|%2[Bb])(?:[1-9]\d{6,14}(?!\d)|[1-9]\d{0,2}(?:[ ().-]{1,2}\d{1,4}){2,5}(?!\d))"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63})+")


class Redactor:
    """Takes out of a text what no log may hold.

    Args:
        secrets: What is secret here, letter by letter.
        key: Makes the names of numbers; whoever has it can find out whose they are.
    """

    def __init__(self, secrets: Iterable[str], *, key: bytes) -> None:
        known = sorted({text for text in secrets if len(text) >= SHORTEST}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None
        self._key = key

    def clean(self, text: str) -> str:
        """The text without them."""
        if self._known:
            text = self._known.sub(SECRET, text)
        text = _SECRETS.sub(SECRET, text)
        text = _URL.sub(r"\1/…", text)
        text = _EMAIL.sub(lambda found: self._named("email", found.group().lower()), text)
        return _NUMBER.sub(lambda found: self._number(found.group()), text)

    def _number(self, written: str) -> str:
        digits = re.sub(r"\D", "", written.removeprefix("%2B").removeprefix("%2b"))
        return f"{self._named('number', f'+{digits}')}…{digits[-2:]}"

    def _named(self, kind: str, handle: str) -> str:
        digest = hmac.new(self._key, handle.encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:8]}"
