"""How long to hold our first word after somebody's last text: have they finished?

People send one thought as three texts. We think meanwhile; only the first bubble waits.
"""

from __future__ import annotations

import regex

UNFINISHED_FOR = 3.0
"""Seconds to hold after a text that looks unfinished, instead of the usual pause."""

PHOTO_FOR = 2.0
"""Seconds to hold after a photo without words: a carousel comes as one message for each photo."""

GOES_ON = regex.compile(
    r"(?:[,:;\u2013\u2014-]|\.{2,}|…|&"  # a mark nothing ends with
    r"|(?<![\w/.])(?:and|but|because|or|if|the|a|an|my|i))\s*$",
    regex.IGNORECASE,
)
"""An ending after which more is coming."""

HOLD_ON = regex.compile(
    r"^\W*(?:(?:oh|no|ok|and|hey)\W+)?"
    r"(?:wait|hold on|hang on|(?:one|a|just a) (?:sec|second|moment|min|minute)"
    r"|let me (?:think|check|see|look)|brb|actually|scratch that|sorry\W*i mean(?:t)?)\W*$",
    regex.IGNORECASE,
)
"""The whole text asks us to wait."""

PICTURE_COMING = regex.compile(
    r"\b(?:here(?:['\u2019]s| is| are)|sending(?: you)?|look at|check out|see|this is)\b.{0,30}"
    r"\b(?:photo|picture|pic|pics|photos|pictures|screenshot|screenshots|image|video)\b\W*$",
    regex.IGNORECASE,
)
"""A picture is announced; it comes as a message of its own."""


def pause_after(text: str, *, has_media: bool, quiet_for: float) -> float:
    """Seconds without another text after which somebody counts as having finished."""
    if looks_unfinished(text, has_media=has_media):
        return max(quiet_for, UNFINISHED_FOR)
    return max(quiet_for, PHOTO_FOR) if is_bare_photo(text, has_media=has_media) else quiet_for


def is_bare_photo(text: str, *, has_media: bool) -> bool:
    """Whether this is a photo without a word, which others like it may follow."""
    return has_media and not text.strip()


def looks_unfinished(text: str, *, has_media: bool) -> bool:
    """Whether more is likely to follow this text at once."""
    words = text.strip()
    if not words:
        return False
    announced = PICTURE_COMING.search(words) is not None and not has_media
    return announced or HOLD_ON.search(words) is not None or GOES_ON.search(words) is not None
