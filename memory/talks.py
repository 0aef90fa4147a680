"""Conversations as an operator looks for them: the newest first, found by what is in them.

The newest thing of a conversation is found by its reference, which is indexed with it: so the list
is as quick with ten thousand conversations as with ten.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, case, exists, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from memory.consents import opted_out
from memory.lines import excerpt
from memory.operating import key_of
from memory.pauses import Pause, paused_in
from memory.tables import Bubble, BubbleState, Consent, Mailbox, Message, Turn, TurnState
from memory.takeovers import Takeover, ongoing_in

Standing = Literal["waiting", "taken_over", "paused", "unconfirmed", "opted_out"]
"""What an operator looks for: a person is asked for; one is there; the agent is paused; a bubble
of unknown fate; nobody may text them."""

UNKNOWN = (BubbleState.UNCONFIRMED, BubbleState.UNRESOLVED)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which conversations are asked for: all, unless something is said.

    Attributes:
        words: In what was written or in who wrote it: a name, a handle, a group's name, our number.
        outcome: How a turn in it ended, or a message that started none: `failed`, `dropped`…
        before: Leads back: the time and the number of the last one on the page before.
    """

    words: str | None = None
    outcome: str | None = None
    standing: Standing | None = None
    before: tuple[datetime, int] | None = None


def newest(session: Session, asked: Asked, *, limit: int) -> list[dict[str, Any]]:
    """Those asked for, the one in which something was last said first."""
    return _told(session, _newest(session, _conditions(asked), asked.before, limit))


def summary(session: Session, mailbox: Mailbox) -> dict[str, Any]:
    """One conversation as the list shows it."""
    return _told(session, _newest(session, [col(Mailbox.id) == mailbox.id], None, 1))[0]


def _newest(
    session: Session,
    conditions: Sequence[ColumnElement[bool]],
    before: tuple[datetime, int] | None,
    limit: int,
) -> list[tuple[int, datetime]]:
    """The numbers of conversations, and when something was last said in each."""
    last = _last_of_each(conditions).subquery()
    later = last.c.said_at > last.c.heard_at
    at = case((later, last.c.said_at), else_=last.c.heard_at).label("at")
    found = columns(last.c.id, at)
    if before is not None:
        when, number = before
        found = found.where(or_(at < when, and_(at == when, last.c.id < number)))
    rows = session.connection().execute(found.order_by(at.desc(), last.c.id.desc()).limit(limit))
    return [(row.id, row.at) for row in rows]


