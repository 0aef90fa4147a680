"""How talk becomes model messages: the burst as user messages, earlier turns as earlier messages.

What people write reaches the model verbatim, in a user message of its own; the line in square
brackets before it is ours. It never becomes part of the instructions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_ai import BinaryContent, ModelMessage, ModelRequest
from pydantic_ai.messages import (
    ModelResponse,
    TextPart,
    UserContent,
    UserPromptPart,
    repair_messages,
)
from sqlmodel import Session, col, select

from agent.keeping import as_kept, named, read_again
from memory.lines import beginning, by_a_person, line
from memory.overheard import BY_A_PERSON
from memory.recording import handles
from memory.silence import OPERATOR
from memory.state import FACT_LENGTH
from memory.tables import AS_WRITTEN, Bubble, BubbleState, Message, MessageState, Turn, TurnState
from safety.untrusted import one_line

TURNS = 30
"""Earlier turns the model is shown."""

EARLIER = 40
"""Messages from before our first turn, read back from AgentPhone, that the model is shown."""


@dataclass(frozen=True, slots=True)
class Past:
    """Rows of earlier talk in one conversation."""

    messages: Sequence[Message]
    bubbles: Sequence[Bubble]
    turns: Sequence[Turn]


def past_of(session: Session, mailbox_id: int) -> Past:
    """What was said in this conversation and is settled, which the turn under way is not."""
    turns = session.exec(
        select(Turn)
        .where(Turn.mailbox_id == mailbox_id, Turn.state == TurnState.SETTLED)
        .order_by(col(Turn.started_at).desc())
        .limit(TURNS)
    ).all()
    messages = session.exec(
        select(Message)
        .where(Message.mailbox_id == mailbox_id, Message.state == MessageState.SETTLED)
        .order_by(*(column.desc() for column in AS_WRITTEN))
        .limit(EARLIER + 2 * TURNS)
    ).all()
    bubbles = session.exec(
        select(Bubble)
        .where(Bubble.mailbox_id == mailbox_id)
        .order_by(col(Bubble.position).desc())
        .limit(4 * TURNS)
    ).all()
    return Past(messages[::-1], bubbles[::-1], turns[::-1])


def earlier(past: Past) -> list[ModelMessage]:
    """Earlier talk as messages, oldest first: what they wrote, what the model said and did."""
    told: list[tuple[datetime, list[ModelMessage]]] = []
    of_turn: dict[str, list[Message]] = {turn.id: [] for turn in past.turns}
    for message in past.messages:
        if message.turn_id in of_turn:
            of_turn[message.turn_id].append(message)
        elif message.turn_id is None:
            told.append((message.received_at, [_alone(message)]))
    for bubble in past.bubbles:
        if bubble.kind == OPERATOR and bubble.state not in _NEVER_LEFT:
            told.append((bubble.created_at, [_by_a_person(bubble)]))
    for turn in past.turns:
        told.append((turn.started_at, _turn(turn, of_turn[turn.id], past.bubbles)))
    told.sort(key=lambda entry: entry[0])
    return repair_messages([message for _, messages in told for message in messages])


def _alone(message: Message) -> ModelMessage:
    if message.outcome == BY_A_PERSON:
        told = by_a_person(f"m{message.ref}", message.text or "[a picture]", message.received_at)
        return ModelRequest(parts=[UserPromptPart(told, timestamp=message.received_at)])
    if message.direction == "outbound":
        return ModelResponse(parts=[TextPart(message.text)], timestamp=message.received_at)
    return ModelRequest(parts=[UserPromptPart(written(message), timestamp=message.received_at)])


def _by_a_person(bubble: Bubble) -> ModelMessage:
    """What an operator wrote in our place. Told as data, not as ours: the model did not say it."""
    is_certain = bubble.state not in (BubbleState.UNCONFIRMED, BubbleState.UNRESOLVED)
    told = by_a_person(f"m{bubble.ref}", bubble.text, bubble.created_at, is_certain=is_certain)
    return ModelRequest(parts=[UserPromptPart(told, timestamp=bubble.created_at)])


_NEVER_LEFT = (
    BubbleState.PREPARED,
    BubbleState.REJECTED,
    BubbleState.CANCELLED,
    BubbleState.EXPIRED,
)
"""States of an operator's words that nobody has read."""


