"""A code that proves who writes: how it is made, kept, and found in what they text. Pure.

A caller's number proves nothing: it can be forged, and a phone can lie open on a table. So what
matters is asked for by a code that goes another way, to an address the owner has on file.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import timedelta

DIGITS = 6
"""Digits of a code."""

VALID_FOR = timedelta(minutes=10)
"""So long it may be answered."""

TRIES = 5
"""Codes they may send for one of ours: a guess is right once in 200,000."""

MOST_CODES = 3
"""Codes that one conversation gets in `MOST_WITHIN`: together with the tries, 15 guesses an hour,
and no more mail than that to somebody whose number was forged."""

MOST_WITHIN = timedelta(hours=1)

NOT_AGAIN_WITHIN = timedelta(minutes=1)
"""A code this young is not sent again: the mail is on its way."""

VERIFIED_FOR = timedelta(minutes=30)
"""So long they count as who they are, in this conversation."""

_CODE = re.compile(r"(?<![\w.,-])[0-9]{3}[ -]?[0-9]{3}(?![\w-]|[.,][0-9])")


def make_code(below: Callable[[int], int]) -> str:
    """Six digits, by chance.

    Args:
        below: Gives a number from 0 to below this one: `secrets.randbelow`.
    """
    return f"{below(10**DIGITS):0{DIGITS}}"


def codes_in(text: str) -> list[str]:
    """What could be such a code, as it is written: `123456`, `123 456`, `123-456`."""
    return _CODE.findall(text)


def without_codes(text: str, *, instead: str) -> str:
    """The text with these words where such codes stand."""
    return _CODE.sub(lambda _: instead, text)


def sealed(code: str, *, salt: bytes) -> str:
    """What is kept of a code: too dear to be found by trying all of them while it counts."""
    digits = re.sub(r"[ -]", "", code).encode()
    return hashlib.scrypt(digits, salt=salt, n=2**13, r=8, p=1).hex()


def is_right(code: str, *, salt: bytes, kept: str) -> bool:
    """Whether it is the one of which this was kept."""
    return hmac.compare_digest(sealed(code, salt=salt), kept)
