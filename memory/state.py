"""What the agent remembers about a conversation, and how it lives in AgentPhone's metadata.

Anybody with a key may have written what stands there, so reading never raises: it says what could
be read, whether it may be written over, and what has to be kept aside first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from phone.clock import utc

KEY = "threedots"
"""The one key of a conversation's metadata that is ours. Everything else is somebody else's."""

VERSION = 1
"""The shape written here. A newer one is read as far as it goes, and never overwritten."""

OPTED_OUT = "opted_out"
"""The flag by which an operator opts somebody out, and which shows that they are."""

HUMAN_MODE = "human_mode"
"""The flag by which a person takes the conversation, and which shows that one has it."""

FORGOTTEN_AT = "forgotten_at"
"""The flag which says since when the person wants to be forgotten: a time, as ISO 8601 has it."""

HUGE = 16 * 1024
"""Bytes of our key past which it is nobody's edit but an accident, and counts as unreadable."""

FACT_LENGTH = 200
"""Characters of one fact. A fact is a sentence, not a story."""

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

UPGRADES: Mapping[int, Upgrade] = {}
"""How to bring an older shape up by one version: `{1: from_v1}` once there is a version 2."""


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
    rev: int = Field(default=0, ge=0, le=10**15)
    facts: list[str] = []
    summary: str = ""
    flags: dict[str, Any] = {}
    state: OwnState = Field(default_factory=OwnState)

    def forget_all(self, *, now: float) -> None:
        """Let go of everything about the person, and of the talk until now."""
        self.facts, self.summary, self.state = [], "", OwnState()
        self.flags[FORGOTTEN_AT] = utc(now).isoformat()

    @property
    def forgotten_at(self) -> datetime | None:
        """What was said before is not to be known any more; None when nobody asked for that."""
        try:
            at = datetime.fromisoformat(str(self.flags.get(FORGOTTEN_AT)))
        except ValueError:  # anybody with a key may write there
            return None
        return at if at.tzinfo is not None else None

    def content(self) -> dict[str, Any]:
        """Everything but the revision: what decides whether there is something to save."""
        return self.model_dump(mode="json", exclude={"rev"})

    @property
    def says_stop(self) -> bool:
        """Whether the opt-out flag is set."""
        return says({"flags": self.flags}, OPTED_OUT)

    @property
    def says_human(self) -> bool:
        """Whether the flag is set by which a person takes the conversation."""
        return says({"flags": self.flags}, HUMAN_MODE)


@dataclass(frozen=True, slots=True)
class Found:
    """What a conversation's metadata held for us.

    Attributes:
        state: Our memory; None when there was none, or none that could be read.
        is_writable: False when a newer version of this harness wrote it: read it, never overwrite.
        unreadable: What stood there instead, as JSON text, to be kept aside; None when all is well.
        says_stop: Whether the opt-out flag is set, even where the rest could not be read.
    """

    state: ConversationState | None
    is_writable: bool = True
    unreadable: str | None = None
    says_stop: bool = False


def found_in(metadata: Any, upgrades: Mapping[int, Upgrade] = UPGRADES) -> Found:
    """Read our key out of the metadata; whatever is wrong with it, nothing is raised."""
    if metadata is not None and not isinstance(metadata, dict):
        return Found(None, unreadable=json.dumps(metadata))
    ours = (metadata or {}).get(KEY)
    if ours is None:
        return Found(None)
    if _is_newer(ours):
        return Found(salvaged(ours), is_writable=False, says_stop=says(ours, OPTED_OUT))
    state = read(ours, upgrades) if json_bytes(ours) <= HUGE else None
    unreadable = json.dumps(ours) if state is None else None
    return Found(state, unreadable=unreadable, says_stop=says(ours, OPTED_OUT))


def read(raw: Any, upgrades: Mapping[int, Upgrade] = UPGRADES) -> ConversationState | None:
    """A memory of this version or an older one; None when it cannot be read as it is."""
    version = raw.get("v", VERSION) if isinstance(raw, dict) else None
    if type(version) is not int:  # True is an int to isinstance
        return None
    try:
        for old in range(version, VERSION):
            raw = {**upgrades[old](raw), "v": old + 1}
        return ConversationState.model_validate(raw)
    except (ValueError, TypeError, LookupError):  # an upgrade trips over what is not of its shape
        return None


