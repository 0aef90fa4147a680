"""What is to be seen of a scenario that was played: what evaluators are given."""

from __future__ import annotations

from dataclasses import dataclass, field

from evals.seen import Seen, told
from memory.transcript import TurnRecord


@dataclass(slots=True)
class Played:
    """What is to be seen of a run.

    Attributes:
        number: Which of the scenario's runs, from 1.
        turns: Each turn of the scenario that was played, in order.
        whole: All of it; None when it was not played to its end.
        seconds: How much time passed on its clock.
        problem: Why it broke off.
        invalid: Why it says nothing of the agent: who was to play a person did not.
    """

    number: int = 1
    turns: list[Seen] = field(default_factory=list)
    whole: Seen | None = None
    seconds: float = 0.0
    problem: str | None = None
    invalid: str | None = None

    @property
    def records(self) -> list[TurnRecord]:
        """The records of the agent's turns, oldest first."""
        whole = self.whole
        return list(whole.records) if whole else [r for seen in self.turns for r in seen.records]

    def __str__(self) -> str:
        """The talk, a line a text."""
        return "\n".join(filter(None, map(told, self.turns)))
