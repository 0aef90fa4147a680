"""What a rule answers: it may happen, or it may not and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may happen."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not.

    Attributes:
        code: One word for records and figures: `over_limit`, `blocked`…
        reason: Why, in words for the operator; no secrets, and nothing somebody wrote.
        not_before: When it may be done, as far as only time is missing.
    """

    code: str
    reason: str
    not_before: datetime | None = None


Verdict = Allowed | Refused
