"""Reading records: found by their columns, a page at a time, with what was learnt since.

A record is never changed. That a bubble arrived after all, was not delivered or was sent again by
a person stands in the bubble's row, and is put under `since` of the record that tells of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from pydantic_core import from_json
from sqlalchemy import ColumnElement, SQLColumnExpression, Text, and_, cast, true, tuple_
from sqlmodel import Session, col, func, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from memory import labels
from memory.labels import TurnLabel
from memory.recording import without
from memory.store import Store
from memory.tables import Bubble, Mailbox, Message, ToolCall, Transcript, Turn
from memory.transcript import Learnt, SessionKind

PAGE = 200
"""Records in memory at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are asked for: all of them, unless something is said.

    Attributes:
        after, before: When the turn began: from then on, and up to but not at that moment.
        conversation: AgentPhone's id of the conversation, or the handle or group it is with.
        tool: The name of a tool that was called.
        label: What people call it.
        words: What is to be found in what was heard, said, called or given as a reason.
    """

    after: datetime | None = None
    before: datetime | None = None
    conversation: str | None = None
    outcome: str | None = None
    session: SessionKind | None = None
    words: str | None = None
    tool: str | None = None
    label: str | None = None


def newest(session: Session, wanted: Wanted, *, limit: int) -> list[dict[str, Any]]:
    """The records of the newest turns, newest first."""
    order = (col(Transcript.started_at).desc(), col(Transcript.id).desc())
    rows = session.exec(_wanted(wanted, select(Transcript)).order_by(*order).limit(limit)).all()
    return told(session, rows)


def one(session: Session, turn_id: str) -> dict[str, Any] | None:
    """The record of a turn, by its id or the beginning of it; None when no single turn has it."""
    found = select(Transcript).where(col(Transcript.turn_id).startswith(turn_id, autoescape=True))
    rows = session.exec(found.limit(2)).all()
    return told(session, rows)[0] if len(rows) == 1 else None


def count(session: Session, wanted: Wanted) -> int:
    """How many there are."""
    found: int = session.exec(_wanted(wanted, select(func.count(col(Transcript.id))))).one()
    return found


async def stream(store: Store, wanted: Wanted) -> AsyncIterator[dict[str, Any]]:
    """All of them in the order in which they were written, a page at a time."""
    reached, before = 0, -1
    while reached != before:
        before = reached
        page = partial(written_since, wanted=wanted, reached=reached)
        reached, records = await store.read(page)
        for record in records:
            yield record


async def stream_talks(store: Store, wanted: Wanted) -> AsyncIterator[tuple[dict[str, Any], bool]]:
    """Every record of the conversations in which one is wanted, and whether it is that itself.

    One conversation after another, each from its beginning, a page at a time: who needs earlier
    talk to tell of a turn has it from what came before.
    """
    reached, before = (0, 0), None
    while reached != before:
        before = reached
        page = partial(_talks_since, wanted=wanted, reached=reached)
        reached, records = await store.read(page)
        for record in records:
            yield record


def _talks_since(
    session: Session, *, wanted: Wanted, reached: tuple[int, int]
) -> tuple[tuple[int, int], list[tuple[dict[str, Any], bool]]]:
    is_wanted = and_(true(), *_conditions(wanted))
    place = (col(Transcript.mailbox_id), col(Transcript.id))
    found = (
        select(Transcript, is_wanted)
        .where(col(Transcript.mailbox_id).in_(select(Transcript.mailbox_id).where(is_wanted)))
        .where(tuple_(*place) > tuple_(*reached))
    )
    rows = session.exec(found.order_by(*place).limit(PAGE)).all()
    records = told(session, [row for row, _ in rows])
    last = rows[-1][0] if rows else None
    at = (last.mailbox_id, last.id or 0) if last else reached
    return at, [(record, bool(asked)) for record, (_, asked) in zip(records, rows, strict=True)]


def last_written(session: Session) -> int:
    """The number of the newest record; 0 while there is none."""
    return session.exec(select(func.max(Transcript.id))).one() or 0


def written_since(
    session: Session, wanted: Wanted, *, reached: int
) -> tuple[int, list[dict[str, Any]]]:
    """The records after that number, oldest first, a page of them, and the number now reached."""
    found = _wanted(wanted, select(Transcript)).where(col(Transcript.id) > reached)
    rows = session.exec(found.order_by(col(Transcript.id)).limit(PAGE)).all()
    return (rows[-1].id or reached if rows else reached), told(session, rows)


def _wanted(wanted: Wanted, rows: SelectOfScalar[Any]) -> SelectOfScalar[Any]:
    return rows.where(*_conditions(wanted))


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if wanted.after is not None:
        yield col(Transcript.started_at) >= wanted.after
    if wanted.before is not None:
        yield col(Transcript.started_at) < wanted.before
    if wanted.outcome is not None:
        yield col(Transcript.outcome) == wanted.outcome
    if wanted.session is not None:
        yield col(Transcript.session) == wanted.session
    if wanted.conversation is not None:
        names = (Mailbox.conversation_id, Mailbox.participant, Mailbox.group_id)
        is_it = or_(*(col(name) == wanted.conversation for name in names))
        yield col(Transcript.mailbox_id).in_(select(Mailbox.id).where(is_it))
    if wanted.tool is not None:
        calls = select(ToolCall.turn_id).where(ToolCall.name == wanted.tool)
        yield col(Transcript.turn_id).in_(calls)
    if wanted.label is not None:
        named = select(TurnLabel.turn_id).where(TurnLabel.label == wanted.label)
        yield col(Transcript.turn_id).in_(named)
    if wanted.words is not None:
        yield _holds(wanted.words)


def _holds(words: str) -> ColumnElement[bool]:
    """Whether a turn has these words in it, whatever their case (of ASCII, on SQLite)."""

    def has(column: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        found: ColumnElement[bool] = column.icontains(words, autoescape=True)
        return found

    called = or_(has(col(ToolCall.name)), has(cast(col(ToolCall.arguments), Text)))
    return or_(
        col(Transcript.turn_id).in_(select(Message.turn_id).where(has(col(Message.text)))),
        col(Transcript.turn_id).in_(select(Bubble.turn_id).where(has(col(Bubble.text)))),
        col(Transcript.turn_id).in_(select(ToolCall.turn_id).where(called)),
        col(Transcript.turn_id).in_(select(Turn.id).where(has(col(Turn.reason)))),
        col(Transcript.turn_id).startswith(words, autoescape=True),
    )


def told(session: Session, rows: Sequence[Transcript]) -> list[dict[str, Any]]:
    """The records as JSON values, each with what was learnt since it was written."""
    turn_ids = [row.turn_id for row in rows]
    now = session.exec(select(Bubble).where(col(Bubble.turn_id).in_(turn_ids))).all()
    by_id = {bubble.id: bubble for bubble in now}
    again = session.exec(select(Bubble).where(col(Bubble.resend_of).in_(by_id))).all()
    resent = {bubble.resend_of: bubble.id for bubble in again}
    records = [from_json(row.record) for row in rows]
    named = labels.of(session, turn_ids)
    for record in records:
        acts = [act for act in record["wire"] if act["act"] == "bubble"]
        learnt = [
            _learnt(act, by_id[it], resent) for act in acts if (it := act["bubble_id"]) in by_id
        ]
        record["labels"] = named.get(record["turn_id"], [])
        record["since"] = [news for news in learnt if news is not None]
    return records


def _learnt(act: dict[str, Any], now: Bubble, resent: dict[str | None, str]) -> Any:
    """What is known now of a bubble that its record does not say; None when that is nothing."""
    is_known = (act["status"], act["code"], act["reason"]) == (now.state, now.code, now.reason)
    if is_known and now.delivery is None and now.id not in resent:
        return None
    return Learnt(
        bubble_id=now.id,
        status=now.state,
        code=now.code,
        reason=without(now.media, now.reason) if now.reason else None,
        message_id=now.message_id,
        channel=now.channel,
        is_threaded=now.threaded,
        is_undelivered=now.delivery is not None,
        sent_again_as=resent.get(now.id),
        learnt_at=now.learnt_at,
    ).model_dump(mode="json")
