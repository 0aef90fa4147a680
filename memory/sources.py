"""Who told us what we remember: of each fact, the message it came from. Kept here, not at
AgentPhone: it is nobody else's business, and a fact without it is somebody's edit."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, delete, select

from memory.columns import UTCDateTime


class FactSource(SQLModel, table=True):
    """One fact as it was noted, and the message in which the person said so.

    Attributes:
        sender: The handle of who said it.
        ref: The message's reference (`m12`) without its letter.
        message_id: AgentPhone's id of it.
    """

    __tablename__ = "fact_source"

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id", index=True)
    fact: str = Field(sa_type=Text)
    sender: str
    ref: int
    message_id: str | None = None
    turn_id: str
    noted_at: datetime = Field(sa_type=UTCDateTime)


def of(session: Session, mailbox_id: int) -> dict[str, FactSource]:
    """The facts of a conversation with where each came from, the newest word counting."""
    found = select(FactSource).where(FactSource.mailbox_id == mailbox_id)
    return {source.fact: source for source in session.exec(found.order_by(col(FactSource.id)))}


def keep(
    session: Session,
    *,
    mailbox_id: int,
    facts: Collection[str],
    new: Sequence[FactSource],
) -> None:
    """Write where new facts came from, and delete what no longer belongs to a fact."""
    known = of(session, mailbox_id)
    for source in new:
        if source.fact in facts and source.fact not in known:
            session.add(source.model_copy())  # a replayed commit writes it anew
    session.flush()
    gone = [fact for fact in known if fact not in facts]
    mine = col(FactSource.mailbox_id) == mailbox_id
    session.exec(delete(FactSource).where(mine, col(FactSource.fact).in_(gone)))
