"""Takeovers: a person holds a conversation, and the agent is silent until it is handed back.

flagged by a rule or the agent ─▶ claimed by a person ─▶ handed back by a person
        └─▶ returned, when nobody claims it in time

Both ends are kept, with who and when. One that was claimed in the console never ends by itself. One
that is held from elsewhere does, when whoever holds it has not shown for a while.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Index, Text, text
from sqlmodel import Field, Session, SQLModel, col, func, select

from memory.columns import UTCDateTime
from memory.state import HUMAN_MODE
from memory.tables import Mailbox
from phone.clock import utc
from phone.explained import Explained

NOBODY = "nobody claimed it"
"""Who ended a takeover that was asked for and claimed by nobody in time."""

ELSEWHERE = "a person at AgentPhone"
"""Who holds a conversation in which somebody wrote in AgentPhone's dashboard."""

METADATA = "human_mode at AgentPhone"
"""Who holds a conversation whose metadata says so."""

GONE = "not seen for a while"
"""Who ended a takeover that was held from elsewhere."""


class NotYours(Explained):
    """This cannot be done with the conversation as it stands; the text says what would be right."""


class Takeover(SQLModel, table=True):
    """One time that a person held a conversation, or was asked to.

    Attributes:
        began_by: Who asked for it: an operator, or the rule or agent that wants a person here.
        why: The reason in words, where one was given.
        claimed_by: The person who holds it; None while nobody has come.
        seen_at: When somebody who holds it from elsewhere last showed; None where the console
            knows who is there.
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
    seen_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
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

    Who asks again has it already; where another person holds it in the console, it stays theirs.
    """
    takeover = flag(session, mailbox_id, by=by, why=None, now=now)
    if takeover.claimed_at is None or takeover.seen_at is not None:
        takeover.claimed_at, takeover.claimed_by, takeover.seen_at = utc(now), by, None
        session.add(takeover)
    return takeover


def hold_from_elsewhere(
    session: Session, mailbox_id: int, *, by: str, seen_at: datetime, now: float
) -> Takeover:
    """Somebody showed at AgentPhone: they hold the conversation for a while, from then on.

    What waited for a person has one now and does not wait any more; it is theirs until it is handed
    back. Where somebody holds it in the console nothing changes.
    """
    _lock(session, mailbox_id)
    takeover = ongoing(session, mailbox_id)
    if takeover is None:
        takeover = flag(session, mailbox_id, by=by, why=None, now=now)
        takeover.claimed_at, takeover.claimed_by, takeover.seen_at = utc(now), by, seen_at
    elif takeover.claimed_at is None:
        takeover.claimed_at, takeover.claimed_by = utc(now), by
    elif takeover.seen_at is not None:
        takeover.seen_at = max(takeover.seen_at, seen_at)
    session.add(takeover)
    return takeover


def hand_back(session: Session, mailbox_id: int, *, by: str, now: float) -> Takeover:
    """Give the conversation back to the agent. Raises NotYours when it has it already."""
    _lock(session, mailbox_id)
    takeover = ongoing(session, mailbox_id)
    if takeover is None:
        raise NotYours("Nobody has taken this conversation over; the agent has it already.")
    _end(session, takeover, by=by, now=now)
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
        _end(session, takeover, by=NOBODY, now=now)
    return list(returned)


def return_unseen(session: Session, *, after: timedelta, now: float) -> list[Takeover]:
    """Give back what is held from elsewhere by somebody not seen for so long; those it was."""
    held = select(Takeover).where(
        col(Takeover.ended_at).is_(None), col(Takeover.seen_at) <= utc(now) - after
    )
    returned = session.exec(held.with_for_update(skip_locked=True)).all()
    for takeover in returned:
        _end(session, takeover, by=GONE, now=now)
    return list(returned)


def _end(session: Session, takeover: Takeover, *, by: str, now: float) -> None:
    """End it; where the metadata says who has the conversation, it is to say so again."""
    takeover.ended_at, takeover.ended_by = utc(now), by
    session.add(takeover)
    mailbox = session.get_one(Mailbox, takeover.mailbox_id)
    if (mailbox.state or {}).get("flags", {}).get(HUMAN_MODE) is not None:
        mailbox.state_saved = False
        session.add(mailbox)


def _lock(session: Session, mailbox_id: int) -> None:
    """A bubble that is being let go just now leaves before this, or is stopped by it."""
    session.get_one(Mailbox, mailbox_id, with_for_update=True)
