"""The operator's view of the outbox, and what to tell them before a bubble is sent once more."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from sqlmodel import Session, col, select

from memory.tables import Bubble, BubbleState, Mailbox
from safety.segments import billed_as

COLUMNS = ("Bubble", "Conversation", "State", "Code", "Written (UTC)", "SMS segments", "Words")

SHOWN = 40
"""Characters of a bubble's words in a table."""

_RISK = {
    BubbleState.UNCONFIRMED: "Nobody knows whether it arrived: it may be on their phone twice.",
    BubbleState.UNRESOLVED: "Nobody knows whether it arrived: it may be on their phone twice.",
    BubbleState.REJECTED: "AgentPhone refused it, and may refuse it again.",
    BubbleState.EXPIRED: "It was not sent in time, and may make no sense any more.",
    BubbleState.CANCELLED: "It was held back on purpose, and may make no sense any more.",
}


def listed(session: Session, *, state: str | None, limit: int) -> list[dict[str, Any]]:
    """The newest bubbles, newest first, as JSON values: of one state, or of all when None."""
    rows = select(Bubble, Mailbox).join(Mailbox, col(Mailbox.id) == Bubble.mailbox_id)
    if state is not None:
        rows = rows.where(Bubble.state == state)
    newest = rows.order_by(col(Bubble.created_at).desc(), col(Bubble.position).desc()).limit(limit)
    return [_as_json(bubble, mailbox) for bubble, mailbox in session.exec(newest)]


def _as_json(bubble: Bubble, mailbox: Mailbox) -> dict[str, Any]:
    return {
        "bubble_id": bubble.id,
        "conversation_id": mailbox.conversation_id,
        "state": bubble.state,
        "code": bubble.code,
        "reason": bubble.reason,
        "delivery": bubble.delivery,
        "message_id": bubble.message_id,
        "resend_of": bubble.resend_of,
        "created_at": bubble.created_at.isoformat(),
        "text": bubble.text,
        "media": len(bubble.media),
        "sms": billed_as(
            bubble.text, channel=bubble.channel or mailbox.channel, media=len(bubble.media)
        ),
    }


def as_table(bubbles: list[dict[str, Any]]) -> Table:
    """The same for a person to read."""
    table = Table(*COLUMNS, box=None)
    for bubble in bubbles:
        state = f"{bubble['state']}, not delivered" if bubble["delivery"] else bubble["state"]
        written = bubble["created_at"][:19].replace("T", " ")
        place = bubble["conversation_id"] or "not known yet"
        words = first_words(bubble["text"], bubble["media"])
        sms = _billed(bubble["sms"])
        table.add_row(bubble["bubble_id"], place, state, bubble["code"] or "", written, sms, words)
    return table


def _billed(sms: dict[str, Any] | None) -> str:
    """`2 GSM-7`, or `3 UCS-2: é` with the character that made it so."""
    if sms is None:
        return ""
    flipped = f": {sms['flipped_by'][0].split(' (')[0]}" if sms["flipped_by"] else ""
    return f"{sms['segments']} {sms['encoding']}{flipped}"


def first_words(text: str, pictures: int) -> str:
    """What a bubble says, in one short line without control characters."""
    seen = "".join(c if c.isprintable() else " " for c in text)
    words = " ".join(seen.split()) or f"({pictures} pictures)"
    return words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"


def risk_of(bubble: Bubble) -> str:
    """What sending this bubble once more may come to, in plain words."""
    words = first_words(bubble.text, len(bubble.media))
    return f"“{words}” is {bubble.state}. {_RISK[BubbleState(bubble.state)]}"
