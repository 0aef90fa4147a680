"""Values that somebody copied from an example and forgot to replace."""

from __future__ import annotations

import re

_WORDS = frozenset(
    [
        *("changeme", "change_me", "change-me", "placeholder", "replaceme", "replace-me"),
        *("your_secret", "your-secret", "your_key", "your-key", "your_api_key", "your-api-key"),
    ]
)

_BARE = re.compile(r"sk[-_](?:live|proj)?[-_]?x*|whsec_x*|x{3,}|\*{3,}", re.IGNORECASE)
"""A prefix with nothing behind it, or with what stands for anything."""


def is_placeholder(secret: str) -> bool:
    """Whether this stands where a secret should: `sk_live_…`, `changeme`, `<your key>`."""
    text = secret.strip().lower()
    dotted = "..." in text or "…" in text
    bracketed = text.startswith(("<", "${", "{{")) or text.endswith(">")
    return text in _WORDS or dotted or bracketed or _BARE.fullmatch(text) is not None
