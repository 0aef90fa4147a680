"""The harness's rows as they stood before a turn, made of records alone.

What no record holds is not restored: addresses of photos (a stand-in's is asked for), and bubbles
that were sent outside of any turn. A turn restored so is shown to the model exactly as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, SQLModel

from memory.bubbles import FRESH_FOR
from memory.catching_up import BEFORE
from memory.inbox import DROPPED_OUTDATED
from memory.mailboxes import address
from memory.minors import MinorFlag
from memory.recording import as_text
from memory.tables import (
    Bubble,
    BubbleState,
    Consent,
    Mailbox,
    Message,
    MessageState,
    Transcript,
    Turn,
    TurnState,
)
from memory.transcript import BubbleSent, Heard, Learnt, TurnRecord
from safety.consent import Keyword
from safety.minors import CHILD, stated_age

MAILBOX = 1
"""The id of the only mailbox."""


@dataclass(frozen=True, slots=True)
class Where:
    """The line on which things are restored, and what stands for a photo by its handle."""

    number: str
    number_id: str
    agent_id: str
    conversation_id: str
    stand_in: Callable[[str], str]


def memory_before(record: TurnRecord, earlier: Sequence[TurnRecord]) -> dict[str, Any] | None:
    """What was remembered when a turn began; None for nothing."""
    if record.memory.before is not None:
        return record.memory.before
    for past in reversed(earlier):
        if (known := past.memory.after or past.memory.before) is not None:
            return known
    return None


def first_ref(record: TurnRecord) -> int:
    """The reference that the first thing heard in a turn had."""
    return min((_number(heard.ref) for heard in record.heard if heard.in_turn), default=1)


def heard_before(record: TurnRecord, earlier: Sequence[TurnRecord]) -> list[tuple[str, Heard]]:
    """Everything heard before a turn began, oldest first, each with the id of its turn."""
    told = [
        (past.turn_id if heard.in_turn else "", heard) for past in earlier for heard in past.heard
    ]
    begun = first_ref(record)
    told += [("", h) for h in record.heard if not h.in_turn and _number(h.ref) < begun]
    return sorted(told, key=lambda each: (each[1].received_at, _number(each[1].ref)))


def learnt_before(record: TurnRecord, past: TurnRecord) -> dict[str, Learnt]:
    """What was learnt of a past turn's bubbles by the time a turn began, by bubble."""
    since = [
        news for news in past.since if (news.learnt_at or past.settled_at) <= record.started_at
    ]
    return {news.bubble_id: news for news in since}


def rows_before(record: TurnRecord, earlier: Sequence[TurnRecord], where: Where) -> list[SQLModel]:
    """The rows from which the harness would have begun this turn, in the order to add them.

    Args:
        earlier: The turns before it in its conversation, oldest first.
    """
    heard = heard_before(record, earlier)
    messages = [_message(nth, *each, where) for nth, each in enumerate(heard, start=1)]
    return [
        _mailbox(record, earlier, where, heard),
        *(_turn(past) for past in earlier),
        *messages,
        *_bubbles(record, earlier, where),
        *_consents(record, heard),
        *_minors(heard),
        *(_transcript(past, len(messages)) for past in earlier),
    ]


def restore(session: Session, rows: Sequence[SQLModel]) -> None:
    """Put them into an empty database."""
    for row in rows:
        session.add(row)
        session.flush()


def _mailbox(
    record: TurnRecord,
    earlier: Sequence[TurnRecord],
    where: Where,
    heard: Sequence[tuple[str, Heard]],
) -> Mailbox:
    place, state = record.conversation, memory_before(record, earlier)
    theirs = [each for _, each in heard if each.direction == "inbound"]
    return Mailbox(
        id=MAILBOX,
        conversation_id=where.conversation_id,
        address=address(where.number, place.group_id or place.participant),
        agent_id=where.agent_id,
        number_id=where.number_id,
        number=where.number,
        participant=theirs[-1].sender if place.is_group and theirs else place.participant,
        is_group=place.is_group,
        group_id=place.group_id,
        group_name=place.group_name,
        channel=theirs[-1].channel if theirs else place.channel,
        next_ref=first_ref(record),
        history_seeded=True,
        state=state,
        state_seen=state,
        created_at=min([each.stored_at for each in theirs], default=record.started_at),
    )


