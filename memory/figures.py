"""How things stand, read from the database: what waits, what is unknown, what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from memory.tables import Bubble, BubbleState, Consent, DeadLetter, Mailbox
from memory.turns import oldest_due
from phone.clock import utc

ALARM_FOR = timedelta(days=1)
"""How long a message that left after STOP is shown: longer than anybody sleeps."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What `/metrics` shows of the database.

    Attributes:
        due: Conversations in which work waits or is being done.
        oldest_due: Since when the longest of them has; None when none has.
        open_bubbles: Bubbles that have not ended, by state.
        consents: Entries of the opt-out ledger, by what said so (`keyword opted out`).
        after_stop: Messages of the agent that left after somebody's STOP: there must be none.
    """

    due: int
    oldest_due: datetime | None
    open_bubbles: Mapping[str, int]
    dead_letters: int
    consents: Mapping[tuple[str, bool], int]
    after_stop: int


OPEN = (BubbleState.PREPARED, BubbleState.DISPATCHED, BubbleState.UNCONFIRMED)


def figures(session: Session, *, now: float) -> Figures:
    """Count it all, by way of indexes: this is asked every few seconds."""
    counted = select(Bubble.state, func.count()).where(col(Bubble.state).in_(OPEN))
    kept = select(Consent.how, Consent.opted_out, func.count())
    return Figures(
        due=session.exec(select(func.count()).where(col(Mailbox.due_at).is_not(None))).one(),
        oldest_due=oldest_due(session),
        open_bubbles=dict.fromkeys(map(str, OPEN), 0)
        | dict(session.exec(counted.group_by(Bubble.state)).all()),
        dead_letters=session.exec(select(func.count(col(DeadLetter.id)))).one(),
        consents={
            (how, bool(out)): count
            for how, out, count in session.exec(kept.group_by(Consent.how, col(Consent.opted_out)))
        },
        after_stop=_after_stop(session, since=utc(now) - ALARM_FOR),
    )


def _after_stop(session: Session, *, since: datetime) -> int:
    """Replies that left after the opt-out that holds, to people who have said STOP lately."""
    newest = select(func.max(col(Consent.id))).group_by(Consent.participant)
    theirs = func.coalesce(Mailbox.group_id, Mailbox.participant) == Consent.participant
    left = (
        select(func.count(col(Bubble.id)))
        .join(Mailbox, col(Mailbox.id) == Bubble.mailbox_id)
        .join(Consent, theirs)
        .where(
            col(Consent.id).in_(newest),
            Consent.opted_out,
            Consent.at > since,
            Bubble.kind == "reply",
            col(Bubble.dispatched_at) > Consent.at,
        )
    )
    return session.exec(left).one()
