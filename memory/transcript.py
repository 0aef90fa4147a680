"""The record of a turn: one JSON object that is log, replay and test case at once.

Version 1. Written once, when its turn ends, and never changed. What is learnt of it afterwards is
put beside it under `since` whenever it is read. `docs/turn-record.md` explains it to whoever turns
it into something else; `docs/turn-record.schema.json` is written from this file.

Times are ISO 8601 in UTC, durations are seconds, references (`m12`) count within a conversation.
No key, no secret and no address of a photo is in it: pictures are named by their handle (`m12.1`).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

VERSION: Literal[1] = 1

SessionKind = Literal["live", "local", "eval"]
"""Behind which door a turn was taken: `serve`, `phone` and `chat`, or an evaluation."""

ARRIVED = ("confirmed", "confirmed_late")
"""The statuses of a bubble that is on their screen."""

Dollars = Annotated[
    Decimal, PlainSerializer(float, return_type=float, when_used="json"), Field(ge=0)
]


class Part(BaseModel):
    """A part of the record: its fields' sentences are the schema's descriptions."""

    # Built when first used: it would be a fiftieth of the time that a command takes to start.
    model_config = ConfigDict(use_attribute_docstrings=True, defer_build=True)


class Place(Part):
    """The conversation, as it was known when the turn ended."""

    conversation_id: str | None
    """AgentPhone's id; null when it was not known yet."""
    number: str
    """Our number in it, E.164."""
    participant: str
    """The person's handle (E.164 or e-mail); in a group, of who wrote last."""
    is_group: bool
    group_id: str | None
    group_name: str | None
    channel: str
    """What the newest message had come on when the turn began: `imessage`, `sms`, `mms`…"""


class Heard(Part):
    """Something that was written or tapped in the conversation."""

    ref: str
    """`m12`: what the model calls it."""
    in_turn: bool
    """Whether the turn was about it. False: it asked for no answer (a tapback noted, talk from
    before our time, a text dropped on arrival) and has come since the turn before."""
    message_id: str | None
    """AgentPhone's id; null for tapbacks, which have none, and in older payloads."""
    kind: Literal["text", "tapback", "approval"]
    """`approval`: an operator said yes to what waited for it; nobody wrote."""
    direction: str
    """`inbound`; `operator` for an approval; `outbound` only in talk that was read back from before
    our time, and where a person wrote in the agent's place."""
    sender: str
    """The handle of who wrote it."""
    sender_name: str | None
    text: str
    media: list[str]
    """The handles of its attachments: `m12.1`, `m12.2`…"""
    channel: str
    keyword: str | None
    """`stop`, `start` or `help` when the text asks for it; `crisis` when it tells of one,
    `child` when somebody under 13 says so."""
    reaction: str | None
    """For a tapback: one of the six, or an emoji."""
    target_message_id: str | None
    """For a tapback: the message reacted to."""
    target_text: str | None
    """For a tapback: how that message begins."""
    reply_to_message_id: str | None
    """The message it answers in thread, when AgentPhone told us."""
    by_a_person: bool = False
    """Whether a person of the owner's wrote it in the agent's place: an operator in the console, or
    somebody in AgentPhone's dashboard. No model said it."""
    outcome: str | None
    """How it ended: the turn's outcome with its reason, `noted`, `before`, `dropped(…)`."""
    received_at: datetime
    """When AgentPhone had it."""
    stored_at: datetime
    """When we had committed it."""

    @property
    def words(self) -> str:
        """It in a line: what was written, the tapback, or where there are no words the photos."""
        return self.text or self.reaction or " ".join(f"[{handle}]" for handle in self.media)


class PromptFile(Part):
    """A prompt file as it was read."""

    name: str
    """`instructions.md`"""
    sha256: str
    """Of its bytes, in hex."""
    is_own: bool
    """Whether it is from the owner's folder; false when the shipped one stood in for it."""


class Prompts(Part):
    """The prompts a turn was answered under."""

    version: str
    """Short hash over all of them: eight hex digits."""
    files: list[PromptFile]


