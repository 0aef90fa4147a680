"""Tapbacks that arrive as texts, because the conversation is SMS and SMS has none.

An iPhone puts a tapback into words, `Loved “See you at six”`; Google Messages writes `👍 to “…”`.
Read as phones set to English write them; in other languages they are taken for ordinary texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

from phone.types import Tapback


@dataclass(frozen=True, slots=True)
class TextTapback:
    """A tapback somebody's phone put into words.

    Attributes:
        reaction: One of the six tapbacks, or an emoji.
        quoted: The text reacted to, which ends in "…" where the phone cut it; None for a picture.
        removed: The tapback was taken back.
    """

    reaction: Tapback | str
    quoted: str | None
    removed: bool = False


ADDED: dict[str, Tapback] = {
    "Loved": "love",
    "Liked": "like",
    "Disliked": "dislike",
    "Laughed at": "laugh",
    "Emphasized": "emphasize",
    "Emphasised": "emphasize",
    "Questioned": "question",
}
REMOVED: dict[str, Tapback] = {
    "a heart": "love",
    "a like": "like",
    "a dislike": "dislike",
    "a laugh": "laugh",
    "an exclamation": "emphasize",
    "an exclamation mark": "emphasize",
    "a question mark": "question",
}

EMOJI = r"\u200b*(?P<reaction>(?=[\p{Extended_Pictographic}\p{Regional_Indicator}])\X)\u200b*"
"""One emoji, which Google Messages wraps in spaces of no width."""

TARGET = (
    r"(?:“(?P<quoted>(?:[^“”]|“[^“”]*”)*)”"  # a quote within may close; the text may not go on
    r"|“(?P<quoted>[^”]*…)"
    r"|\"(?P<quoted>.*)\""
    r"|an? (?:image|photo|video|movie|audio message|attachment|sticker))"
)
"""What was reacted to. A whole quote or one of these few: "Liked the movie" is a text."""


def _form(sentence: str) -> regex.Pattern[str]:
    return regex.compile(sentence, regex.DOTALL)


FORMS = [
    _form(rf"(?P<reaction>{'|'.join(ADDED)}) {TARGET}"),
    _form(rf"Reacted {EMOJI} to {TARGET}"),
    _form(rf"{EMOJI} to {TARGET}"),
]
REMOVALS = [
    _form(rf"Removed (?P<reaction>{'|'.join(REMOVED)}) from {TARGET}"),
    _form(rf"Removed (?:an? )?{EMOJI} (?:reaction )?from {TARGET}"),
]


def tapback_in_text(text: str) -> TextTapback | None:
    """The tapback an SMS text stands for; None when somebody wrote the words themselves.

    Loved “See you at six”            love, "See you at six"
    Reacted 🔥 to an image            🔥, None
    Removed a like from “See you…”    like, "See you…", removed
    """
    for form in FORMS + REMOVALS:
        if found := form.fullmatch(text.strip()):
            words, quoted = found["reaction"], found["quoted"]
            reaction = ADDED.get(words) or REMOVED.get(words) or words
            quoted = quoted.strip() if quoted is not None else None
            return TextTapback(reaction, quoted, removed=form in REMOVALS)
    return None
