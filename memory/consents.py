"""The opt-out ledger: who has told us to stop. Append-only; a person's latest entry holds."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from memory.tables import Bubble, BubbleState, Consent, Mailbox
from phone.clock import utc


def latest_consent(session: Session, participant: str) -> Consent | None:
    """The entry that holds for this person; None when they never said anything about it."""
    entries = select(Consent).where(Consent.participant == participant)
    return session.exec(entries.order_by(col(Consent.id).desc()).limit(1)).first()


def opted_out(session: Session, participant: str) -> bool:
    """Whether this person has told us to stop, on any of our numbers and channels."""
    latest = latest_consent(session, participant)
    return latest is not None and latest.opted_out


def record_consent(
    session: Session,
    participant: str,
    *,
    opted_out: bool,
    how: str,
    evidence: str | None = None,
    message_id: str | None = None,
    now: float,
) -> None:
    """Add an entry. An opt-out also cancels every bubble to them that has not left yet.

    Either way the memory of their conversations is to be saved anew: a flag in it says so too.

    Args:
        participant: A person's handle, or the `grp_…` id of a group in which somebody said STOP.
        how: What said so: `keyword`, `metadata` or `operator`.
        evidence: The word they wrote, or where it was found.
    """
    entry = Consent(
        participant=participant,
        opted_out=opted_out,
        how=how,
        evidence=evidence,
        message_id=message_id,
        at=utc(now),
    )
    session.add(entry)
    session.exec(update(Mailbox).where(_with(participant)).values(state_saved=False))
    if opted_out:
        _cancel_bubbles(session, participant, now=now)


def _with(participant: str) -> ColumnElement[bool]:
    """Their 1:1 conversations on all our numbers, or the group's one."""
    one_to_one = and_(col(Mailbox.participant) == participant, col(Mailbox.is_group).is_(False))
    return or_(one_to_one, col(Mailbox.group_id) == participant)


def _cancel_bubbles(session: Session, participant: str, *, now: float) -> None:
    theirs = select(Mailbox.id).where(_with(participant))
    session.exec(
        update(Bubble)
        .where(col(Bubble.mailbox_id).in_(theirs), col(Bubble.state) == BubbleState.PREPARED)
        .values(
            state=BubbleState.CANCELLED,
            code="opted_out",
            reason="They asked us to stop before this left.",
            finished_at=utc(now),
        )
    )