class Tool(Part):
    """A tool as it was offered to the model."""

    name: str
    description: str | None
    parameters: dict[str, Any]
    """JSON Schema of its arguments."""
    ends_turn: bool
    """Whether calling it ends the turn, as `end_turn` does."""


class ModelRequest(Part):
    """One request to the model."""

    model: str | None
    """Which model answered; null when none did."""
    started_at: datetime
    seconds: float | None
    """Until the answer, or until it failed or was given up. Null: the process died meanwhile."""
    error: str | None
    """Why there is no answer: the error's class and status, or `cancelled`."""
    finish_reason: str | None
    input_tokens: int
    cache_read_tokens: int
    """Those of the input tokens that were read from the provider's cache."""
    output_tokens: int
    cost_usd: Dollars | None
    """Null when the price of the model is not known, or there was no answer."""
    is_thrown_away: bool
    """Whether they wrote on before anything had been done, so that all was thought anew."""


class Usage(Part):
    """What a turn spent on the model."""

    requests: int
    """Answers of the model."""
    tool_calls: int
    """Tool calls that were carried out."""
    input_tokens: int
    cache_read_tokens: int
    output_tokens: int
    cost_usd: Dollars | None
    """Null when the price of any of it is not known."""


class ToolCall(Part):
    """A tool the model called."""

    call_id: str
    """The `tool_call_id` in `messages`."""
    name: str
    arguments: dict[str, Any]
    """As they were validated, defaults filled in."""
    state: str
    """`done`, `failed` (it said no), `unknown` (stopped in the middle), `pending` (so died)."""
    result: Any
    """What the model was told."""
    started_at: datetime
    finished_at: datetime | None


class BubbleSent(Part):
    """A message we had to send, and what AgentPhone did with it."""

    act: Literal["bubble"] = "bubble"
    bubble_id: str
    ref: str
    call_id: str | None
    """The tool call that asked for it; null for the words that ended the turn, and notices."""
    kind: Literal["reply", "notice"]
    """`notice`: static words of ours, said without a model."""
    text: str
    media: list[str]
    """Handles of its pictures; `unlisted` for one that a tool of the owner's brought itself."""
    send_style: str | None
    """The effect that was asked for."""
    reply_to_message_id: str | None
    """The message it was to answer in thread; null also when that turned out to be gone."""
    status: str
    """`confirmed`, `rejected`, `unconfirmed`, `confirmed_late`, `unresolved`, `cancelled`,
    `expired`; `prepared` and `dispatched` only where the turn was given up."""
    code: str | None
    """AgentPhone's code or ours, for what was not simply confirmed."""
    reason: str | None
    attempts: int
    """How often its POST was begun; above one only after a definite "not sent"."""
    message_id: str | None
    channel: str | None
    """What it really went out on, once confirmed."""
    is_threaded: bool | None
    """Whether it arrived in thread; null when that was not asked for, or is not known."""
    lost: list[Literal["thread", "effect"]]
    """What was asked for and did not happen although the words arrived."""
    warnings: list[str] = []
    """Topics in its words that carriers filter by SMS (`alcohol`, `link`…), where it left all the
    same: by iMessage, or because you only want to be warned."""
    written_at: datetime
    dispatched_at: datetime | None
    """When its (last) POST began."""
    finished_at: datetime | None


class Act(Part):
    """Something we did beside words, once, as well as it went."""

    act: Literal["tapback", "background"]
    call_id: str | None
    asked: str | None
    """The tapback the model asked for; the handle of the background, null to remove it."""
    landed: str | None
    """The tapback that was sent in its stead, or the same; null when none was confirmed."""
    ref: str | None
    """The message tapped back on; null for a background."""
    status: Literal["confirmed", "rejected", "not_sent", "unconfirmed"]
    code: str | None
    reason: str | None
    started_at: datetime
    finished_at: datetime


class Typing(Part):
    """The typing bubble, as far as it can be known: it may fail without anyone noticing."""

    shown_at: datetime | None
    """When AgentPhone first took a typing call; null when it never did."""
    calls: int
    """How many it took."""
    failed: int


