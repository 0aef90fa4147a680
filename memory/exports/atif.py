"""Trajectories in the Agent Trajectory Interchange Format, ATIF v1.8: one a turn, one a line.

The instructions are a step of the system, what people wrote and our context are steps of the user,
each answer of the model is a step of the agent with its calls, what the tools answered and what it
cost. Turns of one conversation share their `session_id` and follow their `parent_turn_id`.

Source: github.com/harbor-framework/harbor, rfcs/0001-trajectory-format.md, read 2026-11-25.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memory.exports.openai_chat import tools_of
from memory.exports.talk import Said, Told, request_of, thoughts
from memory.transcript import TurnRecord

VERSION = "ATIF-v1.8"
"""The version of the format."""


def trajectory(told: Told) -> dict[str, Any]:
    """The trajectory of a turn as JSON values."""
    record = told.record
    steps = _steps(record)
    return {
        "schema_version": VERSION,
        "session_id": record.conversation.conversation_id or record.turn_id,
        "trajectory_id": record.turn_id,
        "agent": _agent(record),
        "steps": [{"step_id": number, **step} for number, step in enumerate(steps, start=1)],
        "final_metrics": _totals(record, len(steps)),
        "extra": {
            name: told.raw[name]
            for name in (
                "parent_turn_id", "session", "conversation", "outcome", "reason", "latencies",
                "prompts", "memory", "wire", "since", "labels",
            )
        },
    }  # fmt: skip


def _agent(record: TurnRecord) -> dict[str, Any]:
    agent = {
        "name": "threedots",
        "version": record.prompts.version if record.prompts else "no prompts",
        "model_name": record.model,
        "tool_definitions": tools_of(record) or None,
    }
    return _without_none(agent)


def _steps(record: TurnRecord) -> list[dict[str, Any]]:
    said = thoughts(record)
    steps: list[dict[str, Any]] = []
    if record.instructions:
        steps.append({"source": "system", "message": record.instructions})
    steps += [_step(record, it, said) for it in said if it.role != "tool"]
    return steps


def _step(record: TurnRecord, it: Said, said: Sequence[Said]) -> dict[str, Any]:
    step = {"timestamp": it.at.isoformat() if it.at else None, "message": it.text}
    if it.role == "user":
        return _without_none({"source": "user", **step})
    if it.response is None:
        return _without_none({"source": "agent", **step, "llm_call_count": 0})
    return _without_none(
        {
            "source": "agent",
            **step,
            "reasoning_content": it.thought or None,
            "tool_calls": _calls(it),
            "observation": _observation(it, said),
            "metrics": _metrics(record, it),
            "llm_call_count": 1,
        }
    )


def _calls(it: Said) -> list[dict[str, Any]] | None:
    return [
        {"tool_call_id": call.call_id, "function_name": call.name, "arguments": call.arguments}
        for call in it.calls
    ] or None


def _observation(it: Said, said: Sequence[Said]) -> dict[str, Any] | None:
    asked = {call.call_id for call in it.calls}
    results = [
        _without_none(
            {
                "source_call_id": answer.call_id,
                "content": answer.text,
                "extra": {"failed": True} if answer.failed else None,
            }
        )
        for answer in said
        if answer.role == "tool" and answer.call_id in asked
    ]
    return {"results": results} if results else None


def _metrics(record: TurnRecord, it: Said) -> dict[str, Any] | None:
    request = request_of(record, it)
    if request is None:
        return None
    metrics = {
        "prompt_tokens": request.input_tokens,
        "completion_tokens": request.output_tokens,
        "cached_tokens": request.cache_read_tokens,
        "cost_usd": None if request.cost_usd is None else float(request.cost_usd),
        "extra": {"seconds": request.seconds},
    }
    return _without_none(metrics)


def _totals(record: TurnRecord, steps: int) -> dict[str, Any]:
    """What the turn spent, thoughts that were thrown away and have no step included."""
    usage = record.usage
    totals = {
        "total_prompt_tokens": usage.input_tokens,
        "total_completion_tokens": usage.output_tokens,
        "total_cached_tokens": usage.cache_read_tokens,
        "total_cost_usd": None if usage.cost_usd is None else float(usage.cost_usd),
        "total_steps": steps,
        "extra": {"thrown_away": record.thrown_away.model_dump(mode="json")},
    }
    return _without_none(totals)


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
