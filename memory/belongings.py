"""What in the database is about a person, table by table: to be handed over, or to be erased.

Most rows are found by a column they all name alike, also those of tables that are made later. The
others are dealt with one by one. A table that is neither is an error, and a test says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, func, literal, or_
from sqlalchemy import select as columns
from sqlmodel import Session, SQLModel, col, select

from memory.persons import Person
from memory.tables import DeadLetter, Event, Mailbox, Message, Turn

BY_COLUMN = (
    "mailbox_id", "turn_id", "conversation_id", "participant", "handle", "person", "sender",
    "subject",
)  # fmt: skip
"""Columns by which a row is somebody's, whatever its table is. A `subject` says what it names:
`sender:+14155550123`, `group:grp_1`."""

OUTLIVING: dict[str, tuple[str, ...]] = {"audit_entry": (), "alert": ("message_id",)}
"""Tables of which an erasure leaves the rows and takes whom they are about, these columns too: what
operators did stays told, and a person who was called stays called."""

ONE_BY_ONE = {"consent", "event", "event_key", "dead_letter", "mailbox", "message"}
"""Tables in which a row may outlive its person, or is found in another way."""

ABOUT_NOBODY = {
    "deployment_key",
    "console_session",
    "wrong_token",
    "erasure",
    "twin_record",
    "branch",
}
"""Tables that name nobody; the twin's and its branches are of `threedots phone`, on one machine."""


class Unsorted(Exception):
    """A table of which nobody has said whose its rows are."""

    def __init__(self, table: str) -> None:
        super().__init__(
            f"nobody has said whose the rows of {table!r} are: give it one of the columns "
            f"{', '.join(BY_COLUMN)}, or name it in memory/belongings.py"
        )


def tables_by_column() -> list[Table]:
    """The tables whose rows are found by a column, those that point to others first.

    Raises:
        Unsorted: One is neither so, nor named above.
    """
    known = ONE_BY_ONE | ABOUT_NOBODY
    found = [table for table in SQLModel.metadata.sorted_tables if table.name not in known]
    for table in found:
        if not whose(table):
            raise Unsorted(table.name)
    return found[::-1]


def is_theirs(table: Table, person: Person, turns: Sequence[str]) -> ColumnElement[bool]:
    """Whether a row of such a table is about this person, whose `turns_of` these are."""
    values: dict[str, Sequence[Any]] = {
        "mailbox_id": person.mailbox_ids,
        "turn_id": turns,
        "conversation_id": person.conversation_ids,
        "subject": [f"{kind}{name}" for kind in ("", "sender:", "group:") for name in person.names],
    }
    return or_(*(table.columns[name].in_(values.get(name, person.names)) for name in whose(table)))


def whose(table: Table) -> list[str]:
    """The columns of a table that tell whose its rows are."""
    return [name for name in BY_COLUMN if name in table.columns]


def turns_of(session: Session, person: Person) -> Sequence[str]:
    """The turns in their own conversations, running ones too."""
    theirs = select(Turn.id).where(col(Turn.mailbox_id).in_(person.mailbox_ids))
    return session.exec(theirs).all()


def rows_by_column(session: Session, person: Person) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each such table that holds something of them, with its rows."""
    turns = turns_of(session, person)
    for table in tables_by_column():
        theirs = columns(table).where(is_theirs(table, person, turns))
        rows = [dict(row) for row in session.connection().execute(theirs).mappings()]
        if rows:
            yield table.name, rows


def own_messages(person: Person) -> ColumnElement[bool]:
    """What was written in their own conversations."""
    return col(Message.mailbox_id).in_(person.mailbox_ids)


def group_messages(person: Person) -> ColumnElement[bool]:
    """What they wrote where others read it too."""
    in_group = col(Message.mailbox_id).in_(person.group_ids)
    return in_group & col(Message.sender).in_(person.handles)


def webhooks(session: Session, person: Person) -> ColumnElement[bool]:
    """Raw webhooks to erase: what they wrote, what names them, and all of their groups'.

    AgentPhone sends earlier talk along: what others wrote in a group quotes them.
    """
    places = (*person.mailbox_ids, *person.group_ids)
    brought = select(Message.event_id).where(col(Message.mailbox_id).in_(places))
    named = (_names(session, Event.body, name) for name in _needles(person))
    return or_(col(Event.id).in_(brought), *named)


def own_webhooks(session: Session, person: Person) -> ColumnElement[bool]:
    """Raw webhooks of their own conversations, also those that started nothing."""
    brought = select(Message.event_id).where(own_messages(person))
    named = (_names(session, Event.body, name.encode()) for name in person.conversation_ids)
    return or_(col(Event.id).in_(brought), *named)


def letters(session: Session, person: Person) -> ColumnElement[bool]:
    """The dead letters that are theirs: what they wrote, and what names them."""
    wrote = select(Message.id).where(or_(own_messages(person), group_messages(person)))
    named = (_names(session, DeadLetter.body, name) for name in _needles(person))
    return or_(col(DeadLetter.inbound_id).in_(wrote), *named)


def places(session: Session, person: Person) -> Sequence[Mailbox]:
    """Their own conversations."""
    theirs = select(Mailbox).where(col(Mailbox.id).in_(person.mailbox_ids))
    return session.exec(theirs.order_by(col(Mailbox.id))).all()


def _needles(person: Person) -> list[bytes]:
    """What a raw body that is about them has in it. JSON may write the plus sign as an escape."""
    names = (*person.names, *person.conversation_ids)
    return [name.removeprefix("+").encode() for name in names]


def _names(session: Session, body: Any, needle: bytes) -> ColumnElement[bool]:
    if session.get_bind().dialect.name == "sqlite":
        return func.instr(body, literal(needle)) > 0
    return func.position(literal(needle).op("IN")(col(body))) > 0
