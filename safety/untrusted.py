"""Other people's words as a model is shown them: whatever they say, they stay data.

What somebody writes is stored as it came. On its way to the model nothing in it may hide (as do
characters that show nothing, or turn the order of others around), pose as a line of ours, or be
endless. Names and the like become one short line. Where such words stand among what we tell the
model ourselves, they stand between marks that nobody can guess.
"""

from __future__ import annotations

import hashlib
import unicodedata

import regex

NAME_LENGTH = 64
"""Characters of a name that are shown: names are other people's words, and only names."""

TEXT_LENGTH = 8_000
"""Characters of one message that are shown: a long letter. How much more it was is said."""

MARKS = 8
"""Accents on one letter that are shown; no script needs more, and a heap of them hides the text."""

_NAMED = 3
"""Hidden characters in a row that are named one by one; a longer row is only counted."""

_HIDDEN = regex.compile(
    r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u3164\uffa0"
    r"\ufe00-\ufe0f\U000e0000-\U000e0fff--[\n\t\u0600-\u0605\u06dd\u070f\u08e2\u0890\u0891]]",
    regex.VERSION1,
)
"""Characters that show nothing of themselves. Some letters of Arabic and Syriac count as such to
Unicode and are visible."""

_MEANT = regex.compile(
    r"(?<=[\p{Emoji}\p{So}\p{Sm}\p{Po}])\ufe0f"  # ❤️: shown as a picture
    r"|(?<=[\p{Emoji}\p{So}\p{Sm}\p{Po}])\ufe0e"  # ❤︎: shown as a letter
    r"|(?<=[\p{Han}])[\ufe00-\ufe02\U000e0100-\U000e01ef]"  # one way of writing a character
    r"|(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d(?=\p{Extended_Pictographic})"
    r"|(?<=[\p{L}\p{M}])[\u200c\u200d](?=\p{L})(?<![\p{Latin}\p{Cyrillic}\p{Greek}].)"
    r"|(?<=\U0001f3f4)\U000e0067\U000e0062"  # the flags of England, Scotland and Wales
    r"(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073)"
    r"\U000e007f",
    regex.VERSION1,
)
"""The few places where they belong: within an emoji, and within words of scripts that join."""

_HEAPED = regex.compile(rf"(\p{{M}}{{{MARKS}}})(\p{{M}}+)", regex.VERSION1)

_POSES = regex.compile(
    r"^(\s*)\[(?=\s*(m\s*\d|about this|system|developer|operator))", regex.M | regex.I
)
"""Their line where it begins as one of ours does: `[m12 · …`, `[m12.1: …`, `[About this …`."""

_NOT_IN_A_NAME = str.maketrans(dict.fromkeys("[]·<>“”", " "))
"""What divides and encloses things in our lines."""


def shown(text: str, *, at_most: int = TEXT_LENGTH) -> str:
    """Somebody's text as the model reads it: composed (NFC), nothing hidden, with an end.

    Its words, line breaks and emoji are as they were. A hidden character is named, `⟨U+202E⟩`; many
    in a row are counted. A line that looks like one of ours begins with a backslash.
    """
    cut = text[:at_most]
    clear = _heaped(_unhidden(unicodedata.normalize("NFC", cut)))
    posing_no_more = _POSES.sub(r"\1\\[", clear)
    more = len(text) - len(cut)
    return f"{posing_no_more}\n⟨and {more:,} more characters⟩" if more else posing_no_more


def one_line(text: str, *, at_most: int = NAME_LENGTH) -> str:
    """A name, or whatever else stands within a line of ours: short, and it cannot end the line."""
    plain = " ".join(text[: 4 * at_most].translate(_NOT_IN_A_NAME).split())
    clear = _heaped(_unhidden(unicodedata.normalize("NFC", plain)))
    return clear if len(clear) <= at_most else clear[: at_most - 1].rstrip() + "…"


def without_hidden(text: str) -> str:
    """The text without hidden characters: what a model writes has nothing to hide either."""
    return "".join(
        piece if is_meant else _HIDDEN.sub("", piece) for piece, is_meant in _pieces(text)
    )


def mark_of(secret: str) -> str:
    """The mark of one turn, which nobody knows who was not told its secret."""
    return hashlib.sha256(f"mark {secret}".encode()).hexdigest()[:8]


def data(text: str, mark: str) -> str:
    """Other people's words among ours: `<data-1f…>Ana</data-1f…>`."""
    return f"<data-{mark}>{text}</data-{mark}>"


def _unhidden(text: str) -> str:
    return "".join(
        piece if is_meant else _ROW.sub(_told, piece) for piece, is_meant in _pieces(text)
    )


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is made of characters that are meant to hide."""
    pieces, end = [], 0
    for found in _MEANT.finditer(text):
        pieces += [(text[end : found.start()], False), (found.group(), True)]
        end = found.end()
    return [*pieces, (text[end:], False)]


_ROW = regex.compile(f"(?:{_HIDDEN.pattern})+", regex.VERSION1)


def _told(row: regex.Match[str]) -> str:
    hidden = row.group()
    if len(hidden) <= _NAMED:
        return "".join(f"⟨U+{ord(character):04X}⟩" for character in hidden)
    return f"⟨{len(hidden)} hidden characters, the first U+{ord(hidden[0]):04X}⟩"


def _heaped(text: str) -> str:
    return _HEAPED.sub(lambda heap: f"{heap[1]}⟨and {len(heap[2])} more marks⟩", text)