def _last_of_each(conditions: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    heard = (
        columns(col(Message.stored_at))
        .where(col(Message.mailbox_id) == col(Mailbox.id))
        .order_by(col(Message.ref).desc())
        .limit(1)
        .scalar_subquery()
    )
    said = (
        columns(col(Bubble.created_at))
        .where(col(Bubble.mailbox_id) == col(Mailbox.id))
        .order_by(col(Bubble.ref).desc())
        .limit(1)
        .scalar_subquery()
    )
    since = col(Mailbox.created_at)
    return columns(
        col(Mailbox.id).label("id"),
        func.coalesce(heard, since).label("heard_at"),
        func.coalesce(said, since).label("said_at"),
    ).where(*conditions)


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if asked.words:
        wanted.append(_has(asked.words))
    if asked.outcome:
        ended = exists().where(
            col(Turn.mailbox_id) == col(Mailbox.id), col(Turn.outcome) == asked.outcome
        )
        dropped = exists().where(
            col(Message.mailbox_id) == col(Mailbox.id),
            col(Message.outcome).startswith(asked.outcome, autoescape=True),
        )
        wanted.append(or_(ended, dropped))
    if asked.standing is not None:
        wanted.append(_stands(asked.standing))
    return wanted


def _has(words: str) -> ColumnElement[bool]:
    def has(column: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = column.icontains(words, autoescape=True)
        return found

    wrote = or_(has(col(Message.text)), has(col(Message.sender_name)), has(col(Message.sender)))
    mine = [Mailbox.participant, Mailbox.group_name, Mailbox.group_id, Mailbox.number]
    return or_(
        *(has(col(column)) for column in mine),
        col(Mailbox.conversation_id) == words,
        # not correlated: one pass over the messages, not one for each conversation
        col(Mailbox.id).in_(columns(col(Message.mailbox_id)).where(wrote)),
        col(Mailbox.id).in_(columns(col(Bubble.mailbox_id)).where(has(col(Bubble.text)))),
    )


def _stands(standing: Standing) -> ColumnElement[bool]:
    here = col(Mailbox.id)
    match standing:
        case "waiting" | "taken_over":
            claimed = col(Takeover.claimed_at).is_not(None)
            is_so = claimed if standing == "taken_over" else ~claimed
            return here.in_(
                columns(col(Takeover.mailbox_id)).where(col(Takeover.ended_at).is_(None), is_so)
            )
        case "paused":
            return here.in_(columns(col(Pause.mailbox_id)).where(col(Pause.ended_at).is_(None)))
        case "unconfirmed":
            return here.in_(columns(col(Bubble.mailbox_id)).where(col(Bubble.state).in_(UNKNOWN)))
        case "opted_out":
            latest = columns(func.max(col(Consent.id))).group_by(col(Consent.participant))
            out = columns(col(Consent.participant)).where(
                col(Consent.id).in_(latest), col(Consent.opted_out)
            )
            alone = and_(~col(Mailbox.is_group), col(Mailbox.participant).in_(out))
            return or_(alone, col(Mailbox.group_id).in_(out))


def _told(session: Session, rows: Sequence[tuple[int, datetime]]) -> list[dict[str, Any]]:
    ids = [mailbox_id for mailbox_id, _ in rows]
    found = session.exec(select(Mailbox).where(col(Mailbox.id).in_(ids))).all()
    mailboxes = {mailbox.id: mailbox for mailbox in found}
    takeovers, pauses = ongoing_in(session, ids), paused_in(session, ids)
    unknown = _counts(session, ids)
    running = set(
        session.exec(
            select(Turn.mailbox_id).where(
                col(Turn.mailbox_id).in_(ids), Turn.state == TurnState.RUNNING
            )
        )
    )
    return [
        _place(session, mailboxes[mailbox_id])
        | {
            "number": mailbox_id,
            "at": at.isoformat(),
            "takeover": _takeover(takeovers.get(mailbox_id)),
            "is_paused": mailbox_id in pauses,
            "is_running": mailbox_id in running,
            "unconfirmed": unknown.get(mailbox_id, 0),
            "outcome": _last_outcome(session, mailbox_id),
        }
        for mailbox_id, at in rows
    ]


def _place(session: Session, mailbox: Mailbox) -> dict[str, Any]:
    name, preview = _last_words(session, mailbox)
    return {
        "key": key_of(mailbox),
        "conversation_id": mailbox.conversation_id,
        "name": mailbox.group_name or ("Group" if mailbox.is_group else name),
        "participant": mailbox.participant,
        "is_group": mailbox.is_group,
        "our_number": mailbox.number,
        "channel": mailbox.channel,
        "opted_out": opted_out(session, mailbox.group_id or mailbox.participant),
        "preview": preview,
    }


def _takeover(takeover: Takeover | None) -> dict[str, Any] | None:
    if takeover is None:
        return None
    return {
        "began_by": takeover.began_by,
        "why": takeover.why,
        "claimed_by": takeover.claimed_by,
        "since": (takeover.claimed_at or takeover.began_at).isoformat(),
    }


def _counts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    unknown = (
        columns(col(Bubble.mailbox_id), func.count())
        .where(col(Bubble.mailbox_id).in_(ids), col(Bubble.state).in_(UNKNOWN))
        .group_by(col(Bubble.mailbox_id))
    )
    return {row[0]: row[1] for row in session.connection().execute(unknown)}


def _last_words(session: Session, mailbox: Mailbox) -> tuple[str | None, str]:
    """What its person is called, and how the newest thing in it begins."""
    heard = session.exec(
        select(Message)
        .where(Message.mailbox_id == mailbox.id)
        .order_by(col(Message.ref).desc())
        .limit(1)
    ).first()
    said = session.exec(
        select(Bubble)
        .where(Bubble.mailbox_id == mailbox.id)
        .order_by(col(Bubble.ref).desc())
        .limit(1)
    ).first()
    name = heard.sender_name if heard and heard.direction == "inbound" else None
    if said is not None and (heard is None or said.ref > heard.ref):
        return name, f"You: {excerpt(said.text) or 'a picture'}"
    if heard is None:
        return name, ""
    if heard.kind == "tapback":
        return name, f"tapped back {heard.reaction}"
    return name, excerpt(heard.text) or "a picture"


def _last_outcome(session: Session, mailbox_id: int) -> str | None:
    # Not by their state, which is indexed too: nearly all turns there are have it.
    settled = select(Turn.outcome).where(
        Turn.mailbox_id == mailbox_id, col(Turn.settled_at).is_not(None)
    )
    return session.exec(settled.order_by(col(Turn.settled_at).desc()).limit(1)).first()
