"""What operators wrote in the agent's place, for the record of the turn that follows it.

They belong to no turn. Each is told once, by its reference: whatever has a lower one than the last
thing a record tells was written before that record, and is in it or in one before.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json
from sqlmodel import Session, col, select

from memory.overheard import BY_A_PERSON
from memory.silence import OPERATOR
from memory.tables import Bubble, BubbleState, Mailbox, Transcript
from memory.transcript import Heard

NOBODY_READ = (BubbleState.REJECTED, BubbleState.CANCELLED, BubbleState.EXPIRED)
"""States of what has not gone out, and is not told."""


def since_the_last_record(session: Session, mailbox: Mailbox) -> list[Heard]:
    """What operators have written here that no record tells yet, oldest first."""
    last = select(Transcript.record).where(Transcript.mailbox_id == mailbox.id)
    record = session.exec(last.order_by(col(Transcript.id).desc()).limit(1)).first()
    wrote = select(Bubble).where(
        Bubble.mailbox_id == mailbox.id,
        Bubble.kind == OPERATOR,
        Bubble.ref > (_highest(from_json(record)) if record else 0),
        col(Bubble.state).not_in(NOBODY_READ),
    )
    return [_heard(bubble, mailbox) for bubble in session.exec(wrote.order_by(col(Bubble.ref)))]


def _highest(record: dict[str, Any]) -> int:
    refs = [part.get("ref") for part in (*record["heard"], *record["wire"])]
    return max((int(ref[1:]) for ref in refs if ref and ref[1:].isdigit()), default=0)


def _heard(bubble: Bubble, mailbox: Mailbox) -> Heard:
    return Heard(
        ref=f"m{bubble.ref}",
        in_turn=False,
        message_id=bubble.message_id,
        kind="text",
        direction="outbound",
        sender=mailbox.number,
        sender_name=None,
        text=bubble.text,
        media=[],
        channel=bubble.channel or mailbox.channel,
        keyword=None,
        reaction=None,
        target_message_id=None,
        target_text=None,
        reply_to_message_id=None,
        by_a_person=True,
        outcome=BY_A_PERSON,
        received_at=bubble.dispatched_at or bubble.created_at,
        stored_at=bubble.created_at,
    )
