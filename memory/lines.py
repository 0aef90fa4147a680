"""What somebody wrote, as the model reads it: our line in square brackets, then their words.

[m12 · Ana (+14155550123) · iMessage · Mon 02 Nov 2026, 09:30 UTC]
See you at six

What is of theirs in it has gone through `safety.untrusted`: it neither hides nor poses as ours.
"""

from __future__ import annotations

from datetime import datetime

from memory.tables import Message
from memory.transcript import Heard
from safety.approval import KIND
from safety.untrusted import one_line, shown

CHANNELS = {
    "sms": "SMS",
    "mms": "MMS",
    "imessage": "iMessage",
    "whatsapp": "WhatsApp",
    "rcs": "RCS",
}
"""Channels as people write them."""


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
    if message.kind == KIND:
        when = message.received_at.strftime("%a %d %b %Y, %H:%M UTC")
        return f"{beginning(ref)}by the operator, not by them · {when}]\n{shown(message.text)}"
    parts = [
        speaker(message.sender_name, message.sender),
        channel_name(message.channel),
        message.received_at.strftime("%a %d %b %Y, %H:%M UTC"),
    ]
    if late is not None:
        parts.append(f"came late, written before {late}")
    if message.media:
        parts.append("with " + ", ".join(f"{ref}.{n}" for n, _ in enumerate(message.media, 1)))
    if message.kind == "tapback":
        parts.append(f"tapped back {one_line(message.reaction or '')} on {_target(message)}")
    elif answered:
        parts.append(f"answering {answered}")
    head = f"{beginning(ref)}{' · '.join(parts)}]"
    is_worded = message.text and message.kind != "tapback"
    return f"{head}\n{shown(message.text)}" if is_worded else head


def by_a_person(ref: str, text: str, at: datetime, *, is_certain: bool = True) -> str:
    """What a person wrote in the agent's place, as the model reads it.

    Args:
        is_certain: Whether it is known to have arrived, or at least to have left.
    """
    parts = [
        "written to them by a human colleague of yours, who had taken over",
        at.strftime("%a %d %b %Y, %H:%M UTC"),
    ]
    if not is_certain:
        parts.append("nobody knows whether it arrived")
    return f"{beginning(ref)}{' · '.join(parts)}]\n{text}"


def _target(message: Message | Heard) -> str:
    return f"“{excerpt(message.target_text)}”" if message.target_text else "an earlier message"


def said_by(heard: Heard) -> str:
    """Who wrote or said it, for whoever reads a record."""
    if heard.kind == KIND:
        return "the operator"
    if heard.by_a_person:
        return "a person of yours"
    return heard.sender_name or heard.sender


def channel_name(channel: str) -> str:
    """A channel as people write it; one we do not know as AgentPhone calls it."""
    return CHANNELS.get(channel) or one_line(channel)


def excerpt(text: str, length: int = 80) -> str:
    """The beginning of somebody's words, on one line."""
    return one_line(text, at_most=length)


def speaker(name: str | None, handle: str) -> str:
    """Who wrote, as one harmless line: `Ana (+14155550123)`."""
    plain = one_line(name or "")
    return f"{plain} ({one_line(handle)})" if plain else one_line(handle)
