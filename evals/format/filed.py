"""A scenario and the file it is in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evals.format.outfit import Outfit
from evals.format.scenario import Scenario

REAL_MODEL = "real-model"
"""The tag of scenarios that only a real model can pass: the offline demo is a script."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A scenario and the file it is in.

    Attributes:
        outfit: What the agent has in it beyond what it always has.
    """

    file: Path
    scenario: Scenario
    outfit: Outfit | None = None

    @property
    def needs_a_model(self) -> bool:
        """Whether only a real model can pass it."""
        return REAL_MODEL in self.scenario.tags
