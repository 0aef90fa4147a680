"""What only the run of a turn sees, noted as it goes on: for the turn's row and for its record.

The notes are kept in the turn's row with each answer of the model and each tool call, so that who
takes a dead turn up knows what happened before. When the turn ends they become part of its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from memory.tables import Message
from memory.transcript import Act, Interruption, ModelRequest, PromptFile, Typing, Usage
from phone.clock import utc


class Notes(BaseModel):
    """The notes of one turn. Their parts are those of the record, which explains them.

    Attributes:
        opening: The first request of the turn, as pydantic-ai's JSON: our context and the burst.
        tools: JSON of `memory.transcript.Tool`, kept as it is.
        warnings: By bubble, what a carrier could have filtered in its words by SMS.
    """

    model: str | None = None
    prompt_hash: str | None = None
    prompts: list[PromptFile] = []
    instructions: str | None = None
    memory_before: dict[str, Any] | None = None
    opening: dict[str, Any] | None = None
    settings: dict[str, Any] = {}
    tools: list[dict[str, Any]] = []
    requests: list[ModelRequest] = []
    acts: list[Act] = []
    typing: Typing = Field(default_factory=lambda: Typing(shown_at=None, calls=0, failed=0))
    interruptions: list[Interruption] = []
    warnings: dict[str, list[str]] = {}

    def began_again(self, messages: Sequence[Message], *, now: float) -> None:
        """They wrote before anything had been done: what was thought so far is thrown away."""
        for request in self.requests:
            request.is_thrown_away = True
        self._interrupted("began_again", messages, now)

    def heard(self, messages: Sequence[Message], *, now: float) -> None:
        """They wrote, and the model reads it with its next request."""
        self._interrupted("heard", messages, now)

    def taken_up(self, *, now: float) -> None:
        """Another worker goes on where one has stopped."""
        self._interrupted("taken_up", [], now)

    def typed(self, *, shown: bool, now: float) -> None:
        """A typing call was made."""
        if not shown:
            self.typing.failed += 1
            return
        self.typing.calls += 1
        self.typing.shown_at = self.typing.shown_at or utc(now)

    def asking(self, *, now: float) -> ModelRequest:
        """The model is being asked: the entry to be filled in with what comes of it."""
        request = ModelRequest(
            model=None, started_at=utc(now), seconds=None, error=None, finish_reason=None,
            input_tokens=0, cache_read_tokens=0, output_tokens=0, cost_usd=None,
            is_thrown_away=False,
        )  # fmt: skip
        self.requests.append(request)
        return request

    def as_json(self) -> dict[str, Any]:
        """As the turn's row keeps them."""
        kept = self.model_dump(mode="json", exclude=_PLAIN)
        return kept | {name: getattr(self, name) for name in _PLAIN}

    def columns(self) -> dict[str, Any]:
        """Those of the turn's own columns that are told here."""
        told = {
            "model": self.model,
            "prompt_hash": self.prompt_hash,
            "instructions": self.instructions,
            "memory_before": self.memory_before,
        }
        return {name: value for name, value in told.items() if value is not None}

    def _interrupted(self, what: Any, messages: Sequence[Message], now: float) -> None:
        refs = [f"m{message.ref}" for message in messages]
        self.interruptions.append(Interruption(what=what, refs=refs, at=utc(now)))


_PLAIN = {"memory_before", "opening", "settings", "tools"}
"""What is JSON already, and never changed in place: not to be copied with every answer."""


def usage_of(requests: Iterable[ModelRequest], *, tool_calls: int) -> Usage:
    """What these requests cost together. One whose price is not known makes the sum unknown."""
    answers = [request for request in requests if request.model is not None]
    costs = [request.cost_usd for request in answers]
    known = [cost for cost in costs if cost is not None]
    return Usage(
        requests=len(answers),
        tool_calls=tool_calls,
        input_tokens=sum(request.input_tokens for request in answers),
        cache_read_tokens=sum(request.cache_read_tokens for request in answers),
        output_tokens=sum(request.output_tokens for request in answers),
        cost_usd=sum(known, Decimal()) if len(known) == len(costs) else None,
    )


def seconds_between(start: datetime, end: datetime) -> float:
    """Never below zero: the two may be told by the clocks of two machines."""
    return round(max((end - start).total_seconds(), 0.0), 6)
