"""STOP words of the owner's own: they add to the built-in ones, and none of them may be talk.

    "adiós, no gracias"  ─▶  {"adiós", "adios", "no gracias"}
    "yes"                ─▶  BadStopWord: it answers too many other questions

Whoever says such a word as a whole message gets no more texts. So a word that people say all day is
refused, and so is one that asks for something else.
"""

from __future__ import annotations

from safety.consent import HELP_WORDS, START_WORDS, as_said, without_courtesies
from safety.folding import folded

MOST_WORDS = 5
"""Words of one such keyword. Whoever says more says it in a sentence, for which there is a rule."""

LONGEST = 40
"""Characters of one such keyword."""

EVERYDAY = frozenset(
    [
        *("yes", "yep", "yeah", "yup", "ya", "ye", "y", "no", "nope", "nah", "n", "ok", "okay"),
        *("k", "kk", "sure", "fine", "good", "great", "nice", "cool", "perfect", "done", "right"),
        *("hi", "hey", "hello", "hiya", "yo", "bye", "goodbye", "night", "morning", "later"),
        *("now", "soon", "today", "tomorrow", "tonight", "maybe", "always", "never", "not"),
        *("please", "pls", "thanks", "thank", "thx", "ty", "sorry", "welcome", "wait", "what"),
        *("who", "why", "when", "where", "how", "which", "me", "you", "u", "i", "we", "it"),
        *("this", "that", "here", "there", "and", "or", "but", "the", "a", "more", "less"),
        *("again", "next", "back", "go", "come", "see", "lol", "haha", "wow", "true", "false"),
        *("one", "two", "three", "agree", "accept", "confirm", "continue", "call", "text"),
        *("sí", "si", "claro", "vale", "hola", "adiós", "chao", "gracias", "por", "favor"),
        *("bueno", "bien", "mañana", "hoy", "ahora", "nada", "perdón", "qué", "quién", "dónde"),
        *("oui", "non", "ouais", "salut", "bonjour", "bonsoir", "merci", "bien", "demain"),
        *("accord", "daccord", "svp", "peut", "être", "pardon", "maintenant", "voilà"),
        *("sim", "não", "nao", "olá", "oi", "tchau", "obrigado", "obrigada", "bom", "dia"),
        *("boa", "noite", "amanhã", "hoje", "agora", "desculpa", "tá", "certo", "beleza"),
        *("ciao", "grazie", "prego", "bene", "domani", "oggi", "adesso", "scusa", "certo", "va"),
        *("ja", "nein", "nee", "doch", "hallo", "tschüss", "danke", "bitte", "gut", "klar"),
        *("morgen", "heute", "jetzt", "genau", "vielleicht", "sorry", "super", "toll"),
    ]
)
"""What people answer with all day: a keyword made of these alone would silence half of them."""


class BadStopWord(ValueError):
    """A keyword that nobody should be opted out by; the text says why."""


def own_stop_words(written: str) -> frozenset[str]:
    """The keywords in a list with commas, as messages are compared with them.

    An accent need not be typed: `arrête` stands for `arrete` too.

    Raises:
        BadStopWord: One of them is everyday talk, asks for something else, or is no word.
    """
    given = [part.strip() for part in written.split(",") if part.strip()]
    said = [_checked(one) for one in given]
    return frozenset(form for word in said for form in (word, folded(word)))


def _checked(given: str) -> str:
    word = as_said(given)
    bare, parts = without_courtesies(word), word.split()
    if not any(char.isalpha() for char in word):
        raise BadStopWord(f"{given!r} has no letter in it; write a word, such as BASTA.")
    if word in START_WORDS or bare in START_WORDS:
        raise BadStopWord(f"{given!r} brings people back; it cannot also send them away.")
    if word in HELP_WORDS:
        raise BadStopWord(f"{given!r} asks who is texting, and the law wants that answered.")
    if len(word) == 1:
        raise BadStopWord(f"{given!r} is one letter, and people answer with one; write a word.")
    if len(parts) > MOST_WORDS or len(word) > LONGEST:
        raise BadStopWord(
            f"{given!r} is a sentence; a keyword has {MOST_WORDS} words and {LONGEST} characters "
            "at most. What asks to stop in a sentence is understood without a keyword."
        )
    if all(_is_everyday(folded(part)) for part in parts):
        raise BadStopWord(
            f"{given!r} is said all day as an answer: whoever says it would be opted out for good. "
            "Choose a word that means nothing else."
        )
    return bare


def _is_everyday(part: str) -> bool:
    return part in _EVERYDAY or len(part) == 1 or part.isdigit()


_EVERYDAY = frozenset(folded(as_said(word)) for word in EVERYDAY)
