"""What an operator writes in a conversation: through the outbox, like everything that leaves.

The row is written here and makes its conversation due; the worker sends it, at most once, and what
became of it is told as of any bubble.
"""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from memory.bubbles import FRESH_FOR
from memory.consents import opted_out
from memory.silence import OPERATOR
from memory.tables import Bubble, Mailbox
from memory.takeovers import NotYours, ongoing
from phone.clock import utc

LONGEST = 1600
"""Characters an operator may write at once: what one SMS holds at most."""


def write(session: Session, mailbox_id: int, *, text: str, bubble_id: str, now: float) -> Bubble:
    """Write a bubble in a person's own words. The same id again is the same bubble.

    Raises:
        NotYours: Nobody has taken over, they asked not to be texted, or it is not to be sent.
    """
    if (known := session.get(Bubble, bubble_id)) is not None:
        return known
    mailbox = session.get_one(Mailbox, mailbox_id, with_for_update=True)
    takeover = ongoing(session, mailbox_id)
    if takeover is None or takeover.claimed_at is None:
        raise NotYours("Take the conversation over first; the agent has it still.")
    if opted_out(session, mailbox.group_id or mailbox.participant):
        raise NotYours("They asked not to be texted. Only they can undo that, with START.")
    if not text.strip() or len(text) > LONGEST:
        raise NotYours(f"Write between 1 and {LONGEST} characters; this has {len(text.strip())}.")
    last = session.exec(
        select(func.max(Bubble.position)).where(Bubble.mailbox_id == mailbox.id)
    ).one()
    bubble = Bubble(
        id=bubble_id,
        mailbox_id=mailbox_id,
        position=(last or 0) + 1,
        ref=mailbox.next_ref,
        kind=OPERATOR,
        text=text.strip(),
        created_at=utc(now),
        expires_at=utc(now) + FRESH_FOR,
    )
    mailbox.next_ref += 1
    mailbox.due_at = mailbox.due_at or utc(now)
    session.add_all([mailbox, bubble])
    session.flush()
    return bubble


def conversation_of(session: Session, key: str) -> Mailbox | None:
    """The conversation that an operator means; None when there is none.

    Args:
        key: AgentPhone's id of it, a group's id, or a handle: then their newest conversation. Our
            own number of it too, for one whose id is not known yet.
    """
    named = select(Mailbox).where(Mailbox.conversation_id == key)
    if (found := session.exec(named).first()) is not None:
        return found
    group = select(Mailbox).where(Mailbox.group_id == key)
    theirs = select(Mailbox).where(Mailbox.participant == key, col(Mailbox.is_group).is_(False))
    for wanted in (group, theirs):
        if found := session.exec(wanted.order_by(col(Mailbox.id).desc()).limit(1)).first():
            return found
    is_number = key.isascii() and key.isdigit() and len(key) < 16
    return session.get(Mailbox, int(key)) if is_number else None


def key_of(mailbox: Mailbox) -> str:
    """How `conversation_of` finds it again."""
    return mailbox.conversation_id or str(mailbox.id)
