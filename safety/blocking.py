"""What carriers say when somebody has told them, and not us, that they want no more texts."""

from __future__ import annotations

import re

_BLOCKED = re.compile(
    r"opt(?:ed)?[ _-]?out|unsubscribed|texted stop|replied stop|stop message|blocked by (?:the )?"
    r"recipient|block(?:ed)? due to stop|\b(?:21610|40300)\b",
    re.IGNORECASE,
)
"""Twilio's 21610 and Telnyx's 40300 among them; AgentPhone publishes none of its own."""


def says_opted_out(*words: str | None) -> bool:
    """Whether a code or a reason for which a text was not delivered means that they said STOP."""
    return any(_BLOCKED.search(each) for each in words if each)
