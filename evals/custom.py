"""Your own evaluators go here: of pydantic-evals, asked about every run that came to its end.

A scenario names those of `EVALUATORS` it wants; those in `FOR_ALL` look at every scenario.

    evaluators:
    - ShortBubbles: 200

True or false is an expectation like the others: false fails the run. A number or a word is kept
beside the scores. `EvaluationReason` says why. The case's inputs are the scenario and its file, the
output is what was played: `ctx.output.whole` has the bubbles, the tapbacks and the memory at the
end, `ctx.output.turns` the same turn by turn, `ctx.output.records` the records of the agent's
turns, and `str(ctx.output)` is the talk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext

from evals.format.filed import Filed
from evals.playing.seen import Played


@dataclass(repr=False)
class ShortBubbles(Evaluator[Filed, Played, None]):
    """Whether no bubble is longer than so many characters."""

    characters: int = 300

    def evaluate(self, ctx: EvaluatorContext[Filed, Played, None]) -> EvaluationReason:
        """False names the first one that is."""
        bubbles = ctx.output.whole.bubbles if ctx.output.whole else []
        for bubble in bubbles:
            if (length := len(bubble.text)) > self.characters:
                return EvaluationReason(False, f"one of {length} characters: “{bubble.text}”")
        return EvaluationReason(True, f"the longest of {len(bubbles)} is short enough")


EVALUATORS: list[type[Evaluator[Any, Any, Any]]] = [ShortBubbles]
"""Those that scenarios may name."""

FOR_ALL: list[Evaluator[Any, Any, Any]] = []
"""Those that look at every scenario, as they are: `[ShortBubbles(200)]`."""
