"""The requests of a turn with the answers they got, which a record keeps apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from memory.transcript import ModelRequest, TurnRecord


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to the model.

    Attributes:
        number: Counted from 1 within the turn.
        answer: The model's answer in pydantic-ai's JSON; None when there was none, or it was
            thrown away.
        text: What the answer says, in words: thoughts, calls, text.
    """

    number: int
    request: ModelRequest
    answer: dict[str, Any] | None
    text: str | None

    @property
    def ended_at(self) -> datetime | None:
        """When the answer was there."""
        seconds = self.request.seconds
        return None if seconds is None else self.request.started_at + timedelta(seconds=seconds)


def requests(record: TurnRecord) -> list[Asked]:
    """The requests in order. Answers belong to those that neither failed nor were thrown away."""
    answers = iter([one for one in record.messages if one.get("kind") == "response"])
    asked = []
    for number, request in enumerate(record.requests, 1):
        was_answered = request.model is not None and not request.is_thrown_away
        answer = next(answers, None) if was_answered else None
        text = "\n".join(_words(answer)) if answer else None
        asked.append(Asked(number, request, answer, text or None))
    return asked


def _words(answer: dict[str, Any]) -> Iterator[str]:
    parts = answer.get("parts", [])
    calls = any(part.get("part_kind") == "tool-call" for part in parts)
    for part in parts:
        content = str(part.get("content") or "").strip()
        match part.get("part_kind"):
            case "thinking" if content:
                yield f"Reasoning: {content}"
            case "text" if content:
                yield f"Thought, texted to nobody: {content}" if calls else content
            case "tool-call":
                yield f"Calls {part.get('tool_name')}({_arguments(part.get('args'))})"


def _arguments(given: Any) -> str:
    if isinstance(given, str):
        return given
    return json.dumps(given, ensure_ascii=False) if given else ""
