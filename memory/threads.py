"""One conversation as an operator reads it: what was written and said, who held it, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from memory.bubbles import LANDED
from memory.overheard import BY_A_PERSON
from memory.pauses import Pause, paused_everywhere
from memory.recording import handles
from memory.resending import ON_ITS_WAY
from memory.tables import (
    Bubble,
    BubbleState,
    Consent,
    Mailbox,
    Message,
    Transcript,
    Turn,
    TurnState,
)
from memory.takeovers import Takeover
from memory.talks import summary
from safety.approval import KIND

PAGE = 100
"""Messages and bubbles of a thread that are shown at once."""


def thread(session: Session, mailbox: Mailbox, *, before: int | None = None) -> dict[str, Any]:
    """The newest of a conversation, oldest first, and how it stands.

    Args:
        before: A reference's number: what came before it.
    """
    messages = select(Message).where(Message.mailbox_id == mailbox.id)
    bubbles = select(Bubble).where(Bubble.mailbox_id == mailbox.id)
    if before is not None:
        messages = messages.where(Message.ref < before)
        bubbles = bubbles.where(Bubble.ref < before)
    heard = session.exec(messages.order_by(col(Message.ref).desc()).limit(PAGE)).all()
    said = session.exec(bubbles.order_by(col(Bubble.ref).desc()).limit(PAGE)).all()
    rows: list[Message | Bubble] = [*heard, *said]
    rows = sorted(rows, key=lambda row: row.ref)[-PAGE:]
    is_all = len(heard) + len(said) == len(rows) < PAGE
    again = _sent_again(session, mailbox)
    entries = [_entry(row, again) for row in rows]
    since = None if is_all or not entries else entries[0]["at"]
    until = None if before is None else _at(session, mailbox, before)
    entries += [
        event
        for event in _events(session, mailbox)
        if (since is None or event["at"] >= since) and (until is None or event["at"] < until)
    ]
    return {
        "conversation": summary(session, mailbox),
        "entries": sorted(entries, key=lambda entry: entry["at"]),
        "before": None if is_all or not rows else rows[0].ref,
        "is_paused_everywhere": paused_everywhere(session) is not None,
    }


def state_of_list(session: Session) -> str:
    """What is another text whenever the list of conversations is to be drawn anew.

    Asked again and again: nothing in it goes through all there is.
    """
    going = col(Bubble.state).in_((*ON_ITS_WAY, BubbleState.UNCONFIRMED))
    bubbles = columns(col(Bubble.state), func.count()).where(going).group_by(col(Bubble.state))
    running = columns(func.count()).where(col(Turn.state) == TurnState.RUNNING)
    parts: list[Select[*tuple[Any, ...]]] = [
        columns(func.max(col(Message.id))),
        columns(func.max(col(Transcript.id))),
        running,
    ]
    parts += [columns(func.sum(col(Mailbox.next_ref))), bubbles.order_by(col(Bubble.state))]
    return _state(session, [*parts, *_held()])


def state_of_thread(session: Session, mailbox_id: int) -> str:
    """The same for one conversation."""
    heard = columns(func.max(col(Message.id)), func.count(col(Message.outcome)))
    said = columns(
        func.count(), func.max(col(Bubble.dispatched_at)), func.max(col(Bubble.finished_at)),
        func.max(col(Bubble.learnt_at)), func.count(col(Bubble.message_id)),
    )  # fmt: skip
    turns = columns(func.count(), func.max(col(Turn.settled_at)))
    parts = [
        heard.where(col(Message.mailbox_id) == mailbox_id),
        said.where(col(Bubble.mailbox_id) == mailbox_id),
        turns.where(col(Turn.mailbox_id) == mailbox_id),
    ]
    return _state(session, [*parts, *_held()])


def _held() -> list[Select[*tuple[Any, ...]]]:
    """What changes when somebody takes over, hands back, pauses, resumes or opts out."""
    claimed, ended = func.count(col(Takeover.claimed_at)), func.count(col(Takeover.ended_at))
    return [
        columns(func.max(col(Takeover.id)), claimed, ended),
        columns(func.max(col(Pause.id)), func.count(col(Pause.ended_at))),
        columns(func.max(col(Consent.id))),
    ]


def _state(session: Session, parts: Sequence[Select[*tuple[Any, ...]]]) -> str:
    connection = session.connection()
    return "|".join(str([tuple(row) for row in connection.execute(part)]) for part in parts)


def _at(session: Session, mailbox: Mailbox, ref: int) -> str | None:
    """When what has this reference was written."""
    heard = select(Message).where(Message.mailbox_id == mailbox.id, Message.ref == ref)
    said = select(Bubble).where(Bubble.mailbox_id == mailbox.id, Bubble.ref == ref)
    row = session.exec(heard).first() or session.exec(said).first()
    return _entry(row, set())["at"] if row is not None else None


def _sent_again(session: Session, mailbox: Mailbox) -> set[str | None]:
    going = select(Bubble.resend_of).where(
        Bubble.mailbox_id == mailbox.id,
        col(Bubble.resend_of).is_not(None),
        col(Bubble.state).in_((*ON_ITS_WAY, *LANDED)),
    )
    return set(session.exec(going))


def _entry(row: Message | Bubble, again: set[str | None]) -> dict[str, Any]:
    return _heard(row) if isinstance(row, Message) else _said(row, again)


def _heard(message: Message) -> dict[str, Any]:
    if message.kind == KIND:
        return _event(message.stored_at, message.text)
    return {
        "kind": message.kind,
        "ref": f"m{message.ref}",
        "at": message.stored_at.isoformat(),
        "direction": message.direction,
        "by": "person" if message.outcome == BY_A_PERSON else None,
        "sender": message.sender,
        "name": message.sender_name,
        "text": message.text,
        "pictures": handles(message),
        "channel": message.channel,
        "reaction": message.reaction,
        "target": message.target_text,
        "message_id": message.message_id,
        "turn_id": message.turn_id,
        "outcome": message.outcome,
    }


def _said(bubble: Bubble, again: set[str | None]) -> dict[str, Any]:
    is_over = bubble.state not in (*ON_ITS_WAY, *LANDED)
    return {
        "kind": "bubble",
        "ref": f"m{bubble.ref}",
        "at": (bubble.dispatched_at or bubble.created_at).isoformat(),
        "by": {"reply": "agent"}.get(bubble.kind, bubble.kind),
        "bubble_id": bubble.id,
        "text": bubble.text,
        "pictures": len(bubble.media),
        "channel": bubble.channel,
        "state": bubble.state,
        "code": bubble.code,
        "reason": bubble.reason,
        "is_undelivered": bubble.delivery is not None,
        "message_id": bubble.message_id,
        "turn_id": bubble.turn_id,
        "is_again": bubble.resend_of is not None,
        "may_be_sent_again": is_over and bubble.id not in again,
    }


def _events(session: Session, mailbox: Mailbox) -> Iterator[dict[str, Any]]:
    for takeover in session.exec(select(Takeover).where(Takeover.mailbox_id == mailbox.id)):
        yield from _of_takeover(takeover)
    for pause in session.exec(select(Pause).where(Pause.mailbox_id == mailbox.id)):
        yield _event(pause.began_at, f"{pause.began_by} paused the agent here")
        if pause.ended_at is not None:
            yield _event(pause.ended_at, f"{pause.ended_by} let the agent speak again")
    whose = mailbox.group_id or mailbox.participant
    for entry in session.exec(select(Consent).where(Consent.participant == whose)):
        said = "opted out" if entry.opted_out else "opted in again"
        yield _event(entry.at, f"They {said} ({entry.how})")


def _of_takeover(takeover: Takeover) -> Iterator[dict[str, Any]]:
    if takeover.claimed_at != takeover.began_at:
        why = f": {takeover.why}" if takeover.why else ""
        yield _event(takeover.began_at, f"{takeover.began_by} asks for a person{why}")
    if takeover.claimed_at is not None:
        yield _event(takeover.claimed_at, f"{takeover.claimed_by} took over")
    if takeover.ended_at is not None:
        yield _event(takeover.ended_at, f"Handed back to the agent by {takeover.ended_by}")


def _event(at: datetime, text: str) -> dict[str, Any]:
    return {"kind": "event", "at": at.isoformat(), "text": text}
