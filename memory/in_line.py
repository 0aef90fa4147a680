"""Who comes first when more wait than can be answered at once. Nobody waits for ever.

Every conversation that becomes due gets a place in line: the moment it became due, and for whoever
can wait a while later. Whoever comes within that while is let past, and nobody else.

    STOP, START, HELP, a crisis     at once, on a lane of their own
    whom we have answered before    now
    strangers                       half a minute
    groups                          a minute
    texts nobody has asked for      five minutes
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Boolean, ColumnElement, Index, and_, bindparam, case, exists, or_, text
from sqlmodel import col

from memory.columns import UTCDateTime
from memory.tables import Bubble, Mailbox
from phone.clock import utc

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)
"""The place of words that the law, or a life, wants answered: before everybody."""

STRANGERS_WAIT = timedelta(seconds=30)
GROUPS_WAIT = timedelta(minutes=1)
UNASKED_WAIT = timedelta(minutes=5)

# Without those that wait for nothing it stays as small as the queue, whatever the history.
NEXT_IN_LINE = Index(
    "next_in_line",
    col(Mailbox.claim_at),
    col(Mailbox.id),
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)


def told_of(*, is_due: bool, is_urgent: bool, now: float) -> dict[str, object]:
    """The parameters of `place`, for a message that comes now."""
    present = utc(now)
    return {
        "due_from": present if is_due else None,
        "is_urgent": is_urgent,
        "as_known": present,
        "as_stranger": present + STRANGERS_WAIT,
        "as_group": present + GROUPS_WAIT,
    }


def place(in_group: ColumnElement[bool]) -> ColumnElement[datetime]:
    """The place of a conversation for which a message comes; who waits already keeps a better one.

    Args:
        in_group: Whether the message is from a group.
    """
    answered = exists().where(
        col(Bubble.mailbox_id) == col(Mailbox.id),
        col(Bubble.kind) == "reply",
        col(Bubble.message_id).is_not(None),
    )
    new = case(
        (bindparam("is_urgent", type_=Boolean), AT_ONCE),
        (or_(col(Mailbox.is_group), in_group), bindparam("as_group", type_=UTCDateTime)),
        (answered.correlate(Mailbox), bindparam("as_known", type_=UTCDateTime)),
        else_=bindparam("as_stranger", type_=UTCDateTime),
    )
    keeps = and_(col(Mailbox.due_at).is_not(None), col(Mailbox.claim_at) <= new)
    starts_nothing = bindparam("due_from", type_=UTCDateTime).is_(None)
    return case((or_(starts_nothing, keeps), col(Mailbox.claim_at)), else_=new)


def behind_everybody(mailbox: Mailbox, *, now: float) -> datetime:
    """The place for a text nobody has asked for; a conversation that is due keeps its own."""
    return mailbox.claim_at if mailbox.due_at is not None else utc(now) + UNASKED_WAIT


def of_a_tapback(mailbox: Mailbox, *, now: float) -> datetime:
    """The place for a tapback on a question of ours; a conversation that is due keeps its own."""
    if mailbox.due_at is not None:
        return mailbox.claim_at
    return utc(now) + (GROUPS_WAIT if mailbox.is_group else timedelta())
