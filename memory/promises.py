"""The promises that matter most, looked for in the rows as they stand: what was broken lately.

The suite checks many more of them on histories it has made up. These are for a real line, where
nobody knows what is going to happen, and are counted so that somebody is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_
from sqlmodel import Session, col, func, select

from memory.permission import CRISIS, NOTICE
from memory.silence import OPERATOR
from memory.tables import (
    Bubble,
    BubbleState,
    Consent,
    Mailbox,
    Message,
    MessageState,
    ToolCall,
    ToolState,
)
from memory.texting_first import FirstText
from phone.clock import utc

LOOKED_BACK = timedelta(hours=25)
"""How far back is looked, so that whoever looks once a day sees all of it."""

AT_ONCE = timedelta(seconds=1)
"""A bubble that left within this of a STOP may have left before it: two replicas, two clocks."""

LONG = timedelta(hours=1)
"""How long something may wait before it counts as lost."""

ON_ITS_WAY = timedelta(minutes=15)
"""How long a bubble may be on its way to AgentPhone."""

PROMISES: Mapping[str, str] = {
    "silence_after_stop": "Nothing but static words leaves after somebody's STOP.",
    "no_tool_twice": "A call of a tool is carried out once.",
    "nobody_forgotten": "What was stored is answered, or has its reason, or waits in the queue.",
    "no_bubble_stuck": "Every bubble comes to an end.",
    "nobody_texted_first": "Whoever did not write is texted by an operator, or agreed to it.",
}
"""Their names, and what each says."""


def broken(session: Session, *, now: float) -> dict[str, int]:
    """How often each promise was broken lately; 0 for those that were kept."""
    checks: dict[str, Callable[[Session, datetime], int]] = {
        "silence_after_stop": _said_after_stop,
        "no_tool_twice": _tools_twice,
        "nobody_forgotten": _forgotten,
        "no_bubble_stuck": _stuck,
        "nobody_texted_first": _texted_first,
    }
    return {name: checks[name](session, utc(now)) for name in PROMISES}


def _said_after_stop(session: Session, present: datetime) -> int:
    """Bubbles that left after a STOP that no START had taken back by then."""
    theirs = func.coalesce(Mailbox.group_id, Mailbox.participant) == Consent.participant
    newer = select(Consent).subquery()
    taken_back = exists().where(
        newer.c.participant == Consent.participant,
        newer.c.id > Consent.id,
        newer.c.opted_out.is_(False),
        newer.c.at <= Bubble.dispatched_at,
    )
    left = (
        select(Bubble.id, Bubble.dispatched_at, Consent.at)
        .join(Mailbox, col(Mailbox.id) == Bubble.mailbox_id)
        .join(Consent, theirs)
        .where(
            col(Bubble.dispatched_at) > present - LOOKED_BACK,
            col(Bubble.kind).not_in((NOTICE, CRISIS)),
            col(Consent.opted_out).is_(True),
            col(Bubble.dispatched_at) > Consent.at,
            ~taken_back,
        )
    )
    late = {one for one, at, stop in session.exec(left) if at is not None and at > stop + AT_ONCE}
    return len(late)


def _tools_twice(session: Session, present: datetime) -> int:
    """Calls that were carried out more than once."""
    twice = (
        select(ToolCall.turn_id, ToolCall.call_id)
        .where(ToolCall.state == ToolState.DONE, col(ToolCall.started_at) > present - LOOKED_BACK)
        .group_by(ToolCall.turn_id, ToolCall.call_id)
        .having(func.count() > 1)
    )
    return len(session.exec(twice).all())


def _forgotten(session: Session, present: datetime) -> int:
    """Messages that wait in a conversation nobody would look at."""
    waiting = (
        select(func.count(col(Message.id)))
        .join(Mailbox, col(Mailbox.id) == Message.mailbox_id)
        .where(
            col(Message.state).in_((MessageState.WAITING, MessageState.TAKEN)),
            col(Message.stored_at) < present - LONG,
            col(Mailbox.due_at).is_(None),
        )
    )
    return session.exec(waiting).one()


def _stuck(session: Session, present: datetime) -> int:
    """Bubbles that are on their way for ever, or should have expired."""
    on_its_way = and_(
        col(Bubble.state) == BubbleState.DISPATCHED,
        col(Bubble.dispatched_at) < present - ON_ITS_WAY,
    )
    late = and_(col(Bubble.state) == BubbleState.PREPARED, col(Bubble.expires_at) < present - LONG)
    return session.exec(select(func.count(col(Bubble.id))).where(or_(on_its_way, late))).one()


def _texted_first(session: Session, present: datetime) -> int:
    """Bubbles outside any turn that neither an operator nor an agreement stands behind."""
    agreed = exists().where(col(FirstText.bubble_id) == col(Bubble.id))
    left = select(func.count(col(Bubble.id))).where(
        col(Bubble.dispatched_at) > present - LOOKED_BACK,
        col(Bubble.turn_id).is_(None),
        col(Bubble.resend_of).is_(None),
        col(Bubble.kind) != OPERATOR,
        ~agreed,
    )
    return session.exec(left).one()
