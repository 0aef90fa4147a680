"""What of a person's consent goes when they are erased, and what stays under a hash."""

from __future__ import annotations

from sqlmodel import Session, col, delete

from memory.consent_records import ConsentRecord
from memory.consents import keep_hashed
from memory.introductions import IntroductionTold
from memory.texting_first import FirstText


def erase_consent(session: Session, participant: str) -> None:
    """Forget what somebody agreed to and was told; their STOP stays, without their name.

    Args:
        participant: A person's handle, or a group's id.
    """
    keep_hashed(session, participant)
    for table in (ConsentRecord, IntroductionTold, FirstText):
        session.exec(delete(table).where(col(table.participant) == participant))
