"""A scenario: a conversation as it stands, what people do next, and what is expected of the agent.

    name: A correction before the answer
    start: {people: [{name: Ana, handle: "+15555550124"}]}
    turns:
    - burst: [{text: A table for two}, {pause: 0.8, text: three I mean}]
      expect: {said: [three], bubbles_at_most: 2}

Read and written by `evals/scenario_files.py`; docs/scenarios.md explains the format.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from evals.editing import Edit
from evals.expectations import Channel, Expectations, Part, Reference, Seconds
from phone.emulator.faults import ApiFault, WebhookFault
from phone.emulator.handles import NoHandle
from phone.emulator.handles import handle as normal_handle

AGENT = "agent"
"""Who the agent is, where it is said who wrote."""

EVENING = datetime(2026, 3, 3, 18, tzinfo=UTC)
"""The time at which a scenario begins that names none."""

LAST = "last"
"""The agent's newest bubble."""


def _handle(text: str) -> str:
    try:
        return normal_handle(text)
    except NoHandle as error:
        raise ValueError(str(error)) from error


def _picture(text: str) -> str:
    is_far = text.startswith("https://") and len(text) > len("https://")
    is_near = text and ":" not in text and not text.startswith("/") and ".." not in text.split("/")
    if not (is_far or is_near):
        raise ValueError(
            f"{text!r} is no picture: give an https address, or a file beside the scenario"
        )
    return text


def _own_id(text: str) -> str:
    if text in (AGENT, LAST):
        raise ValueError(f"{text!r} means the agent's bubbles; choose another id")
    return text


