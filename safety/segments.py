"""What an SMS is billed by: segments. One character outside GSM-7 turns the whole text into UCS-2.

GSM-7 has 160 characters in one segment and 153 in each of several; some of its characters count as
two. UCS-2 has 70, or 67 in each of several, and an emoji counts as two.
Source: 3GPP TS 23.038 §6.2.1 (alphabets), 3GPP TS 23.040 §9.2.3.24.1 (concatenation).
"""

# ruff: noqa: RUF001, RUF002  # it is about the characters that look like others

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The basic alphabet: one unit each."""

GSM_7_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Its extension table: two units each, which stay in one segment."""

PLAIN = {
    **dict.fromkeys("‘’‚‛′", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f", " "),
    "…": "...",
    "•": "-",
}
"""Typographic punctuation and its plain form, which means the same."""


@dataclass(frozen=True, slots=True)
class Segments:
    """How a text is sent by SMS.

    Attributes:
        count: Segments; 0 for an empty text.
        units: Septets of GSM-7, or 16-bit units of UCS-2.
        flipped_by: The characters that made it UCS-2, each once, in order; empty for GSM-7.
    """

    count: int
    encoding: Literal["GSM-7", "UCS-2"]
    units: int
    flipped_by: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`2 segments, UCS-2 because of ’ (U+2019 RIGHT SINGLE QUOTATION MARK)`."""
        many = "1 segment" if self.count == 1 else f"{self.count} segments"
        if not self.flipped_by:
            return f"{many}, {self.encoding}"
        more = len(self.flipped_by) - 1
        others = f" and {more} more" if more else ""
        return f"{many}, {self.encoding} because of {named(self.flipped_by[0])}{others}"


def segments(text: str) -> Segments:
    """Count a text's SMS segments."""
    foreign = tuple(dict.fromkeys(c for c in text if c not in GSM_7 and c not in GSM_7_EXTENSION))
    if foreign:
        sizes, alone, joined = [2 if ord(c) > 0xFFFF else 1 for c in text], 70, 67
    else:
        sizes, alone, joined = [2 if c in GSM_7_EXTENSION else 1 for c in text], 160, 153
    units = sum(sizes)
    count = _filled(sizes, joined) if units > alone else int(units > 0)
    return Segments(count, "UCS-2" if foreign else "GSM-7", units, foreign)


def _filled(sizes: Iterable[int], room: int) -> int:
    """Segments of this size; what counts as two is not torn apart."""
    count, left = 1, room
    for size in sizes:
        if size > left:
            count, left = count + 1, room
        left -= size
    return count


def named(char: str) -> str:
    """A character for the operator: as it is where it can be seen, and its name."""
    number = f"U+{ord(char):04X} {unicodedata.name(char, 'without a name')}"
    return f"{char} ({number})" if char.isprintable() and not char.isspace() else number


def with_plain_punctuation(text: str) -> str:
    """The text with plain quotes, dashes and dots when that alone makes it GSM-7; else unchanged.

    A letter or an emoji that needs UCS-2 anyway leaves the good typography as it is.
    """
    plain = "".join(PLAIN.get(char, char) for char in text)
    if plain == text or segments(plain).flipped_by:
        return text
    return plain if segments(plain).count <= segments(text).count else text


def is_sms(channel: str) -> bool:
    """Whether the carriers bill and read what goes this way."""
    return channel in ("sms", "mms")


def billed_as(text: str, *, channel: str, media: int = 0) -> dict[str, Any] | None:
    """What the operator sees of a message's segments, as JSON; None for what is no SMS."""
    if not is_sms(channel):
        return None
    counted = segments(text)
    return {
        "segments": segments_sent(text, channel=channel, media=media),
        "encoding": "MMS" if media else counted.encoding,
        "flipped_by": [] if media else [named(char) for char in counted.flipped_by],
    }


def segments_sent(text: str, *, channel: str, media: int = 0) -> int:
    """What a message counts for: none off SMS; an MMS, which has no segments, counts as one."""
    if not is_sms(channel):
        return 0
    return 1 if media else max(segments(text).count, 1)
