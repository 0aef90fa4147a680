"""Writing the record of a turn, in the transaction that ends it: its rows and notes, put together.

Everything here runs on the writer's thread. Whatever a turn held, it can be written: the record is
never the reason that a turn cannot end.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from pydantic_core import PydanticSerializationError
from sqlalchemy import and_, bindparam, exists, func, insert, or_, true
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from memory.colleagues import since_the_last_record
from memory.notes import Notes, seconds_between, usage_of
from memory.overheard import BY_A_PERSON
from memory.tables import (
    AS_WRITTEN,
    Bubble,
    Mailbox,
    Message,
    MessageState,
    ToolState,
    Transcript,
    Turn,
)
from memory.tables import ToolCall as ToolCallRow
from memory.takeovers import Takeover
from memory.transcript import (
    BubbleSent,
    Heard,
    Latencies,
    Place,
    Prompts,
    Remembered,
    SessionKind,
    Tool,
    ToolCall,
    TurnRecord,
)
from phone.clock import utc

RUNNING = "running"
"""The outcome of a turn that has not ended yet; never of a record that is kept."""

UNLISTED = "unlisted"
"""Stands for a picture that has no handle: a tool of the owner's brought it itself."""

LEFT_OUT = "[address left out]"
"""Stands where somebody quoted the address of a photo: whoever holds one can fetch the photo."""


def handles(message: Message) -> list[str]:
    """The handles of a message's attachments: `m12.1`, `m12.2`…"""
    return [f"m{message.ref}.{place}" for place in range(1, len(message.media) + 1)]


def keep_record(session: Session, turn: Turn, mailbox: Mailbox, notes: Notes) -> TurnRecord:
    """Write the record of a turn that ends in this transaction, its row and messages being final.

    Once for each turn, also when its end is replayed because the connection broke at the commit.
    It goes past the session: messages, calls and bubbles have to be flushed, the turn need not be.
    What is learnt later is told by `memory.transcripts` when the record is read.
    """
    if turn.settled_at is None or turn.outcome is None:
        raise ValueError(f"turn {turn.id} has not ended: there is no record of it yet")
    rows = _rows(session, turn, mailbox)
    record = _record(turn, mailbox, notes, rows, outcome=turn.outcome, ended=turn.settled_at)
    if rows.is_kept:
        return record
    session.connection().execute(
        _KEEP,
        {
            "turn_id": turn.id,
            "mailbox_id": mailbox.id or 0,
            "session": record.session,
            "outcome": record.outcome,
            "model": record.model,
            "prompt_hash": turn.prompt_hash,
            "last_message_id": rows.newest,
            "started_at": turn.started_at,
            "record": without(_addresses(rows), as_text(record)),
        },
    )
    return record


def record_so_far(session: Session, turn: Turn, mailbox: Mailbox, *, now: float) -> str:
    """A running turn's record as JSON text, as it would be if the turn ended now.

    Its outcome is `running`. What the run has not written down yet is told by `turn.notes`, which
    whoever asks may have filled in from the run itself.
    """
    notes = Notes.model_validate(turn.notes or {})
    for name, value in notes.columns().items():
        setattr(turn, name, value)
    rows = _rows(session, turn, mailbox)
    record = _record(turn, mailbox, notes, rows, outcome=RUNNING, ended=utc(now))
    return without(_addresses(rows), as_text(record))