def _turn(turn: Turn, messages: Sequence[Message], bubbles: Sequence[Bubble]) -> list[ModelMessage]:
    """One earlier turn. Without model messages (a static notice) its bubbles tell it."""
    heard_later = _user_texts(turn)
    asked = [
        UserPromptPart(written(m), timestamp=m.received_at)
        for m in messages
        if not any(text.startswith(beginning(f"m{m.ref}")) for text in heard_later)
    ]
    opening: list[ModelMessage] = [ModelRequest(parts=asked)] if asked else []
    if turn.messages:
        return opening + read_again(turn.messages)
    said = [TextPart(b.text) for b in bubbles if b.turn_id == turn.id and b.message_id]
    return opening + ([ModelResponse(parts=said, timestamp=turn.started_at)] if said else [])


def _user_texts(turn: Turn) -> list[str]:
    """What the model was told by people while the turn went on: it stands in its messages."""
    parts = [part for message in turn.messages or [] for part in message.get("parts", [])]
    contents = [part["content"] for part in parts if part.get("part_kind") == "user-prompt"]
    return [content if isinstance(content, str) else str(content[0]) for content in contents]


def kept_since(messages: Sequence[ModelMessage], given: object) -> list[Any]:
    """A turn's model messages as a row keeps them: what followed the burst, without instructions.

    The burst itself is in the message rows.

    Args:
        given: The last part of the burst. The library merges neighbouring requests, so the request
            that holds it is where the turn begins.
    """
    burst_at = [i for i, message in enumerate(messages) if any(p is given for p in message.parts)]
    return as_kept(messages[burst_at[-1] + 1 :] if burst_at else [])


def burst(
    messages: Sequence[Message],
    *,
    photos: Mapping[str, BinaryContent | str],
    quoted: Mapping[str, str],
    overtaken: Mapping[int, int] | None = None,
) -> list[UserPromptPart]:
    """The burst as the model reads it: each message a user message of its own, photos with it.

    Args:
        photos: Handle (`m12.1`) to the photo, or to a note saying why it cannot be seen.
        quoted: AgentPhone's message id to `m9 “…”`, for what a message answers in thread.
        overtaken: The reference of a message that came late, to that of the first one which was
            written after it and read before it.
    """
    late = overtaken or {}
    return [
        UserPromptPart(
            _content(message, photos, quoted, late.get(message.ref)), timestamp=message.received_at
        )
        for message in messages
    ]


def _content(
    message: Message,
    photos: Mapping[str, BinaryContent | str],
    quoted: Mapping[str, str],
    before: int | None,
) -> str | list[UserContent]:
    words = written(message, quoted, before)
    content: list[UserContent] = [words]
    for handle in handles(message):
        match photos.get(handle):
            case BinaryContent() as photo:
                content += [f"[{handle}: a picture they sent]", named(photo, handle)]
            case note:
                content.append(f"[{handle}: {note or 'an attachment'}]")
    return content if len(content) > 1 else words


def written(
    message: Message, quoted: Mapping[str, str] | None = None, before: int | None = None
) -> str:
    """One message as text: our line in square brackets, then their words untouched."""
    return line(
        message,
        f"m{message.ref}",
        late=None if before is None else f"m{before}",
        answered=(quoted or {}).get(message.reply_to_message_id or ""),
    )


def facts_of(items: Iterable[str]) -> str:
    """What is remembered, as one line of data: others with a key may have written there, too."""
    return "; ".join(one_line(item, at_most=FACT_LENGTH) for item in items) or "nothing yet"
