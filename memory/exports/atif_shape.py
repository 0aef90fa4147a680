"""What can be wrong with a line of `atif`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from memory.exports.shapes import Shape


class StepCall(Shape):
    """A call of a step."""

    tool_call_id: str
    function_name: str
    arguments: dict[str, Any]
    extra: dict[str, Any] | None = None


class Result(Shape):
    """What came of a call."""

    source_call_id: str | None = None
    content: str | None = None
    extra: dict[str, Any] | None = None


class Observation(Shape):
    """What came of the calls of a step."""

    results: list[Result]


class Step(Shape):
    """A step of a trajectory."""

    step_id: int
    source: Literal["system", "user", "agent"]
    message: str
    timestamp: datetime | None = None
    model_name: str | None = None
    reasoning_content: str | None = None
    tool_calls: list[StepCall] | None = None
    observation: Observation | None = None
    metrics: dict[str, Any] | None = None
    llm_call_count: Annotated[int, Field(ge=0)] | None = None
    extra: dict[str, Any] | None = None


class Agent(Shape):
    """Whose trajectory it is."""

    name: str
    version: str
    model_name: str | None = None
    tool_definitions: list[dict[str, Any]] | None = None
    extra: dict[str, Any] | None = None


class Trajectory(Shape):
    """A line of `atif`."""

    schema_version: str
    session_id: str | None = None
    trajectory_id: str | None = None
    agent: Agent
    steps: list[Step]
    final_metrics: dict[str, Any] | None = None
    extra: dict[str, Any] | None = None


def missteps(trajectory: Trajectory, *, version: str) -> Iterator[str]:
    """What is wrong with a trajectory although each of its steps is well formed."""
    if trajectory.schema_version != version:
        yield f"schema_version: This is {trajectory.schema_version}, not {version}"
    for place, step in enumerate(trajectory.steps):
        if step.step_id != place + 1:
            yield f"steps.{place}.step_id: This is {step.step_id} where {place + 1} comes next"
        agents = (step.tool_calls, step.metrics, step.reasoning_content, step.model_name)
        if step.source != "agent" and any(it is not None for it in agents):
            yield f"steps.{place}: Only a step of the agent thinks, calls and costs"
        if step.llm_call_count == 0 and (step.metrics or step.reasoning_content):
            yield f"steps.{place}: Without a model it can have neither cost nor thoughts"
        called = {call.tool_call_id for call in step.tool_calls or []}
        for result in step.observation.results if step.observation else []:
            if result.source_call_id not in called:
                yield f"steps.{place}: It tells of {result.source_call_id}, which it did not call"
