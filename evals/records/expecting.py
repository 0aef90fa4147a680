"""What a record says the agent did, as what a scenario expects of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import regex

from evals.format.expectations import is_pattern
from evals.records.landed import bubbles_of, tapbacks_of
from memory.transcript import ToolCall, TurnRecord

WORDS = ("text",)
"""Arguments that are what was said, not what was done: another answer words it otherwise."""

Reference = Callable[[str | None], str | None]
"""What a scenario calls a message, given AgentPhone's id or the model's `m12`."""

_REF = re.compile(r"m\d+")
_HANDLE = re.compile(r"m\d+\.\d+")


def expected(record: TurnRecord, reference: Reference, *, with_said: bool) -> dict[str, Any]:
    """The fields of `evals.format.expectations.Expectations` that say: as it was.

    Args:
        with_said: Whether the words that were said are expected as well.
    """
    bubbles = bubbles_of(record)
    told: dict[str, Any] = {"called": list(_called(record, reference))}
    if record.outcome in ("silent", "dropped"):
        return told | {"silent": True}
    if record.outcome == "reacted":
        tapped = tapbacks_of(record)
        return told | ({"reacted": tapped[-1].landed} if tapped else {})
    if not bubbles:
        return told
    told["bubbles_at_most"] = len(bubbles)
    channels = {"imessage" if act.channel == "imessage" else "sms" for act in bubbles}
    if len(channels) == 1:
        told["delivered_on"] = channels.pop()
    threaded = [act.reply_to_message_id for act in bubbles if act.is_threaded]
    if threaded and (message := reference(threaded[-1])):
        told["threaded_to"] = message
    if with_said:
        told["said"] = [_exactly(act.text) for act in bubbles if act.text]
    return told


def remarks_on(record: TurnRecord) -> list[str]:
    """What was said, and how the turn ended where no expectation tells it."""
    said = [f"said: “{act.text}”" if act.text else "sent: a picture" for act in bubbles_of(record)]
    if record.outcome in ("failed", "handed_over"):
        why = f": {record.reason}" if record.reason else ""
        said.append(f"this turn ended as {record.outcome}{why}")
    return said


def _called(record: TurnRecord, reference: Reference) -> Iterator[dict[str, Any]]:
    """The tools that did something; the same call several times is one with `times`."""
    ends = {tool.name for tool in record.tools if tool.ends_turn}
    done = [call for call in record.tool_calls if call.state == "done" and call.name not in ends]
    told = [{"tool": call.name, "arguments": _arguments(call, reference)} for call in done]
    for nth, call in enumerate(told):
        if call not in told[:nth]:
            times = told.count(call)
            yield call | ({"times": times} if times > 1 else {})


def _arguments(call: ToolCall, reference: Reference) -> dict[str, Any]:
    found = {name: _argument(name, value, reference) for name, value in call.arguments.items()}
    return {name: argument for name, argument in found.items() if argument is not None}


def _argument(name: str, value: Any, reference: Reference) -> dict[str, Any] | None:
    """What is expected of an argument; None where that is anything."""
    if value is None or name in WORDS:
        return None
    if isinstance(value, str) and _REF.fullmatch(value):
        message = reference(value)
        return {"message": message} if message else None
    handles = value if isinstance(value, list) else [value]
    if any(isinstance(each, str) and _HANDLE.fullmatch(each) for each in handles):
        return None  # a picture of theirs: its handle counts from where the conversation began
    return {"equals": value}


def _exactly(text: str) -> str:
    return f"/{regex.escape(text)}/" if is_pattern(text) else text
