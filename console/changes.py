"""What changed between two JSON values, a line for each change: `+ facts: Has a dog called Rex`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_UNTOLD = {"rev", "v"}
"""Counts that rise with every save: no change anybody made."""


def changes(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[str]:
    """The lines that tell `after` from `before`: `-` for what is gone, `+` for what is new."""
    if before is None or after is None:
        return []
    return list(_between(before, after, ""))


def _between(before: Any, after: Any, name: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys([*before, *after]):
            if name or key not in _UNTOLD:
                inner = f"{name}.{key}" if name else str(key)
                yield from _between(before.get(key), after.get(key), inner)
        return
    if isinstance(before, list) and isinstance(after, list):
        yield from (f"- {name}: {_told(one)}" for one in before if one not in after)
        yield from (f"+ {name}: {_told(one)}" for one in after if one not in before)
        return
    if not _is_empty(before):
        yield f"- {name}: {_told(before)}"
    if not _is_empty(after):
        yield f"+ {name}: {_told(after)}"


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
