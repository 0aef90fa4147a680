"""What the agent remembers about a conversation, and how it lives in AgentPhone's metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

KEY = "threedots"
"""The one key of a conversation's metadata that is ours. Everything else is somebody else's."""

VERSION = 1
"""The shape written here. A newer one is read as far as it goes, and never overwritten."""


class OwnState(BaseModel):
    """Your agent's own typed state: add fields with defaults, and your tools read and write them.

    The example behind `tools/custom.py`: a shopping list that a conversation keeps.
    """

    model_config = ConfigDict(extra="allow")

    shopping_list: list[str] = []


class ConversationState(BaseModel):
    """What the agent remembers about one conversation between turns.

    Lives in the conversation's `metadata` at AgentPhone, under the key `threedots`; keys we did not
    write are left as they were.

        {"crm_id": "c_9", "threedots": {"v": 1, "rev": 7, "facts": ["Has a dog called Rex"],
         ^ not ours                     "summary": "", "flags": {}, "state": {"shopping_list": []}}}

    Attributes:
        rev: Rises with every save, so that an old copy is known for one.
        facts: Short sentences about the person, as the agent noted them.
        summary: What earlier talk came to, when it no longer fits into the history.
        flags: What the operator or the harness marked, such as `{"disclosed": true}`.
        state: Your own typed state.
    """

    model_config = ConfigDict(extra="allow")

    v: int = VERSION
    rev: int = 0
    facts: list[str] = []
    summary: str = ""
    flags: dict[str, Any] = {}
    state: OwnState = Field(default_factory=OwnState)

    def content(self) -> dict[str, Any]:
        """Everything but the revision: what decides whether there is something to save."""
        return self.model_dump(exclude={"rev"})


@dataclass(frozen=True, slots=True)
class Found:
    """What a conversation's metadata held under our key.

    Attributes:
        state: Our memory; None when there was none, or none that could be read.
        writable: False when a newer version of this harness wrote it: read it, never overwrite it.
    """

    state: ConversationState | None
    writable: bool = True


def found_in(metadata: dict[str, Any] | None) -> Found:
    """Read our key out of the metadata; whatever is wrong with it, nothing is raised."""
    ours = (metadata or {}).get(KEY)
    if not isinstance(ours, dict):
        return Found(None)
    version = ours.get("v", VERSION)
    writable = isinstance(version, int) and version <= VERSION
    try:
        return Found(ConversationState.model_validate(ours), writable)
    except ValidationError:
        return Found(None, writable)


def with_state(metadata: dict[str, Any] | None, state: ConversationState) -> dict[str, Any]:
    """The whole metadata to write back: foreign keys as they were, our state under ours."""
    return {**(metadata or {}), KEY: state.model_dump(mode="json")}


def merge(
    *, base: ConversationState | None, theirs: ConversationState | None, ours: ConversationState
) -> ConversationState:
    """Bring together what somebody changed at AgentPhone and what we changed here since `base`.

    A person's edit wins: a value they changed or a fact they removed stays so, and what we added
    comes on top. Without a base (first meeting, lost copy) nothing counts as removed.
    """
    if theirs is None:
        return ours.model_copy(deep=True)
    was = (base or ConversationState()).model_dump()
    there, here = theirs.model_dump(), ours.model_dump()
    merged = {
        key: _merged(was.get(key), there.get(key), here.get(key)) for key in {**there, **here}
    }
    merged["v"] = VERSION
    merged["rev"] = max(theirs.rev, ours.rev)
    return ConversationState.model_validate(merged)


def _merged(was: Any, theirs: Any, ours: Any) -> Any:
    if theirs == ours or ours == was:
        return theirs
    if theirs == was:
        return ours
    if isinstance(theirs, list) and isinstance(ours, list):
        return _merged_list(was if isinstance(was, list) else [], theirs, ours)
    if isinstance(theirs, dict) and isinstance(ours, dict):
        before = was if isinstance(was, dict) else {}
        return {
            key: _merged(before.get(key), theirs.get(key), ours.get(key))
            for key in {**theirs, **ours}
            if not _removed(key, before, theirs, ours)
        }
    return theirs


def _merged_list(was: list[Any], theirs: list[Any], ours: list[Any]) -> list[Any]:
    """Their list in their order, less what we removed, plus what we added."""
    kept = [item for item in theirs if item in ours or item not in was]
    return kept + [item for item in ours if item not in was and item not in theirs]


def _removed(key: str, was: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """A key that people deleted, or that we deleted and they did not touch."""
    if key not in was:
        return False
    return key not in theirs or (key not in ours and theirs[key] == was[key])
