"""People played by a model text until they are done; one who leaves the part proves nothing."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from evals.reports.junit import junit
from evals.reports.table import foot, overall_pass_hat_k
from evals.runs.results import results_of
from tests.evals.playing import played, scenario
from tests.house import script

TURNS = "- text: hello"
END = """
expect: {said: [at seven]}
simulated:
  persona: In a hurry, all small letters.
  goal: a table for two
  facts: [Comes at seven]
  max_turns: 3
"""


class Player:
    """A model that plays a person by these moves, and keeps what it was told."""

    def __init__(self, *moves: dict[str, Any] | str) -> None:
        self.moves = list(moves)
        self.told: list[str] = []
        self.instructions = ""

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.told.append(str(messages[0].parts[-1].content))
        self.instructions = info.instructions or ""
        move = self.moves.pop(0) if len(self.moves) > 1 else self.moves[0]
        [tool] = info.output_tools
        return ModelResponse([ToolCallPart(tool.name, move)])


def texts(*words: str, done: bool = False) -> dict[str, Any]:
    return {"texts": list(words), "is_done": done}


def test_they_text_until_they_are_done():
    player = Player(texts("a table", "for two"), texts("seven"), texts(done=True))
    agent = script("Hello!", "When?", "when, I ask", "A table at seven.", last_for_ever=True)
    run = played(scenario(TURNS, end=END), agent.model, person=FunctionModel(player))
    assert run.passed, run.first_failure
    assert len(player.told) == 3
    assert player.told[0].splitlines() == ["You: hello", "The agent: Hello!"]
    assert "You: for two" in player.told[1]
    for words in ("In a hurry", "a table for two", "Comes at seven", "you are Ana"):
        assert words in player.instructions


def test_they_stop_when_they_have_had_their_turns():
    player = Player(texts("and now?"))
    run = played(
        scenario(TURNS, end=END),
        script("No.", last_for_ever=True).model,
        person=FunctionModel(player),
    )
    assert len(player.told) == 3
    assert run.invalid is None and not run.passed
    assert run.first_failure.startswith("the end: said")


@pytest.mark.parametrize(
    ("move", "told"),
    [
        (texts(), "texted nothing and was not done"),
        (texts("As an AI, I cannot be hungry"), "left the part"),
        (texts("x" * 1_001), "1001 characters at once"),
        ({"words": 1}, "gave no text"),
    ],
)
def test_who_leaves_the_part_makes_the_run_invalid_and_no_failure_of_the_agent(
    move: dict[str, Any], told: str
):
    filed = scenario(TURNS, end=END)
    run = played(filed, script("Hi", last_for_ever=True).model, person=FunctionModel(Player(move)))
    assert run.invalid is not None and told in run.invalid
    assert run.invalid.startswith("simulated turn 1")
    assert run.verdicts == [] and not run.passed
    [result] = results_of([run], [filed])
    assert (result.passes, result.valid, result.passed) == (0, [], False)
    assert overall_pass_hat_k([result], 1) is None
    assert "1 runs are invalid" in " ".join(foot([result], [], repeat=1, model="m"))
    assert "left the part" in junit([result], []) or told in junit([result], [])
    assert result.as_json()["pass_hat_k"] == {}