def _turn(past: TurnRecord) -> Turn:
    return Turn(
        id=past.turn_id,
        mailbox_id=MAILBOX,
        session=past.session,
        epoch=0,
        attempts=past.attempts,
        state=TurnState.SETTLED,
        outcome=past.outcome,
        reason=past.reason,
        channel=past.conversation.channel,
        model=past.model,
        prompt_hash=past.prompts.version if past.prompts else None,
        instructions=past.instructions,
        messages=past.messages[1:] or None,
        usage=past.usage.model_dump(mode="json"),
        memory_before=past.memory.before,
        memory_after=past.memory.after,
        memory_saved=past.memory.is_saved,
        memory_note=past.memory.note,
        started_at=past.started_at,
        settled_at=past.settled_at,
    )


def _message(nth: int, turn_id: str, heard: Heard, where: Where) -> Message:
    told = heard.model_dump(exclude={"ref", "in_turn", "media", "outcome", "by_a_person"})
    return Message(
        id=nth,
        mailbox_id=MAILBOX,
        ref=_number(heard.ref),
        media=[where.stand_in(handle) for handle in heard.media],
        state=MessageState.SETTLED,
        turn_id=turn_id or None,
        outcome=heard.outcome or BEFORE,
        **told,
    )


def _bubbles(record: TurnRecord, earlier: Sequence[TurnRecord], where: Where) -> Iterator[Bubble]:
    position = 0
    for past in earlier:
        learnt = learnt_before(record, past)
        for act in past.wire:
            if isinstance(act, BubbleSent):
                position += 1
                yield _bubble(position, past, act, learnt.get(act.bubble_id), where)


def _bubble(
    position: int, past: TurnRecord, act: BubbleSent, news: Learnt | None, where: Where
) -> Bubble:
    now = news or act
    under_way = (BubbleState.PREPARED, BubbleState.DISPATCHED)
    return Bubble(
        id=act.bubble_id,
        mailbox_id=MAILBOX,
        turn_id=past.turn_id,
        call_id=act.call_id,
        position=position,
        ref=_number(act.ref),
        kind=act.kind,
        text=act.text,
        media=[where.stand_in(handle) for handle in act.media],
        send_style=act.send_style,
        reply_to_message_id=act.reply_to_message_id,
        state=BubbleState.UNRESOLVED if now.status in under_way else now.status,
        attempt=act.attempts,
        code=now.code,
        reason=now.reason,
        message_id=now.message_id,
        channel=now.channel,
        threaded=now.is_threaded,
        created_at=act.written_at,
        expires_at=act.written_at + FRESH_FOR,
        dispatched_at=act.dispatched_at,
        finished_at=act.finished_at,
        delivery="failed" if news and news.is_undelivered else None,
        learnt_at=news.learnt_at if news else None,
    )


def _consents(record: TurnRecord, heard: Sequence[tuple[str, Heard]]) -> Iterator[Consent]:
    """The opt-out ledger: every STOP and START that was obeyed."""
    for _, each in heard:
        if each.keyword in (Keyword.STOP, Keyword.START) and each.outcome != DROPPED_OUTDATED:
            for whom in filter(None, (each.sender, record.conversation.group_id)):
                yield _consent(whom, each)


def _consent(participant: str, heard: Heard) -> Consent:
    at: datetime = heard.received_at
    return Consent(
        participant=participant,
        opted_out=heard.keyword == Keyword.STOP,
        how="keyword",
        evidence=heard.text,
        message_id=heard.message_id,
        at=at,
    )


def _minors(heard: Sequence[tuple[str, Heard]]) -> Iterator[MinorFlag]:
    """Who had said that they are under age: their turns have other instructions."""
    for _, each in heard:
        age = stated_age(each.text, year=each.received_at.year)
        if age is not None and each.direction == "inbound":
            yield MinorFlag(
                participant=each.sender,
                is_child=age < CHILD,
                message_id=each.message_id,
                at=each.received_at,
            )


def _transcript(past: TurnRecord, last_message_id: int) -> Transcript:
    return Transcript(
        turn_id=past.turn_id,
        mailbox_id=MAILBOX,
        session=past.session,
        outcome=past.outcome,
        model=past.model,
        prompt_hash=past.prompts.version if past.prompts else None,
        last_message_id=last_message_id,
        started_at=past.started_at,
        record=as_text(past.model_copy(update={"since": []})),
    )


def _number(ref: str) -> int:
    """`m12` is 12."""
    return int(ref.removeprefix("m"))
