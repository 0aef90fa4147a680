"""The kill switch: an operator pauses the agent in one conversation, or everywhere at once.

What the agent says, and every static text, is held back from the very next bubble on. What people
write is kept and opt-outs are obeyed all the same; it is not answered later. What an operator
writes still goes out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, Session, SQLModel, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from memory.columns import UTCDateTime
from memory.tables import Mailbox
from phone.clock import utc


class Pause(SQLModel, table=True):
    """One time that an operator paused the agent. Both ends are kept.

    Attributes:
        mailbox_id: Where; None for everywhere.
    """

    __table_args__ = (
        Index(
            "open_pauses",
            "mailbox_id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("pauses_of_mailbox", "mailbox_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int | None = Field(default=None, foreign_key="mailbox.id")
    began_at: datetime = Field(sa_type=UTCDateTime)
    began_by: str
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    ended_by: str | None = None


def paused(session: Session, mailbox_id: int) -> Pause | None:
    """What keeps the agent from speaking in a conversation; None when nothing does."""
    here = or_(col(Pause.mailbox_id).is_(None), col(Pause.mailbox_id) == mailbox_id)
    return session.exec(select(Pause).where(col(Pause.ended_at).is_(None), here).limit(1)).first()


def paused_everywhere(session: Session) -> Pause | None:
    """The pause that is on for all conversations; None while there is none."""
    return _open(session, None)


def paused_in(session: Session, mailbox_ids: Collection[int]) -> dict[int, Pause]:
    """Which of these conversations are paused by themselves."""
    here = col(Pause.mailbox_id).in_(mailbox_ids)
    rows = session.exec(select(Pause).where(here, col(Pause.ended_at).is_(None)))
    return {row.mailbox_id: row for row in rows if row.mailbox_id is not None}


def pause(session: Session, mailbox_id: int | None, *, by: str, now: float) -> Pause:
    """Pause the agent here, or everywhere with None; where it is paused already nothing changes."""
    if mailbox_id is not None:  # a bubble that is being let go leaves before this, or not at all
        session.get_one(Mailbox, mailbox_id, with_for_update=True)
    found = _open(session, mailbox_id)
    if found is None:
        found = Pause(mailbox_id=mailbox_id, began_at=utc(now), began_by=by)
        session.add(found)
        session.flush()
    return found


def resume(session: Session, mailbox_id: int | None, *, by: str, now: float) -> bool:
    """Let the agent speak again here, or everywhere with None; whether it had been paused so.

    A pause for all goes on for one conversation too, whatever is resumed there.
    """
    rows = session.exec(_ongoing(mailbox_id)).all()
    for row in rows:
        row.ended_at, row.ended_by = utc(now), by
    session.add_all(rows)
    return bool(rows)


def _open(session: Session, mailbox_id: int | None) -> Pause | None:
    return session.exec(_ongoing(mailbox_id).limit(1)).first()


def _ongoing(mailbox_id: int | None) -> SelectOfScalar[Pause]:
    here = col(Pause.mailbox_id)
    where = here.is_(None) if mailbox_id is None else here == mailbox_id
    return select(Pause).where(where, col(Pause.ended_at).is_(None))
