"""Memory edited by hand in the middle of a scenario, as somebody does in AgentPhone's dashboard.

    - edit: {facts: [Their name is Kim], foreign: {crm_id: c_10}}

What is named is written in the place of what stood there; everything else stays as it is.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, JsonValue, model_validator

from evals.format.expectations import Part
from memory.state import KEY, VERSION


class Edit(Part):
    """What a person writes into the conversation's metadata; what is left out stays as it is."""

    facts: list[str] | None = None
    """The facts from then on: all of them, those that are kept too."""
    summary: str | None = None
    """The summary from then on."""
    flags: dict[str, JsonValue] | None = None
    """The flags from then on: all of them."""
    state: dict[str, JsonValue] | None = None
    """Your own typed state (`OwnState`) from then on: all of it."""
    foreign: dict[str, JsonValue] = Field(default={})
    """Keys of others to set beside those that are there; null takes one away."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if KEY in self.foreign:
            raise ValueError(f"foreign has the key {KEY}, which is ours; use facts, flags, state")
        if not self.foreign and not self._ours():
            raise ValueError("nothing is edited: give facts, summary, flags, state or foreign")
        return self

    def made_in(self, metadata: dict[str, Any] | None) -> dict[str, Any]:
        """The metadata as it is after the edit. Our revision stays: a person does not raise it."""
        after = {**(metadata or {}), **self.foreign}
        if ours := self._ours():
            known = after.get(KEY)
            after[KEY] = {**(known if isinstance(known, dict) else {"v": VERSION}), **ours}
        removed = {name for name, value in self.foreign.items() if value is None}
        return {name: value for name, value in after.items() if name not in removed}

    def _ours(self) -> dict[str, Any]:
        return self.model_dump(exclude={"foreign"}, exclude_none=True)
