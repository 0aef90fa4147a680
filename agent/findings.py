"""What an examination found: one line each, with the fix where something is wrong."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

MARKS = {"good": "✓", "warning": "!", "trouble": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination.

    Attributes:
        verdict: `good`; `warning` works but not as one would like; `trouble` must be mended.
        fix: What to do; empty when all is well.
    """

    name: str
    verdict: Literal["good", "warning", "trouble"]
    found: str
    fix: str = ""

    @property
    def is_trouble(self) -> bool:
        """Whether it must be mended before a number is answered."""
        return self.verdict == "trouble"

    def as_json(self) -> dict[str, Any]:
        """The finding for `--json`."""
        return asdict(self)

    def __str__(self) -> str:
        line = f"{MARKS[self.verdict]} {self.name:9} {self.found}"
        return f"{line}\n            → {self.fix}" if self.fix else line