Handle = Annotated[str, AfterValidator(_handle)]
Picture = Annotated[str, AfterValidator(_picture)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$"), AfterValidator(_own_id)]


def _one_name(named: str | dict[str, JsonValue]) -> str | dict[str, JsonValue]:
    if not named or (isinstance(named, dict) and len(named) != 1):
        raise ValueError("an evaluator is its name, or its name with what it is given: `Name: 200`")
    return named


Named = Annotated[str | dict[str, JsonValue], AfterValidator(_one_name)]


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


class Written(Part):
    """Something somebody writes or taps: words, pictures, or a tapback."""

    who: str | None = None
    """Their name; the first of the people when left out."""
    text: str = ""
    """The words."""
    media: list[Picture] = Field(default=[], max_length=20)
    """Pictures: https addresses, for which a stand-in is shown, or files beside the scenario."""
    reply_to: Reference | None = None
    """The message it answers in thread."""
    channel: Channel | None = None
    """What it is written on, and from then on: a switch. As before when left out."""
    tapback: str | None = Field(default=None, min_length=1)
    """One of the six, or an emoji; `on` says on which message."""
    on: Reference | None = None
    """The message tapped back on."""

    @property
    def is_written(self) -> bool:
        """Whether there are words or pictures."""
        return bool(self.text or self.media)

    def check(self) -> None:
        """Raise ValueError for a tapback as nobody can give it."""
        if (self.tapback is None) != (self.on is None):
            raise ValueError("a tapback needs both: tapback (which) and on (which message)")
        if self.tapback is not None and (self.is_written or self.reply_to):
            raise ValueError("a tapback has no words, pictures or reply_to; let it stand alone")


class Earlier(Written):
    """A message from before the start."""

    id: Id | None = None
    """By which turns refer to it."""
    who: str | None = None
    """A person's name, or `agent`; the first of the people when left out."""
    at: AwareDatetime | None = None
    """When it was, ISO 8601; when left out, just before what follows."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        self.check()
        if self.tapback is None and not self.is_written:
            raise ValueError("nothing is written: give text, media or a tapback")
        return self


class BurstPart(Written):
    """One of several messages sent after one another."""

    pause: Seconds = 0.0
    """Seconds since the one before."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        self.check()
        if self.tapback is None and not self.is_written:
            raise ValueError("nothing is written: give text, media or a tapback")
        return self


class Turn(Written):
    """What happens next, and what is expected of the agent then.

    One of these: something written (text, media), a burst, a tapback, faults, webhook_faults,
    edit, advance.
    """

    id: Id | None = None
    """By which later turns refer to what was written in this one."""
    burst: list[BurstPart] | None = Field(default=None, min_length=1)
    """Several messages with pauses between them."""
    faults: list[ApiFault] | None = None
    """How the agent's next calls of the API fail, as `PUT /handset/faults` takes them."""
    webhook_faults: list[WebhookFault] | None = None
    """What happens to the next webhooks, as `PUT /handset/webhook-faults` takes them."""
    edit: Edit | None = None
    """What a person writes into the conversation's metadata, as in AgentPhone's dashboard."""
    advance: Seconds | None = None
    """Seconds by which the clock is moved on."""
    expect: Expectations = Field(default_factory=Expectations)
    """What is expected once the agent has ended its turn."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        self.check()
        done = [name for name in _KINDS if getattr(self, name) is not None]
        if self.is_written:
            done.append("text or media")
        if len(done) != 1:
            told = f"there are {len(done)} ({', '.join(done)})" if done else "there is nothing"
            raise ValueError(f"{told}; a turn is one of text or media, {', '.join(_KINDS)}")
        is_acted = self.is_written or self.tapback is not None
        if not is_acted and (self.who or self.reply_to or self.channel):
            raise ValueError("who, reply_to and channel go with what is written; a burst has parts")
        return self

    @property
    def written(self) -> list[Written]:
        """What people do in it, in order; nothing where only the clock or the line is touched."""
        if self.burst is not None:
            return list(self.burst)
        return [self] if self.is_written or self.tapback is not None else []


_KINDS = ("burst", "tapback", "faults", "webhook_faults", "edit", "advance")


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


class SimulatedPerson(Part):
    """A person played by a model, after the written turns."""

    who: str | None = None
    """Whom it plays; the first of the people when left out."""
    persona: str = Field(min_length=1)
    """Who they are and how they text."""
    goal: str = Field(min_length=1)
    """What they want; they stop once they have it."""
    facts: list[str] = Field(default=[])
    """What they know and tell when asked; they make up nothing beyond it."""
    max_turns: int = Field(default=10, ge=1, le=100)
    """The most turns they take."""


class Scenario(Part):
    """A conversation as it stands, what people do next, and what is expected of the agent."""

    name: str = Field(min_length=1)
    """What it is about, in a few words."""
    description: str = ""
    """What it shows, and why it matters."""
    tags: list[str] = Field(default=[])
    """By which it is chosen among others."""
    start: Start
    """How things stand before the first turn."""
    turns: list[Turn] = Field(default=[])
    """What happens, in order."""
    simulated: SimulatedPerson | None = None
    """A person played by a model; written turns are what gates are made of."""
    expect: Expectations = Field(default_factory=Expectations)
    """What is expected of the whole, at the end."""
    evaluators: list[Named] = Field(default=[])
    """Evaluators of pydantic-evals that look at the whole: those of `evals/custom.py`, by name, or
    by name with an argument, `ShortBubbles: 200`."""

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if not self.turns and self.simulated is None:
            raise ValueError("nothing happens in it; give turns, or a simulated person")
        problems = [*_unknown_people(self), *_unknown_messages(self), *_twice(self)]
        if problems:
            raise ValidationError.from_exception_data("Scenario", problems)
        return self


Place = tuple[str | int, ...]


def _problem(place: Place, told: str) -> InitErrorDetails:
    error = PydanticCustomError("hangs_together", "{told}", {"told": told})
    return InitErrorDetails(type=error, loc=place, input=None)


def _twice(scenario: Scenario) -> Iterator[InitErrorDetails]:
    start = scenario.start
    people = [(("start", "people", nth), each) for nth, each in enumerate(start.people)]
    told = [((*place, "name"), each.name) for place, each in people]
    told += [((*place, "handle"), each.handle) for place, each in people]
    before = [(("start", "history", nth, "id"), each.id) for nth, each in enumerate(start.history)]
    since = [(("turns", nth, "id"), turn.id) for nth, turn in enumerate(scenario.turns)]
    seen: set[tuple[str | int, str]] = set()
    for place, name in [*told, *before, *since]:
        if name is not None and (place[-1], name) in seen:
            yield _problem(place, f"{name!r} is taken already; choose another")
        seen.add((place[-1], name or ""))


def _unknown_people(scenario: Scenario) -> Iterator[InitErrorDetails]:
    start = scenario.start
    known = {person.name for person in start.people}
    members = known if start.group is None else set(start.group.members)
    told = f"the people are {', '.join(sorted(known))}"
    for nth, person in enumerate(start.people):
        if person.name == AGENT:
            yield _problem(("start", "people", nth, "name"), "is agent, our own; write Agent")
    for name in sorted(members - known):
        yield _problem(("start", "group", "members"), f"{name!r} is nobody known; {told}")
    for place, each in _written(scenario):
        may = {*members, AGENT} if isinstance(each, Earlier) else members
        if each.who is not None and each.who not in may:
            yield _problem((*place, "who"), f"{each.who!r} is nobody here; {told}")
    if scenario.simulated and scenario.simulated.who not in (None, *members):
        yield _problem(("simulated", "who"), f"{scenario.simulated.who!r} is nobody here; {told}")


def _unknown_messages(scenario: Scenario) -> Iterator[InitErrorDetails]:
    """Messages that are referred to before there are any of that id."""
    counts: dict[str, int] = {}
    for nth, earlier in enumerate(scenario.start.history):
        yield from _missing(("start", "history", nth), _referred(earlier), counts)
        if earlier.id:
            counts[earlier.id] = 1
    for nth, turn in enumerate(scenario.turns):
        before = dict(counts)
        if turn.id:
            counts[turn.id] = sum(each.is_written for each in turn.written)
        for place, each in _parts(nth, turn):
            yield from _missing(place, _referred(each), before)
        yield from _missing(("turns", nth, "expect"), _expected(turn.expect), counts)
    yield from _missing(("expect",), _expected(scenario.expect), counts)


def _referred(written: Written) -> list[tuple[Place, str | None]]:
    return [(("reply_to",), written.reply_to), (("on",), written.on)]


def _expected(expect: Expectations) -> list[tuple[Place, str | None]]:
    told = [
        (("called", nth, "arguments", name, "message"), argument.message)
        for nth, each in enumerate(expect.called)
        for name, argument in each.arguments.items()
    ]
    return [(("threaded_to",), expect.threaded_to), *told]


def _missing(
    place: Place, references: list[tuple[Place, str | None]], counts: dict[str, int]
) -> Iterator[InitErrorDetails]:
    for where, reference in references:
        name, _, number = (reference or LAST).partition(".")
        if (name, bool(number)) in ((LAST, False), (AGENT, True)):
            continue
        if name in (LAST, AGENT):
            told = f"is {reference!r}; write last, or agent.2 for the second bubble"
            yield _problem((*place, *where), told)
        elif int(number or 1) > counts.get(name, 0):
            known = ", ".join(sorted(counts)) or "no ids"
            told = f"is {reference!r}, which is not there by then; there are {known}, last, agent.1"
            yield _problem((*place, *where), told)


def _written(scenario: Scenario) -> Iterator[tuple[Place, Written]]:
    for nth, earlier in enumerate(scenario.start.history):
        yield ("start", "history", nth), earlier
    for nth, turn in enumerate(scenario.turns):
        yield from _parts(nth, turn)


def _parts(nth: int, turn: Turn) -> Iterator[tuple[Place, Written]]:
    """What people do in a turn, each with its place."""
    for place, each in enumerate(turn.written):
        yield ("turns", nth) if turn.burst is None else ("turns", nth, "burst", place), each
