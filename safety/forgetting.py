""" "Forget me": a request that is done by rule, whatever a model makes of it."""

from __future__ import annotations

import unicodedata

import regex

LONGEST = 80
"""Characters beyond which a text says more than that."""

_ABOUT = r"(?: (?:that |which )?you (?:know|remember|noted|learned|learnt))?(?: (?:about|of) me)?"
_FORGET_ME = regex.compile(
    rf"(?:(?:please|can you|could you|hey|hi) )*forget (?:about )?"
    rf"(?:me|us|all|all of it|it all|(?:everything|all|whatever|anything){_ABOUT}"
    rf"|what (?:you|u) (?:know|remember)(?: about me)?)(?: now)?(?: (?:please|thanks))*"
    r"|(?:por favor )?olv[ií]da(?:me|lo todo)|(?:bitte )?vergi(?:ss|ß) (?:mich|alles)(?: bitte)?"
    r"|oublie(?: |-)(?:moi|tout)|esque[cç]e(?: de)? (?:mim|tudo)"
)


def asks_to_be_forgotten(text: str) -> bool:
    """Whether the whole text asks to forget the person. "Forget it" and "forget me not" do not."""
    if len(text) > LONGEST:
        return False
    plain = unicodedata.normalize("NFKC", text).casefold()
    words = " ".join(regex.sub(r"[^\p{L}\p{M}\p{N}' -]+", " ", plain).split())
    return _FORGET_ME.fullmatch(words) is not None
