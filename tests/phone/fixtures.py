"""The written-down exchanges of tests/fixtures/agentphone, with their placeholders filled in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "fixtures" / "agentphone"
PLACEHOLDERS: dict[str, str] = json.loads((FOLDER / "placeholders.json").read_text())


def fixture(name: str) -> dict[str, Any]:
    """One file, filled in."""
    return filled(json.loads((FOLDER / f"{name}.json").read_text()))


def names(prefix: str) -> list[str]:
    """The names of all files that begin like this; never none."""
    found = sorted(path.stem for path in FOLDER.glob(f"{prefix}_*.json"))
    assert found, f"no fixture is called {prefix}_*"
    return found


def filled(value: Any) -> Any:
    """The same with every `{placeholder}` replaced by its example value."""
    if isinstance(value, dict):
        return {name: filled(one) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one) for one in value]
    if isinstance(value, str):
        for name, example in PLACEHOLDERS.items():
            value = value.replace("{" + name + "}", example)
    return value
