"""How things stand when a scenario begins: the people, the line, what is remembered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, model_validator

from evals.format.expectations import Channel, Part
from evals.format.turns import Earlier
from phone.emulator.handles import NoHandle
from phone.emulator.handles import handle as normal_handle

EVENING = datetime(2026, 3, 3, 18, tzinfo=UTC)
"""The time at which a scenario begins that names none."""


def _handle(text: str) -> str:
    try:
        return normal_handle(text)
    except NoHandle as error:
        raise ValueError(str(error)) from error


Handle = Annotated[str, AfterValidator(_handle)]


class Person(Part):
    """Somebody with a phone."""

    name: str = Field(min_length=1)
    """What they are called; turns name them by it."""
    handle: Handle
    """Their number (E.164, best in +1555555…) or e-mail address."""
    imessage: bool = True
    """Whether they have iMessage."""
    reachable: bool = True
    """When false, what is sent to them fails."""


class Group(Part):
    """The group in which it all takes place; the agent is in it."""

    name: str | None = None
    """What it is called."""
    members: list[str] = Field(min_length=2, max_length=32)
    """The names of the people in it."""


class Memory(Part):
    """What is remembered of the conversation at the start."""

    facts: list[str] = Field(default=[])
    """Short sentences about the person."""
    summary: str = ""
    """What earlier talk came to."""
    flags: dict[str, JsonValue] = Field(default={})
    """What the operator or the harness marked."""
    state: dict[str, JsonValue] = Field(default={})
    """Your own typed state (`OwnState`)."""
    foreign: dict[str, JsonValue] = Field(default={})
    """What others keep in the conversation's metadata: key and value."""

    @model_validator(mode="after")
    def _others(self) -> Self:
        if "threedots" in self.foreign:
            raise ValueError(
                "foreign has the key threedots, which is ours; use facts, flags, state"
            )
        return self


class Start(Part):
    """How things stand before the first turn."""

    clock: AwareDatetime = EVENING
    """The time, ISO 8601 with a zone; an evening in March 2026 when left out, so that it is the
    same in every run."""
    line: Channel = "imessage"
    """Which line of ours they write to."""
    channel: Channel | None = None
    """What they write on at first; what their phone and the line can do best when left out."""
    people: list[Person] = Field(min_length=1)
    """Everybody who takes part; the first is meant where nobody is named."""
    group: Group | None = None
    """The group it takes place in; a conversation with one person when left out."""
    memory: Memory = Field(default_factory=Memory)
    """What is remembered."""
    history: list[Earlier] = Field(default=[])
    """What was said before, oldest first."""
