"""Static words joined to what the agent says: who it is, and the truth to whoever asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from memory.bubbles import Draft
from safety.disclosure import Introduction


@dataclass(frozen=True, slots=True)
class Introducing:
    """An introduction that is due: its kind, and its words."""

    kind: Introduction
    text: str


def introduced(drafts: Sequence[Draft], by: Introducing, *, limit: int) -> list[Draft]:
    """The drafts with the introduction below the first words among them.

    A bubble of its own only where it does not fit, or where there are no words at all.

    Args:
        limit: The most characters of one bubble.
    """
    drafts = list(drafts)
    for place, draft in enumerate(drafts):
        words = below(draft.text, by.text)
        if draft.text and len(words) <= limit:
            drafts[place] = replace(draft, text=words, introduces=by.kind)
            return drafts
    return [*drafts, Draft(text=by.text, introduces=by.kind)]


def below(text: str, more: str) -> str:
    """Words with more words under them, as one bubble."""
    return f"{text}\n\n{more}"
