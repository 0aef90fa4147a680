"""Takeovers: a person holds a conversation, and the agent is silent until it is handed back.

flagged by a rule or the agent ─▶ claimed by a person ─▶ handed back by a person
        └─▶ returned, when nobody claims it in time

Both ends are kept, with who and when. A claimed one never ends by itself.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Index, Text, text
from sqlmodel import Field, Session, SQLModel, col, func, select

from memory.columns import UTCDateTime
from memory.tables import Mailbox
from phone.clock import utc
from phone.explained import Explained

NOBODY = "nobody claimed it"
"""Who ended a takeover that was asked for and claimed by nobody in time."""


class NotYours(Explained):
    """This cannot be done with the conversation as it stands; the text says what would be right."""


class Takeover(SQLModel, table=True):
    """One time that a person held a conversation, or was asked to.

    Attributes:
        began_by: Who asked for it: an operator, or the rule or agent that wants a person here.
        why: The reason in words, where one was given.
        claimed_by: The person who holds it; None while nobody has come.
        ended_by: Who handed it back; None while it lasts.
    """

    __table_args__ = (
        Index(
            "one_open_takeover",
            "mailbox_id",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("takeovers_of_mailbox", "mailbox_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id")
    began_at: datetime = Field(sa_type=UTCDateTime)
    began_by: str
    why: str | None = Field(default=None, sa_type=Text)
    claimed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    claimed_by: str | None = None
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_by: str | None = None


def ongoing(session: Session, mailbox_id: int) -> Takeover | None:
    """The takeover under way in a conversation, claimed or not; None when the agent has it."""
    here = select(Takeover).where(
        Takeover.mailbox_id == mailbox_id, col(Takeover.ended_at).is_(None)
    )
    return session.exec(here).first()


def ongoing_in(session: Session, mailbox_ids: Collection[int]) -> dict[int, Takeover]:
    """The takeovers under way in these conversations."""
    here = select(Takeover).where(
        col(Takeover.mailbox_id).in_(mailbox_ids), col(Takeover.ended_at).is_(None)
    )
    return {takeover.mailbox_id: takeover for takeover in session.exec(here)}


def waiting(session: Session) -> int:
    """How many conversations wait for a person."""
    open_ones = col(Takeover.ended_at).is_(None), col(Takeover.claimed_at).is_(None)
    return session.exec(select(func.count(col(Takeover.id))).where(*open_ones)).one()


def flag(session: Session, mailbox_id: int, *, by: str, why: str | None, now: float) -> Takeover:
    """Ask for a person: the agent is silent from now on. Nothing changes where one is at it.

    Args:
        by: What asks: `crisis`, `agent`.
    """
    _lock(session, mailbox_id)
    takeover = ongoing(session, mailbox_id)
    if takeover is None:
        takeover = Takeover(mailbox_id=mailbox_id, began_at=utc(now), began_by=by, why=why)
        session.add(takeover)
        session.flush()
    return takeover


def take_over(session: Session, mailbox_id: int, *, by: str, now: float) -> Takeover:
    """Hold the conversation as this person, from before the agent's next bubble on.

    Who asks again has it already; where another person holds it, it stays theirs.
    """
    takeover = flag(session, mailbox_id, by=by, why=None, now=now)
    if takeover.claimed_at is None:
        takeover.claimed_at, takeover.claimed_by = utc(now), by
        session.add(takeover)
    return takeover


def hand_back(session: Session, mailbox_id: int, *, by: str, now: float) -> Takeover:
    """Give the conversation back to the agent. Raises NotYours when it has it already."""
    _lock(session, mailbox_id)
    takeover = ongoing(session, mailbox_id)
    if takeover is None:
        raise NotYours("Nobody has taken this conversation over; the agent has it already.")
    takeover.ended_at, takeover.ended_by = utc(now), by
    session.add(takeover)
    return takeover


def return_unclaimed(session: Session, *, after: timedelta, now: float) -> list[Takeover]:
    """Give back what has been waiting for a person for so long in vain; those it was."""
    waiting = select(Takeover).where(
        col(Takeover.ended_at).is_(None),
        col(Takeover.claimed_at).is_(None),
        col(Takeover.began_at) <= utc(now) - after,
    )
    returned = session.exec(waiting.with_for_update(skip_locked=True)).all()
    for takeover in returned:
        takeover.ended_at, takeover.ended_by = utc(now), NOBODY
    session.add_all(returned)
    return list(returned)


def _lock(session: Session, mailbox_id: int) -> None:
    """A bubble that is being let go just now leaves before this, or is stopped by it."""
    session.get_one(Mailbox, mailbox_id, with_for_update=True)
