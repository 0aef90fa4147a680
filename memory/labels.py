"""Words that people put to turns: what a turn is an example of, whether its answer was good.

A record is never changed; its labels stand beside it and are told with it when it is read.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, delete, select

from memory.columns import UTCDateTime
from phone.clock import utc

LABEL = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
"""What a label looks like: it is typed, sorted and compared."""


class BadLabel(ValueError):
    """A label of another form. Says how they look."""

    def __init__(self, label: str) -> None:
        super().__init__(
            f"{label!r} is no label: up to 40 of a-z, 0-9, dot, dash and underscore, beginning "
            "with a letter or a digit, such as good or refund-refused"
        )


class TurnLabel(SQLModel, table=True):
    """One label of one turn."""

    __tablename__ = "turn_label"

    turn_id: str = Field(primary_key=True)
    label: str = Field(primary_key=True, index=True)
    added_at: datetime = Field(sa_type=UTCDateTime)


def put(
    session: Session, turn_id: str, *, add: Collection[str], remove: Collection[str], now: float
) -> list[str]:
    """Add and take away labels of a turn; those it has then. Raises BadLabel."""
    for label in (*add, *remove):
        if not LABEL.fullmatch(label):
            raise BadLabel(label)
    mine = col(TurnLabel.turn_id) == turn_id
    session.exec(delete(TurnLabel).where(mine, col(TurnLabel.label).in_(remove)))
    for label in add:
        if session.get(TurnLabel, (turn_id, label)) is None:
            session.add(TurnLabel(turn_id=turn_id, label=label, added_at=utc(now)))
    session.flush()
    return of(session, [turn_id]).get(turn_id, [])


def of(session: Session, turn_ids: Sequence[str]) -> dict[str, list[str]]:
    """The labels of these turns, sorted; turns without any are left out."""
    order = (col(TurnLabel.turn_id), col(TurnLabel.label))
    found = select(TurnLabel).where(col(TurnLabel.turn_id).in_(turn_ids)).order_by(*order)
    labels: dict[str, list[str]] = {}
    for row in session.exec(found):
        labels.setdefault(row.turn_id, []).append(row.label)
    return labels
