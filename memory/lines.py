"""What somebody wrote, as the model reads it: our line in square brackets, then their words.

[m12 · Ana (+14155550123) · iMessage · Mon 02 Nov 2026, 09:30 UTC]
See you at six
"""

from __future__ import annotations

from memory.tables import Message
from memory.transcript import Heard

CHANNELS = {
    "sms": "SMS",
    "mms": "MMS",
    "imessage": "iMessage",
    "whatsapp": "WhatsApp",
    "rcs": "RCS",
}
"""Channels as people write them."""

NAME_LENGTH = 64
"""Characters of a name we show: names are other people's words, and only names."""


def beginning(ref: str) -> str:
    """How the line of this message begins, whoever wrote it."""
    return f"[{ref} · "


def line(
    message: Message | Heard, ref: str, *, late: str | None = None, answered: str | None = None
) -> str:
    """One message as text.

    Args:
        ref: What the model calls it: `m12`.
        late: The reference of the first message that was written after it and read before it.
        answered: What it answers in thread: `m9 “…”`.
    """
    parts = [
        speaker(message.sender_name, message.sender),
        CHANNELS.get(message.channel, message.channel),
        message.received_at.strftime("%a %d %b %Y, %H:%M UTC"),
    ]
    if late is not None:
        parts.append(f"came late, written before {late}")
    if message.kind == "tapback":
        parts.append(f"tapped back {message.reaction} on {_target(message)}")
    elif answered:
        parts.append(f"answering {answered}")
    head = f"{beginning(ref)}{' · '.join(parts)}]"
    return f"{head}\n{message.text}" if message.text and message.kind != "tapback" else head


def _target(message: Message | Heard) -> str:
    return f"“{excerpt(message.target_text)}”" if message.target_text else "an earlier message"


def excerpt(text: str, length: int = 80) -> str:
    """The beginning of somebody's words, on one line."""
    words = " ".join(text.split())
    return words if len(words) <= length else words[: length - 1] + "…"


def speaker(name: str | None, handle: str) -> str:
    """Who wrote, as one harmless line: `Ana (+14155550123)`."""
    safe = "".join(c if c.isprintable() and c not in "[]·" else " " for c in name or "")
    plain = " ".join(safe.split())
    return f"{plain[:NAME_LENGTH]} ({handle})" if plain else handle
