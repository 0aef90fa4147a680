"""The tables, each with its story. What they hold outlives the process; nothing else does.

event ─┐  every signed webhook, raw           mailbox   one conversation: its lease, its memory
event_key  what makes it a duplicate             ├── message   what people wrote and tapped
dead_letter  unreadable, or poison               ├── turn      one burst and what was done about it
consent    the opt-out ledger, append-only       │     └── tool_call   written before it runs
                                                 ├── bubble    the outbox: one outbound message each
                                                 ├── transcript   the record of a settled turn
                                                 └── metadata_entry  the metadata's recent past

What concerns no conversation is in `memory/keepsakes.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel, col

from memory.columns import UTCDateTime


class MessageState(StrEnum):
    """Where an inbound message stands: every acknowledged one ends settled, with an outcome."""

    WAITING = "waiting"
    TAKEN = "taken"
    SETTLED = "settled"


class TurnState(StrEnum):
    """Whether a turn is still somebody's work."""

    RUNNING = "running"
    SETTLED = "settled"


class BubbleState(StrEnum):
    """The life of an outbound message.

    prepared ─▶ dispatched ─▶ confirmed | rejected | unconfirmed ─▶ confirmed_late | unresolved
        └─▶ cancelled | expired
    """

    PREPARED = "prepared"
    DISPATCHED = "dispatched"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNCONFIRMED = "unconfirmed"
    CONFIRMED_LATE = "confirmed_late"
    UNRESOLVED = "unresolved"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ToolState(StrEnum):
    """What became of a tool call. `pending` in a dead turn means: unknown whether it happened."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Event(SQLModel, table=True):
    """A webhook AgentPhone signed, as it came. The raw bytes stay the truth.

    Attributes:
        why: Why it started nothing (`outbound`, `voice`, `unknown_event`…); None when it did.
        duplicates: How often it was delivered once more, which changed nothing.
    """

    id: int | None = Field(default=None, primary_key=True)
    webhook_id: str
    event: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    why: str | None = None
    duplicates: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    received_at: datetime = Field(sa_type=UTCDateTime)


class EventKey(SQLModel, table=True):
    """One way to recognise an event that comes again: `msg:…`, `hook:…` or `sha:…`."""

    __tablename__ = "event_key"

    key: str = Field(primary_key=True)
    event_id: int = Field(foreign_key="event.id", index=True)


class DeadLetter(SQLModel, table=True):
    """What nobody could deal with, kept for a person: an unreadable body, or a poison message.

    Attributes:
        body: The webhook's body as it came; empty when it is no longer there.
        digest: What it is kept once by: the SHA-256 in hex of the body, or of the poison message.
        inbound_id: The message that broke its turn again and again; None for an unreadable body.
    """

    __tablename__ = "dead_letter"

    id: int | None = Field(default=None, primary_key=True)
    webhook_id: str
    reason: str
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    digest: str = Field(unique=True, index=True)
    inbound_id: int | None = None
    received_at: datetime = Field(sa_type=UTCDateTime)


class Mailbox(SQLModel, table=True):
    """One conversation: where its messages wait, who is working on it, what is remembered of it.

    Attributes:
        conversation_id: AgentPhone's id; None until a payload or a send tells it.
        address: `our number|group id or participant`: how it is found before its id is known.
        number: Our number in it, E.164; what we send from.
        participant: The person's handle; in a group, the handle who wrote last.
        channel: What the last inbound message came on.
        due_at: Since when work waits here; None when there is none.
        claim_at: Its place in line (`memory.in_line`), while it is due; the earliest is next.
        lease_epoch: Rises with every claim; what an older claim writes is refused.
        next_ref: The next short reference (`m12`) of this conversation.
        state: Our own copy of the memory (`ConversationState`), the truth while AgentPhone is away.
        state_seen: What we last saw or wrote at AgentPhone: the base of a merge.
        state_saved: False while `state` has not reached AgentPhone.
        state_blocked: Why it must not be written there at all just now, in words; None when it may.
        others: Ids of the newest outbound messages that somebody else sent: no bubble is theirs.
    """

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: str | None = Field(default=None, unique=True, index=True)
    address: str = Field(index=True)
    agent_id: str | None = None
    number_id: str | None = None
    number: str
    participant: str
    is_group: bool = False
    group_id: str | None = None
    group_name: str | None = None
    channel: str = "sms"
    due_at: datetime | None = Field(default=None, sa_type=UTCDateTime, index=True)
    claim_at: datetime = Field(default=datetime(1970, 1, 1, tzinfo=UTC), sa_type=UTCDateTime)
    lease_owner: str | None = None
    lease_epoch: int = 0
    leased_until: datetime | None = Field(default=None, sa_type=UTCDateTime)
    next_ref: int = 1
    history_seeded: bool = False
    state: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    state_seen: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    state_saved: bool = True
    state_blocked: str | None = Field(default=None, sa_type=Text)
    others: list[str] = Field(default=[], sa_type=JSON)
    created_at: datetime = Field(sa_type=UTCDateTime)


class Message(SQLModel, table=True):
    """What somebody wrote or tapped; also earlier talk read back from AgentPhone on first contact.

    Attributes:
        ref: The short reference the model sees, counted per conversation together with bubbles.
        message_id: AgentPhone's id; None in older payloads, and for tapbacks, which have none.
        kind: `text` or `tapback`.
        sender: The handle of who wrote it.
        media: Addresses of attachments. Secret: whoever holds one can fetch the photo.
        keyword: `stop`, `start`, `help` where it asks for it; `crisis`, `child` where it tells it.
        reaction: For a tapback: one of the six, or an emoji.
        target_message_id: For a tapback: the message reacted to.
        reply_to_message_id: The message it answers in thread, when AgentPhone told us.
        outcome: How it ended, once settled: the turn's outcome, or `dropped(reason)`.
        event_id: The webhook that brought it, which may be deleted before it; None for talk that
            was read back.
    """

    __table_args__ = (UniqueConstraint("mailbox_id", "ref"),)

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id", index=True)
    ref: int
    message_id: str | None = Field(default=None, unique=True, index=True)
    kind: str = "text"
    direction: str = "inbound"
    sender: str
    sender_name: str | None = None
    text: str = Field(default="", sa_type=Text)
    media: list[str] = Field(default=[], sa_type=JSON)
    channel: str = "sms"
    keyword: str | None = None
    reaction: str | None = None
    target_message_id: str | None = None
    target_text: str | None = Field(default=None, sa_type=Text)
    reply_to_message_id: str | None = None
    state: str = Field(default=MessageState.WAITING, index=True)
    turn_id: str | None = Field(default=None, index=True)
    outcome: str | None = None
    event_id: int | None = None
    received_at: datetime = Field(sa_type=UTCDateTime)
    stored_at: datetime = Field(sa_type=UTCDateTime)


AS_WRITTEN = (col(Message.received_at), col(Message.message_id), col(Message.id))
"""The order in which messages were written. Within a millisecond AgentPhone's ids tell it, which
rise with time; where an older payload leaves them out, the order in which they reached us."""


class Turn(SQLModel, table=True):
    """One burst of inbound messages and everything done about it: what a transcript is made of.

    Attributes:
        session: Behind which door it was begun: `live`, `local` or `eval`.
        epoch: The lease it ran under.
        attempts: How often a worker has begun or taken it up and was not merely interrupted; above
            one, it broke or a worker died in it (`memory.crashes`).
        outcome: `answered`, `reacted`, `silent`, `handed_over`, `dropped`, `failed`.
        reason: Why, for the outcomes that have one.
        prompt_hash: Short hash of the prompt files used.
        instructions: What the model was instructed, as sent.
        messages: The turn's model messages, pydantic-ai's own JSON.
        usage: Tokens and requests spent.
        reserved_micros: Millionths of a dollar it has cost and its next request may.
        memory_before, memory_after: The `ConversationState`, when the turn began and ended.
        memory_note: What is to be known about saving it: what had to go, or why it was not saved.
        notes: What only the run sees (`memory.notes.Notes`), until it is in the turn's transcript.
    """

    __table_args__ = (
        Index(
            "one_running_turn",
            "mailbox_id",
            unique=True,
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: str = Field(primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id", index=True)
    session: str | None = None
    epoch: int
    attempts: int = 1
    state: str = Field(default=TurnState.RUNNING, index=True)
    outcome: str | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    channel: str = "sms"
    model: str | None = None
    prompt_hash: str | None = None
    instructions: str | None = Field(default=None, sa_type=Text)
    messages: list[Any] | None = Field(default=None, sa_type=JSON)
    usage: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    reserved_micros: int | None = Field(default=None, sa_type=BigInteger)
    memory_before: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    memory_after: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    memory_saved: bool | None = None
    memory_note: str | None = Field(default=None, sa_type=Text)
    notes: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    started_at: datetime = Field(sa_type=UTCDateTime)
    settled_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class ToolCall(SQLModel, table=True):
    """A tool the model called, written before it ran, so a crash leaves no repeat."""

    __tablename__ = "tool_call"

    id: int | None = Field(default=None, primary_key=True)
    turn_id: str = Field(foreign_key="turn.id", index=True)
    call_id: str
    name: str
    arguments: dict[str, Any] = Field(default={}, sa_type=JSON)
    state: str = ToolState.PENDING
    result: Any = Field(default=None, sa_type=JSON)
    started_at: datetime = Field(sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Bubble(SQLModel, table=True):
    """One outbound message: the outbox. Written before it is sent, and sent at most once.

    Attributes:
        id: Ours; AgentPhone has no idempotency key, so it stays on this side.
        position: Order within the conversation; a bubble leaves when the one before it is finished.
        kind: `reply`; `notice` for the static words about STOP, START and HELP, and `crisis`, which
            may go to somebody who opted out; `apology` when no model could be had; `first` when
            nobody had asked; `operator` when a person wrote it.
        media: https addresses, resolved from handles.
        attempt: How often its POST was begun; more than once only after a definite "not sent".
        code: AgentPhone's code or ours, for states other than confirmed.
        reason: The same in words, for the operator and the model.
        channel: What it really went out on, once confirmed.
        threaded: For a reply: whether it arrived in thread.
        look_at: When the conversation is read back next to find out whether it went out; None when
            nobody looks for it any more.
        delivery: `failed` when AgentPhone took it and later could not deliver it; None otherwise.
        learnt_at: When its fate was learnt after its turn had gone on: the next turn is told.
        resend_of: The bubble that a person had sent again as this one.
    """

    __table_args__ = (UniqueConstraint("mailbox_id", "ref"),)

    id: str = Field(primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id", index=True)
    turn_id: str | None = Field(default=None, foreign_key="turn.id", index=True)
    call_id: str | None = None
    position: int
    ref: int
    kind: str = "reply"
    text: str = Field(default="", sa_type=Text)
    media: list[str] = Field(default=[], sa_type=JSON)
    send_style: str | None = None
    reply_to_message_id: str | None = None
    state: str = Field(default=BubbleState.PREPARED, index=True)
    attempt: int = 0
    code: str | None = None
    reason: str | None = Field(default=None, sa_type=Text)
    message_id: str | None = Field(default=None, unique=True, index=True)
    channel: str | None = None
    threaded: bool | None = None
    created_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)
    dispatched_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    look_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    delivery: str | None = None
    learnt_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    resend_of: str | None = None


class Consent(SQLModel, table=True):
    """One entry of the opt-out ledger. Append-only: a person's latest entry is what holds.

    Attributes:
        participant: Their handle, which covers all our numbers and channels; or a group's id.
        opted_out: True for STOP, False for START.
        how: What said so: `keyword`, `words`, `model`, `metadata`, `platform`, `operator`.
        evidence: The word they wrote, or where it was found.
    """

    id: int | None = Field(default=None, primary_key=True)
    participant: str = Field(index=True)
    opted_out: bool
    how: str
    evidence: str | None = None
    message_id: str | None = None
    at: datetime = Field(sa_type=UTCDateTime)


class MetadataKind(StrEnum):
    """What a `metadata_entry` keeps."""

    READ = "read"
    WRITTEN = "written"
    UNREADABLE = "unreadable"
    ARCHIVED = "archived"


class MetadataEntry(SQLModel, table=True):
    """The past of a conversation's metadata: AgentPhone keeps none, and every save replaces it all.

    Attributes:
        kind: `read` and `written`: the whole metadata as it was read, or about to be written.
            `unreadable`: what stood under our key and could not be read. `archived`: facts or a
            summary for which there was no more room.
        content: JSON text.
        rev: The revision of our memory in it, or at the time.
    """

    __tablename__ = "metadata_entry"

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id", index=True)
    kind: str
    content: str = Field(sa_type=Text)
    rev: int | None = Field(default=None, sa_type=BigInteger)
    at: datetime = Field(sa_type=UTCDateTime)


class Transcript(SQLModel, table=True):
    """The record of one settled turn. Append-only: what is learnt later stands elsewhere.

    Attributes:
        record: A `memory.transcript.TurnRecord` as JSON text; the other columns only find it.
        turn_id: The turn's row may be deleted before this.
        last_message_id: The conversation's newest message then: the next record begins after it.
    """

    __table_args__ = (Index("transcripts_of_mailbox", "mailbox_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    turn_id: str = Field(unique=True, index=True)
    mailbox_id: int = Field(foreign_key="mailbox.id")
    session: str
    outcome: str
    model: str | None = None
    prompt_hash: str | None = None
    last_message_id: int
    started_at: datetime = Field(sa_type=UTCDateTime, index=True)
    record: str = Field(sa_type=Text)
