"""A person played by a model: what they text next, by their persona, their goal and what they know.

One who breaks their part makes a run invalid: it says nothing of the agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import regex
from pydantic import BaseModel, Field
from pydantic_ai import Agent
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.models import Model

from evals.format.scenario import SimulatedPerson
from evals.format.turns import BurstPart, Turn

INSTRUCTIONS = Path(__file__).with_name("person.md")
"""What the model that plays somebody is instructed."""

READING = 5.0
"""Seconds they take until they text again."""

PAUSE = 0.5
"""Seconds between two texts of one thought."""

LONGEST = 1_000
"""Characters of a text beyond which it is no text any more."""

_OUT_OF_PART = regex.compile(
    r"\b(?:as an ai|(?:i am|i.m) an? (?:ai|language model|simulat)|large language model)\b",
    regex.IGNORECASE,
)


class BrokeThePart(Exception):
    """Who plays a person does not do so; the run says nothing of the agent."""


class Move(BaseModel):
    """What you do next."""

    texts: list[str] = Field(max_length=5, description="What you text now, a text each.")
    is_done: bool = Field(description="Whether you have what you want, or have given it up.")


async def next_move(
    person: SimulatedPerson, name: str, talk: Sequence[dict[str, Any]], model: Model
) -> Move:
    """What the person texts next, or that they are done. Raises `BrokeThePart`.

    Args:
        name: What they are called.
        talk: The messages on their screen, oldest first, as the handset API shows them.
    """
    template = Template(INSTRUCTIONS.read_text(encoding="utf-8"))
    instructions = template.substitute(
        name=name,
        persona=person.persona,
        goal=person.goal,
        facts="; ".join(person.facts) or "nothing in particular",
    )
    agent = Agent(model, output_type=Move, instructions=instructions, retries=2)
    try:
        move = (await agent.run(_told(talk))).output
    except AgentRunError as error:
        raise BrokeThePart(f"who plays {name} gave no text ({type(error).__name__})") from error
    texts = [text.strip() for text in move.texts if text.strip()]
    _check(name, texts, is_done=move.is_done)
    return Move(texts=texts, is_done=move.is_done)


def as_turn(person: SimulatedPerson, move: Move) -> Turn:
    """Their texts as a turn of the scenario."""
    parts = [
        BurstPart(who=person.who, text=text, pause=PAUSE if nth else 0.0)
        for nth, text in enumerate(move.texts)
    ]
    return Turn(burst=parts)


def _check(name: str, texts: Sequence[str], *, is_done: bool) -> None:
    if not texts and not is_done:
        raise BrokeThePart(f"who plays {name} texted nothing and was not done")
    for text in texts:
        if len(text) > LONGEST:
            raise BrokeThePart(f"who plays {name} texted {len(text)} characters at once")
        if _OUT_OF_PART.search(text):
            raise BrokeThePart(f"who plays {name} left the part: “{text[:80]}”")


def _told(talk: Sequence[dict[str, Any]]) -> str:
    """The talk as it is on their screen."""
    lines = []
    for message in talk:
        who = "The agent" if message["direction"] == "outbound" else "You"
        lines.append(f"{who}: {message['body'] or '[a picture]'}")
        tapped = [each["reaction"] for each in message["reactions"]]
        lines += [f"(tapped back on that: {', '.join(tapped)})"] if tapped else []
    return "\n".join(lines) or "Nobody has written yet. You begin."