class Interruption(Part):
    """Something that changed the course of the turn while it went on."""

    what: Literal["began_again", "heard", "taken_up"]
    """`began_again`: they wrote before anything had been done, and all was thought anew.
    `heard`: they wrote later; the model read it with its next request.
    `taken_up`: the worker stopped or died, and another went on."""
    refs: list[str]
    """What they wrote; empty for `taken_up`."""
    at: datetime


class Remembered(Part):
    """The memory of the conversation; shapes as in `memory/state.py`."""

    before: dict[str, Any] | None
    """When the turn began; null when it was not loaded."""
    after: dict[str, Any] | None
    is_saved: bool | None
    """Whether AgentPhone has it; null when the turn never came to saving it."""
    note: str | None
    """What had to go to make room, or why it was not saved."""


class Latencies(Part):
    """How long the person waited, in seconds; from two clocks where several servers take part."""

    queue: float
    """From the commit of the oldest text of the turn to the turn's start."""
    first_dispatch: float | None
    """From the last text before it to the moment the first bubble left; null without one."""
    first_bubble: float | None
    """The same to AgentPhone's answer that it has taken it."""
    total: float
    """From the commit of the oldest text to the turn's end."""


class Learnt(Part):
    """What was learnt of a bubble after the turn's record had been written."""

    bubble_id: str
    status: str
    code: str | None
    reason: str | None
    message_id: str | None
    channel: str | None
    is_threaded: bool | None
    is_undelivered: bool
    """Whether AgentPhone took it and later could not deliver it."""
    sent_again_as: str | None
    """The bubble that a person had sent in its stead."""
    learnt_at: datetime | None


class TurnRecord(Part):
    """One turn: what was heard, thought, done and remembered, and how it ended."""

    version: Literal[1] = VERSION
    turn_id: str
    parent_turn_id: str | None
    """The turn this one follows: the one before in its conversation, null for the first. What has
    several children was forked."""
    session: SessionKind
    """`live`: on a real line; `local`: `threedots phone` or `chat`; `eval`: an evaluation."""
    conversation: Place
    outcome: str
    """`answered`, `reacted`, `silent`, `handed_over`, `dropped` or `failed`."""
    reason: str | None
    attempts: int
    """How often a worker began it or took it up; above one, it broke or a worker died in it."""
    started_at: datetime
    settled_at: datetime
    latencies: Latencies
    heard: list[Heard]
    """What the turn was about and what else has come since the turn before, in order of time."""
    interruptions: list[Interruption]
    model: str | None
    """The model that was to answer, or the chain of them; null when none was asked."""
    settings: dict[str, Any]
    """Settings of the last request, without extra headers and body, which may hold keys."""
    prompts: Prompts | None
    """Null when no model was asked."""
    instructions: str | None
    """The instructions as sent; null when no model was asked."""
    tools: list[Tool]
    """Those offered with the last request."""
    messages: list[dict[str, Any]]
    """The turn's own messages in pydantic-ai's JSON: the first request (our context, then what was
    heard), each answer, each further request. A photo is an `image-url` that names its handle:
    `media:m12.1`. Earlier talk is in the records of earlier turns."""
    requests: list[ModelRequest]
    """Every request to the model, in order; also those that failed or were thrown away."""
    tool_calls: list[ToolCall]
    wire: list[Annotated[BubbleSent | Act, Field(discriminator="act")]]
    """What we did to the line, in order of time: bubbles, tapbacks, backgrounds."""
    typing: Typing
    memory: Remembered
    usage: Usage
    thrown_away: Usage
    """The part of `usage` that went into thoughts that were thrown away."""
    since: list[Learnt] = []
    """Empty in what is kept; filled in when the record is read."""
    labels: list[str] = []
    """What people call it (`transcripts label`), sorted. Filled in in the same way."""


def schema() -> dict[str, Any]:
    """The record's JSON Schema, as readers get it."""
    return TurnRecord.model_json_schema(mode="serialization")
