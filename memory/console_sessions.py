"""Who is logged in to the console. A session is known by a hash alone: the cookie is with them."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, delete

from memory.columns import UTCDateTime
from phone.clock import utc

LASTS = timedelta(hours=12)
"""How long a login lasts: a working day."""


class ConsoleSession(SQLModel, table=True):
    """One login.

    Attributes:
        hash: HMAC of the cookie's value under the console's token: with another token every
            session is over.
        name: How the audit calls it.
    """

    __tablename__ = "console_session"

    hash: str = Field(primary_key=True)
    name: str
    began_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)


def hash_of(cookie: str, *, token: str) -> str:
    """What a session's cookie is kept as."""
    return hmac.new(token.encode(), cookie.encode(), hashlib.sha256).hexdigest()


def begin(session: Session, hashed: str, *, name: str, now: float) -> None:
    """Log in; sessions that are over are forgotten."""
    session.exec(delete(ConsoleSession).where(col(ConsoleSession.expires_at) <= utc(now)))
    if session.get(ConsoleSession, hashed) is None:
        row = ConsoleSession(hash=hashed, name=name, began_at=utc(now), expires_at=utc(now) + LASTS)
        session.add(row)


def name_of(session: Session, hashed: str, *, now: float) -> str | None:
    """Whose session it is; None when there is none, or it is over."""
    found = session.get(ConsoleSession, hashed)
    return found.name if found is not None and found.expires_at > utc(now) else None


def end(session: Session, hashed: str) -> None:
    """Log out."""
    session.exec(delete(ConsoleSession).where(col(ConsoleSession.hash) == hashed))
