"""A text as the rules read it: lower case, no accents, nothing invisible, quotations left out."""

from __future__ import annotations

import re
import unicodedata

LOOK_ALIKES = str.maketrans(
    "\u0430\u0441\u0435\u043e\u0440\u0455\u0442\u0456\u0458\u0445\u0443\u043a\u043c\u043d\u0432"
    "\u04bb\u0501\u03b1\u03b5\u03bf\u03c1\u03c4\u03b9\u03ba\u03bd\u03c5\u03f2",
    "aceopstijxykmhbhdaeoptiknyc",
)
"""Cyrillic, then Greek letters that look like Latin ones. NFKC leaves them as they are."""

_QUOTED = re.compile(
    r"“[^”]*”|„[^“”]*[“”]|«[^»]*»|‘[^’]*’(?!\w)|(?<!\w)\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)"  # noqa: RUF001
    r"|^\s*>.*$",
    re.MULTILINE,
)
_APOSTROPHE = re.compile(r"['’ʼ`´]")  # noqa: RUF001
_END = re.compile(r"[.!?;:,…。！？、\n()\[\]¡¿]+|\s[-–—]+\s")  # noqa: RUF001
_GAP = re.compile(r"[^\w|]+")


def folded(text: str) -> str:
    """Lower case, full-width letters plain, accents and all that is invisible gone."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in apart if unicodedata.category(char) not in ("Mn", "Cf", "Me"))


def without_quotations(text: str) -> str:
    """The text without what somebody else said in it; as it is when it is one quotation whole."""
    own = _QUOTED.sub(" ", text)
    return own if any(char.isalpha() for char in own) else text


def clauses(text: str) -> str:
    """The folded text as words one space apart, clauses parted by ` | `; `don't` is `dont`."""
    parted = _END.sub(" | ", _APOSTROPHE.sub("", folded(without_quotations(text))))
    return " ".join(_GAP.sub(" ", parted).replace("_", " ").split()).strip("| ")
