"""A line as it stood at some moment, made of what is told of it: for `Twin(load=…)`.

What is known of a conversation comes from somewhere else, a record or another twin. Pure: nothing
is read, and the clock is what it is told to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from phone.emulator.caps import DAY
from phone.emulator.line import FRESH_NUMBERS
from phone.emulator.records import (
    AgentRecord,
    ContactRecord,
    ConversationRecord,
    MessageRecord,
    NumberRecord,
    PersonRecord,
    ReactionRecord,
)

AGENT_ID = "cagent0000000000000000000"
NUMBER_ID = "cnumber000000000000000001"
"""The iMessage line, on which everything is restored: it takes SMS as well."""
OTHER_NUMBER_ID = "cnumber000000000000000002"

NUMBER = FRESH_NUMBERS[0][1]
"""That line's number."""

Row = tuple[str, str, str]
"""A saved record: `(kind, id, JSON text)`."""


@dataclass(frozen=True, slots=True)
class Tapped:
    """A tapback on a message; `from_handle` is None for ours."""

    reaction: str
    from_handle: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """A message on the line.

    Attributes:
        from_handle: Who wrote it; None for ours.
        failed: Why it did not arrive; None when it did.
    """

    message_id: str
    from_handle: str | None
    body: str
    channel: str
    at: datetime
    media_urls: Sequence[str] = ()
    send_style: str | None = None
    reply_to_message_id: str | None = None
    tapbacks: Sequence[Tapped] = ()
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation up to some moment.

    Attributes:
        people: Everybody on the other side: handle and name, None for one without a name.
        said: What was said in it, in any order.
        channel: What an answer would go out on.
        metadata: Whole, as the API shows it.
        at: The moment.
    """

    conversation_id: str
    people: dict[str, str | None]
    said: Sequence[Said]
    channel: str
    at: datetime
    metadata: dict[str, Any] | None = None
    group_id: str | None = None
    group_name: str | None = None


def line_with(talk: Talk, *, agent_name: str) -> list[Row]:
    """The saved records of a line that holds this conversation and nothing else."""
    return [_row(record) for record in _records(talk, agent_name)]


def _records(talk: Talk, agent_name: str) -> Iterator[tuple[str, str, BaseModel]]:
    now = talk.at.timestamp()
    yield "agent", AGENT_ID, AgentRecord(id=AGENT_ID, name=agent_name, created_at=now)
    for id, (kind, phone_number) in zip((NUMBER_ID, OTHER_NUMBER_ID), FRESH_NUMBERS, strict=True):
        number = NumberRecord(
            id=id, phone_number=phone_number, type=kind, agent_id=AGENT_ID, created_at=now
        )
        yield "number", id, number
    for nth, (handle, name) in enumerate(talk.people.items()):
        yield "person", handle, PersonRecord(handle=handle, name=name)
        if name is not None and talk.group_id is None:
            contact = ContactRecord(
                id=f"ccontact{nth:017}",
                phone_number=handle,
                email=handle if "@" in handle else None,
                name=name,
                created_at=now,
                updated_at=now,
            )
            yield "contact", contact.id, contact
    yield "conversation", talk.conversation_id, _conversation(talk)
    for said in talk.said:
        yield "message", said.message_id, _message(talk, said)


def _conversation(talk: Talk) -> ConversationRecord:
    times = sorted(said.at.timestamp() for said in talk.said)
    theirs = [said.at.timestamp() for said in talk.said if said.from_handle is not None]
    last_reply = max(theirs, default=None)
    ours = [said for said in talk.said if said.from_handle is None]
    since = [said for said in ours if last_reply is None or said.at.timestamp() > last_reply]
    return ConversationRecord(
        id=talk.conversation_id,
        number_id=NUMBER_ID,
        phone_number=NUMBER,
        participant=talk.group_id or next(iter(talk.people)),
        group_id=talk.group_id,
        group_name=talk.group_name,
        members=list(talk.people) if talk.group_id else [],
        channel=talk.channel,
        metadata=talk.metadata,
        created_at=times[0] if times else talk.at.timestamp(),
        last_message_at=times[-1] if times else talk.at.timestamp(),
        seen=len(talk.said),
        streak=len(since),
        replies=len(theirs),
        reply_days=len({at // DAY for at in theirs}),
        last_reply_at=last_reply,
    )


def _message(talk: Talk, said: Said) -> MessageRecord:
    at = _seconds(said.at)
    other = talk.group_id or next(iter(talk.people))
    is_ours, failed = said.from_handle is None, said.failed is not None
    return MessageRecord(
        id=said.message_id,
        conversation_id=talk.conversation_id,
        number_id=NUMBER_ID,
        direction="outbound" if is_ours else "inbound",
        from_number=NUMBER if is_ours else said.from_handle or other,
        to_number=other if is_ours else NUMBER,
        body=said.body,
        channel=said.channel,
        media_urls=list(said.media_urls),
        at=at,
        sender_identifier=None if is_ours or not talk.group_id else said.from_handle,
        reply_to_message_id=said.reply_to_message_id,
        send_style=said.send_style,
        reactions=list(_reactions(said)),
        status=("failed" if failed else "delivered") if is_ours else "received",
        undelivered=said.failed,
        failure_reason=said.failed,
        error_code="CARRIER_ERROR" if failed else None,
        delivered_at=at if is_ours and not failed else None,
        delivered_channel=said.channel if is_ours and not failed else None,
        read_at=at if is_ours and not failed and said.channel == "imessage" else None,
    )


def _reactions(said: Said) -> Iterable[ReactionRecord]:
    """The latest tapback of each: another one took its place."""
    latest = {tapped.from_handle: tapped for tapped in sorted(said.tapbacks, key=lambda t: t.at)}
    for nth, tapped in enumerate(latest.values()):
        yield ReactionRecord(
            id=f"{said.message_id}-{nth}",
            reaction=tapped.reaction,
            from_handle=tapped.from_handle or NUMBER,
            direction="inbound" if tapped.from_handle else "outbound",
            created_at=_seconds(tapped.at),
        )


def _seconds(at: datetime) -> float:
    return round(at.astimezone(UTC).timestamp(), 3)


def _row(record: tuple[str, str, BaseModel]) -> Row:
    kind, id, data = record
    return kind, id, data.model_dump_json()
