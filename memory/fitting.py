"""Keeping the memory small: it rides along on every webhook and is replaced whole on every save."""

from __future__ import annotations

from typing import Any

from memory.state import KEY, ConversationState, json_bytes

BUDGET = 4 * 1024
"""Bytes of JSON our key may have. AgentPhone publishes no limit; this stays far below any."""

FOREIGN_LIMIT = 12 * 1024
"""Bytes of other people's keys past which we write nothing: rewriting so much is asking for it."""

WHOLE_LIMIT = 16 * 1024
"""Bytes of the whole metadata past which we write nothing."""

SUMMARY_LENGTH = 600
"""Characters a summary keeps when room has to be made; its beginning is what counts."""


def compacted(state: ConversationState) -> tuple[ConversationState, list[str]]:
    """The memory within `BUDGET`, and what had to go for it, oldest first, to be archived.

    A long summary is shortened first, then the oldest facts go, then the summary. Flags and the
    owner's own state are never touched: what comes back may still be over budget.
    """
    if not _is_over(state):
        return state, []
    state, removed = state.model_copy(deep=True), list[str]()
    if len(state.summary) > SUMMARY_LENGTH:
        removed.append(f"summary: {state.summary}")
        state.summary = _beginning(state.summary)
    while state.facts and _is_over(state):
        removed.append(state.facts.pop(0))
    if state.summary and _is_over(state):
        removed.append(f"summary: {state.summary}")
        state.summary = ""
    return state, removed


def why_too_large(metadata: dict[str, Any]) -> str | None:
    """Why this whole metadata, our key in it, must not be written; None when it may."""
    ours = json_bytes(metadata[KEY])
    foreign = json_bytes({key: value for key, value in metadata.items() if key != KEY})
    if ours > BUDGET:
        return f"our own state has {ours} bytes and {BUDGET} are allowed: make OwnState smaller"
    if foreign > FOREIGN_LIMIT or json_bytes(metadata) > WHOLE_LIMIT:
        return f"other keys of the metadata have {foreign} bytes and {FOREIGN_LIMIT} are allowed"
    return None


def _is_over(state: ConversationState) -> bool:
    return json_bytes(state.model_dump(mode="json")) > BUDGET


def _beginning(text: str) -> str:
    """The first words of a text, cut at a space where there is one."""
    start = text[:SUMMARY_LENGTH]
    return (start.rpartition(" ")[0] or start) + " …"
