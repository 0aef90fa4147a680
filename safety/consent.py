"""STOP, START and HELP: the words that are answered by rule, before any model reads them.

A message that consists of such a word counts, and so does stop in other words
(`safety/revoking.py`). "stop by at six" is conversation.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from safety.crisis import signs_of_crisis
from safety.revoking import asks_to_stop


class Keyword(StrEnum):
    """What is answered by rule; `crisis` and `child` (under 13) ask for nothing and are heard."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    CRISIS = "crisis"
    CHILD = "child"


STOP_WORDS = frozenset(
    [
        *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit"),
        *("revoke", "optout", "opt out", "remove"),
        *("arret", "arrêt", "alto", "basta", "parar"),
    ]
)
"""Each ends all texting. English: the carriers' list and the FCC's (47 CFR 64.1200(a)(10)); then
French, Spanish, Italian and Portuguese. Taking one out may break the law."""

START_WORDS = frozenset({"start", "unstop", "subscribe"})
"""Each allows texting again. YES is not among them: it answers too many other questions."""

HELP_WORDS = frozenset({"help", "info"})
"""Each asks who is texting and how to stop it."""

COURTESIES = ("thank you", "thanks", "please", "pls", "thx", "por favor", "gracias", "merci")
"""Said before or after STOP or START without changing it: "Stop. Thank you". "Please help" is left
to conversation: it is seldom a question about the sender."""

LONGEST = 200
"""Characters beyond which nothing is a bare consent word; spares long messages the normalising."""


@dataclass(frozen=True, slots=True)
class Ears:
    """What a deployment hears by rule beyond what every one does.

    Attributes:
        stop_words: STOP words of the owner's own, from `safety.stop_words`. They only add.
        ages: Whether it counts that somebody says they are under age.
    """

    stop_words: frozenset[str] = frozenset()
    ages: bool = True


BUILT_IN = Ears()
"""What is heard everywhere, and nothing else."""


def consent_word(
    text: str, *, in_group: bool, ears: Ears = BUILT_IN
) -> tuple[Keyword | None, Literal["keyword", "words"]]:
    """What a message asks for, and whether it did by a bare keyword or in words of its own.

    Whoever says that they may harm themselves is in crisis and not opted out by the same words: a
    person must be able to reach them.
    """
    word = keyword(text, ears.stop_words)
    if word is None and signs_of_crisis(text):
        return Keyword.CRISIS, "words"
    if word is None and asks_to_stop(text, in_group=in_group):
        return Keyword.STOP, "words"
    return word, "keyword" if word else "words"


def keyword(text: str, more: frozenset[str] = frozenset()) -> Keyword | None:
    """The consent word that the whole message is, or None when it is conversation.

    Case, full-width letters, invisible characters, quotes and punctuation do not matter; a hyphen
    counts as a space (`opt-out`). Look-alike letters of other alphabets are not folded.

    Args:
        more: STOP words of the owner's own.
    """
    if len(text) > LONGEST:
        return None
    words = as_said(text)
    if words in HELP_WORDS:
        return Keyword.HELP
    bare = without_courtesies(words)
    if bare in STOP_WORDS or bare in more or words in more:
        return Keyword.STOP
    return Keyword.START if bare in START_WORDS else None


def as_said(text: str) -> str:
    """The message folded: lower case, nothing invisible, its words one space apart."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    visible = (char for char in folded if not _is_invisible(char))
    return " ".join("".join(char if _is_of_a_word(char) else " " for char in visible).split())


def _is_invisible(char: str) -> bool:
    return unicodedata.category(char) == "Cf" or "\ufe00" <= char <= "\ufe0f"


def _is_of_a_word(char: str) -> bool:
    """Letters, marks and digits; emoji too: "stop 😂" is not plainly a wish to be left alone."""
    category = unicodedata.category(char)
    return category[0] in "LMN" or category == "So"


def without_courtesies(words: str) -> str:
    """The same without thanks and please around it; nothing else is left of mere thanks."""
    shorter = words
    for courtesy in COURTESIES:
        shorter = shorter.removeprefix(f"{courtesy} ").removesuffix(f" {courtesy}")
    return shorter if shorter == words else without_courtesies(shorter)
