"""A yes to exactly this: which call it is for, and which words are a yes."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import regex

ANSWER_WITHIN = timedelta(minutes=10)
"""So long a person's yes may take, and so long it holds: after that they mean something else."""

OPERATOR_WITHIN = timedelta(hours=24)
"""The same for the operator, who is not sitting there with the phone in hand."""

LONGEST_QUESTION = 1_000
"""Characters of a question: what somebody cannot read at a glance they cannot say yes to."""

KIND = "approval"
"""The kind of what begins a turn when an operator has said yes, where others are texts."""

YES = frozenset(
    [
        *("yes", "y", "yes please", "yes confirm", "yes go ahead", "go ahead"),
        *("confirm", "confirmed", "approve", "approved"),
        *("ja", "sí", "si", "oui", "sim", "sì", "да", "はい", "是"),
    ]
)
NO = frozenset(
    [
        *("no", "n", "no thanks", "no thank you", "deny", "denied", "do not", "don't"),
        *("nein", "non", "não", "нет", "いいえ"),
    ]
)


def digest(tool: str, arguments: Mapping[str, Any]) -> str:
    """What a call is known by: another argument is another call, in whatever order they stand."""
    told = json.dumps([tool, arguments], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def answer_in(text: str) -> bool | None:
    """Whether the whole text is a yes, or a no; None when it is conversation.

    "ok", "sure" and a thumb answer too many other questions to count.
    """
    if len(text) > 40:
        return None
    plain = unicodedata.normalize("NFKC", text).casefold().replace("’", "'")  # noqa: RUF001
    words = " ".join(regex.sub(r"[^\p{L}\p{M}\p{N}' ]+", " ", plain).split())
    if words in YES:
        return True
    return False if words in NO else None
