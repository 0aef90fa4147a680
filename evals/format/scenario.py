"""A scenario: a conversation as it stands, what people do next, and what is expected of the agent.

    name: A correction before the answer
    start: {people: [{name: Ana, handle: "+15555550124"}]}
    turns:
    - burst: [{text: A table for two}, {pause: 0.8, text: three I mean}]
      expect: {said: [three], bubbles_at_most: 2}

Read and written by `evals/format/files.py`; docs/scenarios.md explains the format.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from evals.format.expectations import Expectations, Part
from evals.format.start import Start
from evals.format.turns import AGENT, LAST, Earlier, Turn, Written


def _one_name(named: str | dict[str, JsonValue]) -> str | dict[str, JsonValue]:
    if not named or (isinstance(named, dict) and len(named) != 1):
        raise ValueError("an evaluator is its name, or its name with what it is given: `Name: 200`")
    return named


Named = Annotated[str | dict[str, JsonValue], AfterValidator(_one_name)]


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