def as_text(record: TurnRecord) -> str:
    """The record as one line of JSON; half a character, which models may put out, is U+FFFD."""
    try:
        return record.model_dump_json()
    except PydanticSerializationError:
        text = json.dumps(record.model_dump(mode="json"), ensure_ascii=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the database holds of a turn: plain rows, which read like the objects and cost a third.

    Attributes:
        parent: The turn before it in its conversation.
        newest: The number of the conversation's newest message.
        is_kept: Whether its record is written already.
        wrote: What operators have written in the agent's place since the turn before.
    """

    messages: Sequence[Message]
    calls: Sequence[ToolCallRow]
    bubbles: Sequence[Bubble]
    parent: str | None
    newest: int
    is_kept: bool
    wrote: Sequence[Heard] = ()


def _rows(session: Session, turn: Turn, mailbox: Mailbox) -> _Rows:
    connection = session.connection()
    about: dict[str, Any] = {"turn": turn.id, "mailbox": mailbox.id}
    before = connection.execute(_BEFORE, about).one()
    about["since"] = before.last_message_id or 0
    return _Rows(
        messages=cast(Sequence[Message], connection.execute(_HEARD, about).all()),
        calls=cast(Sequence[ToolCallRow], connection.execute(_CALLS, about).all()),
        bubbles=cast(Sequence[Bubble], connection.execute(_BUBBLES, about).all()),
        parent=before.turn_id,
        newest=before.newest or 0,
        is_kept=before.is_kept,
        wrote=since_the_last_record(session, mailbox) if before.was_held else (),
    )


_LATEST = (
    columns(col(Transcript.turn_id), col(Transcript.last_message_id))
    .where(col(Transcript.mailbox_id) == bindparam("mailbox"))
    .order_by(col(Transcript.id).desc())
    .limit(1)
    .subquery()
)
_NEWEST = (
    columns(func.max(Message.id).label("newest"))
    .where(col(Message.mailbox_id) == bindparam("mailbox"))
    .subquery()
)

# Prepared once: to build a statement costs more than to run it, and every turn asks these.
_BEFORE = columns(
    _LATEST.c.turn_id,
    _LATEST.c.last_message_id,
    _NEWEST.c.newest,
    exists().where(col(Transcript.turn_id) == bindparam("turn")).label("is_kept"),
    exists().where(col(Takeover.mailbox_id) == bindparam("mailbox")).label("was_held"),
).select_from(_NEWEST.outerjoin(_LATEST, onclause=true()))
_HEARD = (
    select(Message)
    .where(
        or_(
            col(Message.turn_id) == bindparam("turn"),
            and_(
                col(Message.mailbox_id) == bindparam("mailbox"),
                col(Message.id) > bindparam("since"),
                col(Message.turn_id).is_(None),
                col(Message.state) == MessageState.SETTLED.value,
            ),
        )
    )
    .order_by(*AS_WRITTEN)
)
_KEEP = insert(Transcript)
_CALLS = (
    select(ToolCallRow)
    .where(col(ToolCallRow.turn_id) == bindparam("turn"))
    .order_by(col(ToolCallRow.id))
)
_BUBBLES = (
    select(Bubble).where(col(Bubble.turn_id) == bindparam("turn")).order_by(col(Bubble.position))
)


def _record(
    turn: Turn,
    mailbox: Mailbox,
    notes: Notes,
    rows: _Rows,
    *,
    outcome: str,
    ended: datetime,
) -> TurnRecord:
    done = sum(call.state == ToolState.DONE for call in rows.calls)
    thrown_away = [request for request in notes.requests if request.is_thrown_away]
    return TurnRecord(
        turn_id=turn.id,
        parent_turn_id=rows.parent,
        session=cast(SessionKind, turn.session),
        conversation=_place(turn, mailbox),
        outcome=outcome,
        reason=turn.reason,
        attempts=turn.attempts,
        started_at=turn.started_at,
        settled_at=ended,
        latencies=_latencies(turn, ended, rows),
        heard=_all_heard(turn, rows),
        interruptions=notes.interruptions,
        model=turn.model,
        settings=notes.settings,
        prompts=_prompts(turn, notes),
        instructions=turn.instructions,
        tools=[Tool.model_validate(tool) for tool in notes.tools],
        messages=[*([notes.opening] if notes.opening else []), *(turn.messages or [])],
        requests=notes.requests,
        tool_calls=[_call(call) for call in rows.calls],
        wire=_wire(notes, rows),
        typing=notes.typing,
        memory=_memory(turn),
        usage=usage_of(notes.requests, tool_calls=done),
        thrown_away=usage_of(thrown_away, tool_calls=0),
    )


def _place(turn: Turn, mailbox: Mailbox) -> Place:
    return Place(
        conversation_id=mailbox.conversation_id,
        number=mailbox.number,
        participant=mailbox.participant,
        is_group=mailbox.is_group,
        group_id=mailbox.group_id,
        group_name=mailbox.group_name,
        channel=turn.channel,
    )


def _all_heard(turn: Turn, rows: _Rows) -> list[Heard]:
    heard = [_heard(message, turn) for message in rows.messages]
    if not rows.wrote:
        return heard
    return sorted([*heard, *rows.wrote], key=lambda one: one.received_at)


def _heard(message: Message, turn: Turn) -> Heard:
    return Heard(
        ref=f"m{message.ref}",
        media=handles(message),
        in_turn=message.turn_id == turn.id,
        by_a_person=message.outcome == BY_A_PERSON,
        **{name: getattr(message, name) for name in _COPIED},
    )


_COPIED = Heard.model_fields.keys() - {"ref", "media", "in_turn", "by_a_person"}


def _call(call: ToolCallRow) -> ToolCall:
    return ToolCall(**{name: getattr(call, name) for name in ToolCall.model_fields})


def _prompts(turn: Turn, notes: Notes) -> Prompts | None:
    version = turn.prompt_hash
    return None if version is None else Prompts(version=version, files=notes.prompts)


def _memory(turn: Turn) -> Remembered:
    return Remembered(
        before=turn.memory_before,
        after=turn.memory_after,
        is_saved=turn.memory_saved,
        note=turn.memory_note,
    )


def _wire(notes: Notes, rows: _Rows) -> list[Any]:
    by_id = {call.call_id: call for call in rows.calls}
    sent = [_bubble(bubble, by_id.get(bubble.call_id or ""), notes) for bubble in rows.bubbles]
    timed = [(bubble.dispatched_at or bubble.written_at, bubble) for bubble in sent]
    acts = [(act.started_at, act) for act in notes.acts]
    return [act for _, act in sorted([*timed, *acts], key=lambda entry: entry[0])]


def _bubble(bubble: Bubble, call: ToolCallRow | None, notes: Notes) -> BubbleSent:
    return BubbleSent(
        bubble_id=bubble.id,
        ref=f"m{bubble.ref}",
        call_id=bubble.call_id,
        kind="reply" if bubble.kind == "reply" else "notice",
        text=bubble.text,
        media=_pictures(bubble, call),
        send_style=bubble.send_style,
        reply_to_message_id=bubble.reply_to_message_id,
        status=bubble.state,
        code=bubble.code,
        reason=bubble.reason,
        attempts=bubble.attempt,
        message_id=bubble.message_id,
        channel=bubble.channel,
        is_threaded=bubble.threaded,
        lost=_lost(bubble),
        warnings=notes.warnings.get(bubble.id, []),
        written_at=bubble.created_at,
        dispatched_at=bubble.dispatched_at,
        finished_at=bubble.finished_at,
    )


def _pictures(bubble: Bubble, call: ToolCallRow | None) -> list[str]:
    """A bubble keeps addresses, which are secret; the call that asked for it named handles."""
    named = call.arguments.get("media") if call else None
    if isinstance(named, list) and len(named) == len(bubble.media):
        return [str(handle) for handle in named]
    return [UNLISTED] * len(bubble.media)


def _lost(bubble: Bubble) -> list[Any]:
    thread = ["thread"] if bubble.message_id and bubble.threaded is False else []
    gone = bubble.message_id and bubble.send_style and bubble.channel != "imessage"
    return [*thread, *(["effect"] if gone else [])]


def _latencies(turn: Turn, ended: datetime, rows: _Rows) -> Latencies:
    stored = sorted(message.stored_at for message in rows.messages if message.turn_id == turn.id)
    first = min(stored, default=turn.started_at)
    left = [bubble for bubble in rows.bubbles if bubble.dispatched_at is not None]
    bubble = min(left, key=lambda bubble: bubble.dispatched_at or ended, default=None)
    waited = Latencies(
        queue=seconds_between(first, turn.started_at),
        first_dispatch=None,
        first_bubble=None,
        total=seconds_between(first, ended),
    )
    if bubble is not None and bubble.dispatched_at is not None:
        last = max((at for at in stored if at <= bubble.dispatched_at), default=first)
        waited.first_dispatch = seconds_between(last, bubble.dispatched_at)
        if bubble.message_id is not None and bubble.finished_at is not None:
            waited.first_bubble = seconds_between(last, bubble.finished_at)
    return waited


def _addresses(rows: _Rows) -> set[str]:
    media = [*(row.media for row in rows.messages), *(row.media for row in rows.bubbles)]
    return {url for row in media for url in row if url}


def without(addresses: Iterable[str], text: str) -> str:
    """The text, plain or JSON, without these addresses of photos.

    Somebody may have quoted one: AgentPhone in a refusal, a tool in its answer.
    """
    for address in addresses:
        for written in (address, json.dumps(address, ensure_ascii=False)[1:-1]):
            text = text.replace(written, LEFT_OUT)
    return text
