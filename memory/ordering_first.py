"""Ordering a text to somebody who did not write: its bubble, which the worker sends at once."""

from __future__ import annotations

from sqlmodel import Session, col, func, select

from memory.bubbles import FRESH_FOR
from memory.in_line import behind_everybody
from memory.introductions import due, note
from memory.mailboxes import address
from memory.tables import Bubble, Mailbox
from memory.texting_first import KIND, FirstText, NotAllowed, Order, may_text_first
from phone.clock import utc
from safety.senders import Senders, may_text
from safety.verdicts import Refused


def text_first(
    session: Session,
    order: Order,
    *,
    text: str,
    introduction: str,
    number: str | None,
    senders: Senders,
    new_id: str,
    now: float,
) -> Bubble:
    """Write the bubble and make its conversation due. It leaves once, or never.

    The first one to anybody carries the introduction for SMS: our name, and how to stop.

    Args:
        introduction: Its words.
        number: Which number of ours it comes from; None for the one they last wrote to.
        senders: To which countries a text may go; never to a number that pays its owner.

    Raises:
        NotAllowed: In words for the operator.
    """
    mailbox = _mailbox(session, order.participant, number, now)
    dear = may_text(senders, order.participant, number=mailbox.number)
    if isinstance(dear, Refused) and mailbox.channel != "imessage":  # a new one may end as an SMS
        raise NotAllowed(f"No text goes there: {dear.reason}.")
    answer = may_text_first(session, order, number=mailbox.number, now=now)
    if isinstance(answer, Refused):
        raise NotAllowed(answer.reason)
    introduces = due(session, mailbox_id=mailbox.id or 0, now=now, channel="sms")
    last = select(func.max(Bubble.position)).where(Bubble.mailbox_id == mailbox.id)
    bubble = Bubble(
        id=new_id,
        mailbox_id=mailbox.id or 0,
        position=(session.exec(last).one() or 0) + 1,
        ref=mailbox.next_ref,
        kind=KIND,
        text=f"{text}\n\n{introduction}" if introduces else text,
        created_at=utc(now),
        expires_at=utc(now) + FRESH_FOR,
    )
    mailbox.next_ref += 1
    mailbox.claim_at = behind_everybody(mailbox, now=now)
    mailbox.due_at = mailbox.due_at or utc(now)
    first = FirstText(
        bubble_id=new_id,
        participant=order.participant,
        purpose=order.purpose,
        zone=order.zone,
        at=utc(now),
    )
    session.add_all([mailbox, bubble, first])
    if introduces:
        note(session, bubble, mailbox, introduces)
    session.flush()
    return bubble


def _mailbox(session: Session, participant: str, number: str | None, now: float) -> Mailbox:
    """Our conversation with them; a new one from a number of ours when there is none."""
    theirs = select(Mailbox).where(
        Mailbox.participant == participant, col(Mailbox.is_group).is_(False)
    )
    if number is not None:
        theirs = theirs.where(Mailbox.number == number)
    found = session.exec(theirs.order_by(col(Mailbox.id).desc()).limit(1).with_for_update()).first()
    if found is not None:
        return found
    if number is None:
        raise NotAllowed("They never wrote to us; say which number of ours to use with --from.")
    mailbox = Mailbox(
        address=address(number, participant), number=number, participant=participant,
        created_at=utc(now),
    )  # fmt: skip
    session.add(mailbox)
    session.flush()
    return mailbox
