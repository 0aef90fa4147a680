"""The record of what operators did and looked at. Append-only: nothing here changes or goes.

It names conversations by their ids and holds nobody's words, so that it can be kept when a person
is erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from memory.columns import UTCDateTime
from memory.tables import Mailbox
from phone.clock import utc

COMMAND_LINE = "command line"
"""Who does what is done by `threedots conversations`."""


class AuditEntry(SQLModel, table=True):
    """Something an operator did or looked at.

    Attributes:
        who: The session, with the name given at its login; `command line`; `this machine`.
        role: What they were logged in as: `viewer`, `operator`, `admin`; None on the command line.
        action: `login`, `read`, `take over`, `write`…
        mailbox_id, conversation_id: Which conversation; both None when it was about none.
        about: What else tells it: a bubble's id, a state. Never anybody's words.
    """

    __tablename__ = "audit_entry"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UTCDateTime)
    who: str
    role: str | None = None
    action: str
    mailbox_id: int | None = Field(default=None, index=True)
    conversation_id: str | None = None
    about: str | None = None


def note(
    session: Session,
    action: str,
    *,
    who: str,
    mailbox: Mailbox | None = None,
    about: str | None = None,
    role: str | None = None,
    now: float,
) -> None:
    """Add an entry, in the transaction of what it tells of."""
    entry = AuditEntry(
        at=utc(now),
        who=who,
        role=role,
        action=action,
        mailbox_id=mailbox.id if mailbox else None,
        conversation_id=mailbox.conversation_id if mailbox else None,
        about=about,
    )
    session.add(entry)


def newest(
    session: Session, *, before: int | None = None, limit: int = 100
) -> Sequence[AuditEntry]:
    """The newest entries, newest first; `before` an entry's id leads back."""
    found = select(AuditEntry)
    if before is not None:
        found = found.where(col(AuditEntry.id) < before)
    return session.exec(found.order_by(col(AuditEntry.id).desc()).limit(limit)).all()
