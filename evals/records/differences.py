"""What two records of a turn differ in: the old and the new, or one beside another.

[{"what": "words", "before": ["Hello"], "after": ["Hi there"]}, …]
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypedDict

from memory.transcript import ARRIVED, Act, BubbleSent, TurnRecord

MEASURES = ("tokens", "first_bubble_seconds", "cost_usd")
"""What is never twice the same: a turn that differs in these alone is unchanged."""


class Difference(TypedDict):
    """One thing in which they differ.

    `what` is `outcome`, `tools` (calls with their arguments, in order), `words` (what arrived),
    `bubbles` (how each arrived), `tapbacks`, `tokens` (input and output), `first_bubble_seconds` or
    `cost_usd`; the two values are JSON.
    """

    what: str
    before: Any
    after: Any


def differences(before: TurnRecord, after: TurnRecord) -> list[Difference]:
    """Everything in which two records of a turn differ, what was done first and what it took last.

    Seconds are told as they were measured: between a real line and a twin, or a busy and an idle
    machine, they do not compare.
    """
    was, now = _told(before), _told(after)
    return [
        Difference(what=what, before=was[what], after=now[what])
        for what in was
        if was[what] != now[what]
    ]


def is_changed(found: Sequence[Difference]) -> bool:
    """Whether the agent did or said something else; tokens, seconds and cost do not count."""
    return any(difference["what"] not in MEASURES for difference in found)


def _told(record: TurnRecord) -> dict[str, Any]:
    bubbles = [act for act in record.wire if isinstance(act, BubbleSent) and act.status in ARRIVED]
    taps = [act for act in record.wire if isinstance(act, Act) and act.act == "tapback"]
    cost, first = record.usage.cost_usd, record.latencies.first_bubble
    return {
        "outcome": _outcome(record),
        "tools": _tools(record),
        "words": [bubble.text for bubble in bubbles],
        "bubbles": [_how(bubble) for bubble in bubbles],
        "tapbacks": [f"{act.landed} on {act.ref}" for act in taps if act.landed],
        "tokens": {"input": record.usage.input_tokens, "output": record.usage.output_tokens},
        "first_bubble_seconds": None if first is None else round(first, 2),
        "cost_usd": None if cost is None else float(cost),
    }


def _outcome(record: TurnRecord) -> str:
    """With the reason where something failed; why the agent was silent is in its own words."""
    why = f": {record.reason}" if record.outcome == "failed" and record.reason else ""
    return record.outcome + why


def _tools(record: TurnRecord) -> list[str]:
    """The calls in order; one that ended the turn is told by the outcome."""
    ends = {tool.name for tool in record.tools if tool.ends_turn}
    return [
        f"{call.name}({_arguments(call.arguments)})" + ("" if call.state == "done" else " failed")
        for call in record.tool_calls
        if call.name not in ends
    ]


def _arguments(arguments: dict[str, Any]) -> str:
    """As one reads them; what was left out, or says nothing, is left out."""
    said = {name: value for name, value in arguments.items() if value is not None}
    return ", ".join(f"{name}={_plain(said[name])}" for name in sorted(said))


def _plain(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _how(bubble: BubbleSent) -> str:
    """`imessage, in thread, with fireworks, 1 picture`."""
    parts = [bubble.channel or "unknown channel"]
    if bubble.is_threaded:
        parts.append("in thread")
    if bubble.send_style and "effect" not in bubble.lost:
        parts.append(f"with {bubble.send_style}")
    if bubble.media:
        parts.append("1 picture" if len(bubble.media) == 1 else f"{len(bubble.media)} pictures")
    return ", ".join(parts)
