"""Who may not be texted, for an operator: listed, and recorded on somebody's word."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from memory.consents import opted_out, record_consent
from memory.tables import Consent
from memory.takeovers import NotYours

HANDLE = re.compile(r"\+[1-9][0-9]{6,14}|[^\s@]{1,64}@[^\s@]{1,190}|grp_[A-Za-z0-9_-]{1,60}")
"""A number in E.164, an e-mail address, or a group's id."""


def opt_outs(session: Session, *, limit: int = 500) -> list[dict[str, Any]]:
    """Everybody who is opted out now, the newest first."""
    latest = select(func.max(Consent.id)).group_by(col(Consent.participant))
    rows = select(Consent).where(col(Consent.id).in_(latest), col(Consent.opted_out))
    newest = session.exec(rows.order_by(col(Consent.id).desc()).limit(limit))
    return [{"handle": row.participant, "how": row.how, "at": row.at.isoformat()} for row in newest]


def opt_out(session: Session, handle: str, *, by: str, now: float) -> bool:
    """Record that somebody asked an operator not to be texted any more; False if it is known.

    There is no way back from here: only they can undo it, with START.

    Raises:
        NotYours: This is no handle.
    """
    if not HANDLE.fullmatch(handle):
        raise NotYours(
            f"{handle[:80]!r} is no handle; write a number in E.164, like +14155550123, an e-mail "
            "address, or a group's id."
        )
    if opted_out(session, handle):
        return False
    record_consent(session, handle, opted_out=True, how="operator", evidence=by, now=now)
    return True
