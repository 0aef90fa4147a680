"""An operator's yes begins a turn: nobody has to write before what was allowed is done.

It lies in the conversation like something that was written: a turn takes it, under the same lease,
limits and crash rules as any other. What is to be called is told by the answers themselves
(`memory.approvals`), not by it.
"""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, func, select

from memory.permission import why_silent
from memory.tables import Mailbox, Message
from phone.clock import utc
from safety.approval import KIND
from safety.quiet_hours import in_hours, zones_of
from safety.verdicts import Refused

STILL_TALKING = timedelta(hours=1)
"""How long after they last wrote they may be answered at any hour of theirs."""


def begin(session: Session, *, mailbox_id: int, tool: str, now: float) -> str | None:
    """Make the conversation due with this yes in it; or why it has to wait for their next text."""
    mailbox = session.get_one(Mailbox, mailbox_id, with_for_update=True)
    if (silence := why_silent(session, mailbox)) is not None:
        return silence.reason
    if (late := _asleep(session, mailbox, now=now)) is not None:
        return late.reason
    row = Message(
        mailbox_id=mailbox_id,
        ref=mailbox.next_ref,
        kind=KIND,
        direction="operator",
        sender=mailbox.participant,
        text=f"The operator said yes to {tool}.",
        channel=mailbox.channel,
        received_at=utc(now),
        stored_at=utc(now),
    )
    mailbox.next_ref += 1
    mailbox.due_at = mailbox.due_at or utc(now)
    session.add_all([row, mailbox])
    session.flush()
    return None


def _asleep(session: Session, mailbox: Mailbox, *, now: float) -> Refused | None:
    """Why nothing may be said there now: it would come out of the blue, and by night."""
    theirs = select(func.max(Message.received_at)).where(
        Message.mailbox_id == mailbox.id, Message.direction == "inbound"
    )
    last = session.exec(theirs).one()
    if last is not None and utc(now) - last <= STILL_TALKING:
        return None
    answer = in_hours(zones_of(mailbox.participant), now=utc(now))
    return answer if isinstance(answer, Refused) else None
