"""Bubbles outside any turn: what a person has decided to send again, risk and all.

The row is written by a command beside the running server. It makes its conversation due, and the
worker sends it before the next turn begins.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, func, select

from memory.bubbles import FRESH_FOR, LANDED, finish
from memory.permission import OPTED_OUT, why_silent
from memory.tables import Bubble, BubbleState, Mailbox
from memory.texting_first import KIND
from memory.turns import Claim, LeaseLost, held, loose_in
from phone.clock import utc
from phone.explained import Explained

ON_ITS_WAY = (BubbleState.PREPARED, BubbleState.DISPATCHED)
"""States of a bubble that may leave at any moment, or is leaving now."""


class NotResendable(Explained):
    """This bubble is not to be sent again; the text says why."""


def bubble_to_resend(session: Session, bubble_id: str) -> Bubble:
    """The bubble a person wants sent again. Raises NotResendable, in words for that person."""
    bubble = session.get(Bubble, bubble_id)
    if bubble is None:
        raise NotResendable(f"There is no bubble {bubble_id}; `threedots outbox list` shows them.")
    if bubble.state in LANDED:
        raise NotResendable(f"Bubble {bubble_id} arrived at AgentPhone; it is not sent again.")
    if bubble.state in ON_ITS_WAY:
        raise NotResendable(f"Bubble {bubble_id} is {bubble.state}: it is still on its way.")
    if bubble.kind == KIND:
        raise NotResendable("Nobody asked for this one; order it anew with: threedots text-first")
    again = _sent_again_as(session, bubble_id)
    if again is not None:
        raise NotResendable(f"Bubble {bubble_id} was sent again already, as {again.id}.")
    mailbox = session.get_one(Mailbox, bubble.mailbox_id)
    if why_silent(session, mailbox) is OPTED_OUT:
        raise NotResendable("They asked not to be texted. Only they can undo that, with START.")
    return bubble


def send_again(session: Session, *, bubble_id: str, new_id: str, now: float) -> Bubble:
    """Write a new bubble with the same words and pictures, and make its conversation due.

    Raises NotResendable: checked again, for time has passed since the person was asked.
    """
    old = bubble_to_resend(session, bubble_id)
    mailbox = session.get_one(Mailbox, old.mailbox_id, with_for_update=True)
    last = session.exec(
        select(func.max(Bubble.position)).where(Bubble.mailbox_id == mailbox.id)
    ).one()
    bubble = Bubble(
        id=new_id,
        mailbox_id=old.mailbox_id,
        position=(last or 0) + 1,
        ref=mailbox.next_ref,
        text=old.text,
        media=old.media,
        send_style=old.send_style,
        reply_to_message_id=old.reply_to_message_id,
        resend_of=old.id,
        created_at=utc(now),
        expires_at=utc(now) + FRESH_FOR,
    )
    mailbox.next_ref += 1
    mailbox.due_at = mailbox.due_at or utc(now)
    session.add_all([mailbox, bubble])
    session.flush()
    return bubble


def pick_up_loose(session: Session, *, claim: Claim, now: float) -> list[Bubble]:
    """Those to send now, in order. One that a dead worker was sending is unknown from now on.

    Raises LeaseLost: somebody else holds the conversation, and may be sending them.
    """
    if not held(session, claim):
        raise LeaseLost(f"conversation {claim.mailbox_id}: its bubbles are somebody else's to send")
    bubbles: Sequence[Bubble] = session.exec(loose_in(claim.mailbox_id)).all()
    for bubble in bubbles:
        if bubble.state == BubbleState.DISPATCHED:
            finish(
                bubble, BubbleState.UNCONFIRMED, now,
                "crash", "We stopped before AgentPhone's answer was written down.",
            )  # fmt: skip
            session.add(bubble)
    return [bubble for bubble in bubbles if bubble.state == BubbleState.PREPARED]


def expire_late(session: Session, *, now: float) -> None:
    """Close what was written and whose moment has passed: after a restore, all that waited."""
    late = select(Bubble).where(
        Bubble.state == BubbleState.PREPARED, col(Bubble.expires_at) <= utc(now)
    )
    for bubble in session.exec(late.with_for_update(skip_locked=True)):
        finish(bubble, BubbleState.EXPIRED, now, bubble.code or "expired", bubble.reason)
        session.add(bubble)


def _sent_again_as(session: Session, bubble_id: str) -> Bubble | None:
    going = (*ON_ITS_WAY, *LANDED)
    again = select(Bubble).where(Bubble.resend_of == bubble_id, col(Bubble.state).in_(going))
    return session.exec(again.limit(1)).first()
