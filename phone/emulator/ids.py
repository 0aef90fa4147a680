"""Ids as the live service mints them: cuids, 25 characters that sort by time."""

from __future__ import annotations

import random

LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(value: int, width: int) -> str:
    """The last `width` digits of a number in base 36."""
    digits = ""
    for _ in range(width):
        value, rest = divmod(value, 36)
        digits = LETTERS[rest] + digits
    return digits


class Mint:
    """Makes ids. With a seed the same calls at the same times give the same ids.

    A cuid is `c`, the milliseconds, a counter, a fingerprint and chance; so ids made in the same
    millisecond still sort in the order they were made, which clients rely on to break ties.
    """

    def __init__(self, rng: random.Random, minted: int = 0) -> None:
        self.rng = rng
        self.minted = minted
        self._fingerprint = self._chance(4)

    def id(self, now: float) -> str:
        """A new id, such as `cmqv25qba0brh13w0h5hjfx3g`; `now` in Unix seconds."""
        self.minted += 1
        stamp = base36(int(now * 1000), 8)
        return f"c{stamp}{base36(self.minted, 4)}{self._fingerprint}{self._chance(8)}"

    def group(self) -> str:
        """A new group id, `grp_` and 24 characters."""
        self.minted += 1
        return f"grp_{self._chance(20)}{base36(self.minted, 4)}"

    def secret(self) -> str:
        """A new webhook secret, `whsec_` and 64 hex digits."""
        return f"whsec_{self.rng.getrandbits(256):064x}"

    def _chance(self, length: int) -> str:
        return "".join(self.rng.choices(LETTERS, k=length))
