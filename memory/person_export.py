"""Everything that is kept about a person, as one JSON object to hand over to them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel, col, select

from memory import belongings, transcripts
from memory.persons import Person
from memory.recording import handles
from memory.tables import Consent, DeadLetter, Event, Mailbox, Message, Transcript
from phone.clock import utc

VERSION = 1
"""Of the object's shape. Fields may be added to it."""

TOLD_OTHERWISE = {"transcript", "turn_label"}
"""Tables that stand under `turns`, where they can be read."""


def export(session: Session, person: Person, *, now: float) -> dict[str, Any]:
    """What the database holds of them, and of others only what stands in their own conversations.

    Of a group it has what they wrote themselves: the rest is the other members'.
    """
    own = _rows(session, Message, belongings.own_messages(person))
    in_groups = _rows(session, Message, belongings.group_messages(person))
    named = (*person.names, *person.handles)
    others = dict(belongings.rows_by_column(session, person))
    return {
        "version": VERSION,
        "exported_at": utc(now).isoformat(),
        "handles": list(person.handles),
        "conversations": [_plain(box) for box in belongings.places(session, person)],
        "messages": [_plain(message) for message in own],
        "in_groups": [_in_group(session, message) for message in in_groups],
        "turns": _turns(session, person),
        "consents": [
            _plain(row) for row in _rows(session, Consent, col(Consent.participant).in_(named))
        ],
        "webhooks": [
            _plain(row) for row in _rows(session, Event, belongings.own_webhooks(session, person))
        ],
        "dead_letters": [
            _plain(row) for row in _rows(session, DeadLetter, belongings.letters(session, person))
        ],
        "media": _media([*own, *in_groups]),
        "rows": {
            name: [_values(row) for row in rows]
            for name, rows in sorted(others.items())
            if name not in TOLD_OTHERWISE
        },
    }


def _rows(session: Session, table: Any, which: Any) -> list[Any]:
    order = [column for column in table.__table__.primary_key.columns]
    return list(session.exec(select(table).where(which).order_by(*order)))


def _turns(session: Session, person: Person) -> list[dict[str, Any]]:
    """The records of their turns, with labels and what was learnt since, oldest first."""
    theirs = select(Transcript).where(col(Transcript.mailbox_id).in_(person.mailbox_ids))
    rows = session.exec(theirs.order_by(col(Transcript.id))).all()
    return transcripts.told(session, rows)


def _in_group(session: Session, message: Message) -> dict[str, Any]:
    mailbox = session.get_one(Mailbox, message.mailbox_id)
    about = {"group_id": mailbox.group_id, "group_name": mailbox.group_name}
    return about | {"conversation_id": mailbox.conversation_id} | _plain(message)


def _media(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """Their attachments, by what the turns call them. Whoever holds the address can fetch one."""
    return [
        {"message_id": message.message_id, "handle": handle, "url": url}
        for message in messages
        for handle, url in zip(handles(message), message.media, strict=True)
    ]


def _plain(row: SQLModel) -> dict[str, Any]:
    return _values(row.model_dump())


def _values(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    """As JSON has it: a webhook that was JSON as JSON, other bytes as Base64."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        try:
            return json.loads(value) if value else None
        except ValueError:
            return {"base64": base64.b64encode(value).decode()}
    return value
