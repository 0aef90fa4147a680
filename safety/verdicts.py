"""What a rule answers: it may happen, or it may not and why."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may happen."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not.

    Attributes:
        code: One word for records and figures: `over_limit`, `blocked`…
        reason: Why, in words for the operator; no secrets, and nothing somebody wrote.
    """

    code: str
    reason: str


Verdict = Allowed | Refused
