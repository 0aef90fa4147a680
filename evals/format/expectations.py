"""What a scenario expects: what the agent is to do and say, and what it must not."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import regex
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

ANY_TAPBACK = "any"
"""Stands for whichever tapback."""


class Part(BaseModel):
    """A part of a scenario. A name that is not known is an error: a slip is no wish."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        populate_by_name=True,
        allow_inf_nan=False,
        defer_build=True,  # until a scenario is read: most commands read none
    )


def _whole(seconds: float) -> float | int:
    return int(seconds) if float(seconds).is_integer() else seconds


Seconds = Annotated[
    float, Field(ge=0, le=10_000_000), PlainSerializer(_whole, return_type=float | int)
]

Channel = Literal["imessage", "sms"]


def _known_pattern(pattern: str) -> str:
    try:
        regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


def _known_text(text: str) -> str:
    if not text:
        raise ValueError("is empty; write the words, or a pattern between slashes: /tea|coffee/")
    if is_pattern(text):
        _known_pattern(text[1:-1])
    return text


def is_pattern(text: str) -> bool:
    """Whether a text stands for a regular expression: it does between slashes."""
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


Pattern = Annotated[str, AfterValidator(_known_pattern)]

Words = Annotated[str, AfterValidator(_known_text)]
"""Words to be found as they are, whatever their case; between slashes a regular expression."""

Reference = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*(\.[1-9][0-9]*)?$")]
"""A message: `last` is the agent's newest bubble and `agent.2` its second one since the start; the
id of a turn or of an earlier message is that message, and `order.2` the second of a burst."""


class Argument(Part):
    """What an argument of a tool call is to be: one of these is given."""

    equals: JsonValue = None
    """This very value."""
    matches: Pattern | None = None
    """A text in which this regular expression is found."""
    any_order: list[JsonValue] | None = None
    """A list of these items, in any order."""
    message: Reference | None = None
    """The agent's own reference (`m12`) of this message of the scenario."""

    @model_validator(mode="after")
    def _one(self) -> Argument:
        if len(self.model_fields_set) != 1:
            raise ValueError("give one of equals, matches, any_order and message")
        return self

    @model_serializer(mode="wrap")
    def _given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Only what is given: `equals: null` says something."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Called(Part):
    """A tool the agent is to call."""

    tool: str = Field(min_length=1)
    """Its name: `react`, `remember`…"""
    arguments: dict[str, Argument] = {}
    """What is expected of its arguments; those not named may be anything."""
    times: int | None = Field(default=None, ge=1)
    """How often exactly; at least once when left out."""


class MemoryPart(Part):
    """Parts of the agent's memory of the conversation."""

    facts: list[str] | None = None
    """Short sentences about the person."""
    summary: str | None = None
    """What earlier talk came to."""
    flags: dict[str, JsonValue] | None = None
    """What the operator or the harness marked."""
    state: dict[str, JsonValue] | None = None
    """Your own typed state (`OwnState`)."""


class MemoryExpected(Part):
    """What the agent's memory is to be; parts not named may be anything."""

    is_: MemoryPart | None = Field(default=None, alias="is")
    """These parts are exactly so."""
    contains: MemoryPart | None = None
    """These parts have this in them: facts and the summary these words (or /pattern/), flags and
    state these keys with these values."""


class Expectations(Part):
    """What is expected of the agent, of one turn or of the whole: all that is given holds."""

    called: list[Called] = []
    """Tools it calls, in any order and among others."""
    in_order: bool = False
    """Whether the tools above are called in the order given."""
    not_called: list[str] = []
    """Tools it does not call."""
    bubbles_at_most: int | None = Field(default=None, ge=0)
    """The most bubbles that arrive."""
    silent: bool | None = None
    """True: neither words nor a tapback. False: one of them."""
    reacted: str | None = None
    """A tapback in place of words: one of the six, an emoji, or `any`."""
    threaded_to: Reference | None = None
    """A bubble answers this message in thread."""
    delivered_on: Channel | None = None
    """The channel on which every bubble arrives."""
    answered_within: Seconds | None = None
    """Seconds from the last text to the first bubble, at most."""
    memory: MemoryExpected | None = None
    """What is remembered afterwards."""
    foreign_keys_unchanged: bool = False
    """Whether the metadata keys of others are as they were at the start, or were edited since."""
    said: list[Words] = []
    """What the bubbles, taken together, say: each of these words, or /pattern/."""
    never_said: list[Words] = []
    """What no bubble says: none of these words, or /pattern/."""
    judged: list[str] = []
    """Rubrics for a judge: each a statement about the answer which is to be true."""
    critical: bool = False
    """Whether one of these failing is enough to close the gate."""

    @model_validator(mode="after")
    def _agree(self) -> Expectations:
        wanted = {each.tool for each in self.called}
        if both := wanted & set(self.not_called):
            raise ValueError(f"{', '.join(sorted(both))} is both called and not_called")
        if self.silent and (self.said or self.reacted or self.threaded_to):
            raise ValueError("silent, and yet something is said or tapped; leave one of them out")
        return self
