"""A model that judges what no rule can: whether a statement is true of what the agent did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, Field
from pydantic_ai import Agent
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.models import Model

from evals.judging.checking import Verdict
from evals.playing.seen import Seen, told

INSTRUCTIONS = Path(__file__).with_name("judge.md")
"""What the judge is instructed."""


NOTHING = "Nobody wrote anything."


class Judgement(BaseModel):
    """Whether the statement is true of what the agent did."""

    reason: str = Field(description="Why, in one short sentence that quotes what decides it.")
    is_true: bool = Field(description="Whether the statement is true.")


async def judge(verdicts: Sequence[Verdict], seen: Seen, model: Model) -> list[Verdict]:
    """The same verdicts, with those that need a judge decided by this model.

    One that cannot be had leaves them not judged, which is told.
    """
    return [
        verdict if verdict.what != "judged" else await _judged(verdict, seen, model)
        for verdict in verdicts
    ]


async def _judged(verdict: Verdict, seen: Seen, model: Model) -> Verdict:
    instructions = INSTRUCTIONS.read_text(encoding="utf-8")
    agent = Agent(model, output_type=Judgement, instructions=instructions, retries=2)
    try:
        result = await agent.run(f"{told(seen) or NOTHING}\n\nThe statement: {verdict.expected}")
    except AgentRunError as error:
        return replace(verdict, found=f"not judged: the judge failed ({type(error).__name__})")
    return replace(verdict, passed=result.output.is_true, found=result.output.reason)