def salvaged(raw: dict[str, Any]) -> ConversationState:
    """What can be read of a memory in another shape: the fields that are as we know them."""
    try:
        return ConversationState.model_validate(raw)
    except ValidationError as error:
        odd = {problem["loc"][0] for problem in error.errors() if problem["loc"]}
        fit = {name: value for name, value in raw.items() if name not in odd}
        return ConversationState.model_validate(fit)


def says(raw: Any, flag: str) -> bool:
    """Whether a flag is set in what stands under our key, in any way people write yes."""
    flags = raw.get("flags") if isinstance(raw, dict) else None
    written = flags.get(flag) if isinstance(flags, dict) else None
    return str(written).strip().casefold() in ("true", "yes", "1")


def with_state(metadata: Any, state: ConversationState) -> dict[str, Any]:
    """The whole metadata to write back: foreign keys as they were, our state under ours."""
    foreign = metadata if isinstance(metadata, dict) else {}
    return {**foreign, KEY: state.model_dump(mode="json")}


def without_ours(metadata: Any) -> dict[str, Any] | None:
    """The whole metadata to write back when we remember nothing any more; None when it is empty."""
    foreign = metadata if isinstance(metadata, dict) else {}
    return {name: value for name, value in foreign.items() if name != KEY} or None


def json_bytes(value: Any) -> int:
    """How long a value is as JSON on the wire, in bytes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass"))


def merge(
    *, base: ConversationState | None, theirs: ConversationState | None, ours: ConversationState
) -> ConversationState:
    """Bring together what somebody changed at AgentPhone and what we changed here since `base`.

    A person's edit wins: a value they changed or a fact they removed stays so, and what we added
    comes on top. Without a base (first meeting, lost copy) nothing counts as removed. The revision
    is the highest of the three.
    """
    if theirs is None:
        return ours.model_copy(deep=True)
    was = (base or ConversationState()).model_dump(mode="json")
    there, here = theirs.model_dump(mode="json"), ours.model_dump(mode="json")
    merged = _merged_keys(was, there, here)
    merged["v"], merged["rev"] = VERSION, max(was["rev"], theirs.rev, ours.rev)
    try:
        return type(ours).model_validate(merged)
    except ValidationError:  # two owner's states that are right, and wrong when mixed
        return type(ours).model_validate({**merged, "state": there["state"]})


def _is_newer(ours: Any) -> bool:
    version = ours.get("v") if isinstance(ours, dict) else None
    return type(version) is int and version > VERSION


def _merged(was: Any, theirs: Any, ours: Any) -> Any:
    if theirs == ours or ours == was:
        return theirs
    if theirs == was:
        return ours
    if isinstance(theirs, list) and isinstance(ours, list):
        return _merged_items(was if isinstance(was, list) else [], theirs, ours)
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return _merged_keys(was if isinstance(was, dict) else {}, theirs, ours)
    return theirs


def _merged_items(was: list[Any], theirs: list[Any], ours: list[Any]) -> list[Any]:
    """Their list in their order, less what we removed, plus what we added."""
    kept = [item for item in theirs if item in ours or item not in was]
    return kept + [item for item in ours if item not in was and item not in theirs]


def _merged_keys(
    was: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]
) -> dict[str, Any]:
    return {
        key: _merged_value(key, was, theirs, ours)
        for key in {**theirs, **ours}
        if not _is_removed(key, was, theirs, ours)
    }


def _merged_value(
    key: str, was: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]
) -> Any:
    """A key that only one side has is that side's: it was added, or changed while we deleted it."""
    if key not in ours:
        return theirs[key]
    return _merged(was.get(key), theirs[key], ours[key]) if key in theirs else ours[key]


def _is_removed(
    key: str, was: dict[str, Any], theirs: dict[str, Any], ours: dict[str, Any]
) -> bool:
    """A key that people deleted, or that we deleted and they did not touch."""
    if key not in was:
        return False
    return key not in theirs or (key not in ours and theirs[key] == was[key])
