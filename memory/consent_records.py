"""Proof that somebody agreed to be texted first: who, when, to what, by which words.

An opt-out is another thing and lies in the ledger; it always wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, Session, SQLModel, col, select

from memory.columns import UTCDateTime
from phone.clock import utc


class ConsentRecord(SQLModel, table=True):
    """One person's agreement to be texted first for one purpose.

    Attributes:
        purpose: What for, in a word: `appointments`. It covers nothing else.
        text: The words they agreed to, as they were shown.
        evidence: Where the proof is: a form's address and time, a recording, a paper's number.
        given_at: When they agreed.
        withdrawn_at: When that ended; None while it holds.
    """

    __tablename__ = "consent_record"

    id: int | None = Field(default=None, primary_key=True)
    participant: str = Field(index=True)
    purpose: str
    text: str = Field(sa_type=Text)
    evidence: str = Field(sa_type=Text)
    given_at: datetime = Field(sa_type=UTCDateTime)
    recorded_at: datetime = Field(sa_type=UTCDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


def add(
    session: Session,
    participant: str,
    *,
    purpose: str,
    text: str,
    evidence: str,
    given_at: datetime,
    now: float,
) -> ConsentRecord:
    """Record an agreement."""
    record = ConsentRecord(
        participant=participant,
        purpose=purpose,
        text=text,
        evidence=evidence,
        given_at=given_at,
        recorded_at=utc(now),
    )
    session.add(record)
    session.flush()
    return record


def consent_for(session: Session, participant: str, purpose: str) -> ConsentRecord | None:
    """The newest agreement of this person that holds for this purpose."""
    theirs = select(ConsentRecord).where(
        ConsentRecord.participant == participant,
        ConsentRecord.purpose == purpose,
        col(ConsentRecord.withdrawn_at).is_(None),
    )
    return session.exec(theirs.order_by(col(ConsentRecord.given_at).desc()).limit(1)).first()


def records(session: Session, participant: str | None = None) -> Sequence[ConsentRecord]:
    """Every agreement, or this person's, newest first."""
    every = select(ConsentRecord).order_by(col(ConsentRecord.id).desc())
    if participant is not None:
        every = every.where(ConsentRecord.participant == participant)
    return session.exec(every).all()


def withdraw(session: Session, participant: str, *, now: float) -> None:
    """End every agreement of a person: they said STOP. START does not bring one back."""
    for record in records(session, participant):
        record.withdrawn_at = record.withdrawn_at or utc(now)
        session.add(record)
