"""τ²-bench's airline tasks: the tools act, the world of a run is its own, the end state is held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from evals.format.files import BadScenario
from evals.runs import tau2
from evals.runs.collecting import collect
from evals.runs.results import Run
from tests.evals.playing import run_suite
from tests.house import Response, call, script

FLIGHTS = [
    {"flight_number": "HAT005", "date": "2024-05-20"},
    {"flight_number": "HAT178", "date": "2024-05-30"},
]
CHEAPER = call(
    "update_reservation_flights", reservation_id="XEHM4B", cabin="economy", flights=FLIGHTS,
    payment_id="credit_card_2408938",
)  # fmt: skip
CANCELLED = [call("cancel_reservation", reservation_id=one) for one in ("XEHM4B", "59XX6W")]
"""Task 7: both are cancelled, the first after it was made cheaper, and 1628 is to be said."""

pytestmark = pytest.mark.filterwarnings("ignore:`__get_validators__`")
"""The benchmark's own models."""

needs_the_benchmark = pytest.mark.skipif(
    tau2.find_spec("inspect_evals") is None, reason="needs the extra tau2"
)


def texts_once(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A customer who says what they want, and is content with any answer."""
    has_said = "You: " in str(messages[0].parts[-1].content)
    move: dict[str, Any] = {
        "texts": [] if has_said else ["about my two flights"],
        "is_done": has_said,
    }
    [tool] = info.output_tools
    return ModelResponse([ToolCallPart(tool.name, move)])


def task_7(*answers: Response, repeat: int = 1) -> list[Run]:
    filed = collect([Path("tau2:airline/7")], with_people=True)
    model = script(*answers).model
    return run_suite(filed, model, person=FunctionModel(texts_once), repeat=repeat)


def verdicts(run: Run) -> dict[str, bool | None]:
    return {verdict.what: verdict.passed for verdict in run.verdicts if verdict.what != "judged"}


@needs_the_benchmark
def test_a_task_that_was_done_is_done():
    [run] = task_7(CHEAPER, *CANCELLED, "Done. You get $1,628 back.")
    assert run.problem is None
    assert verdicts(run) == {"end state": True, "communicated": True}
    answers = [tool.result for record in run.records for tool in record.tool_calls]
    assert '"cancelled"' in str(answers[-1])


@needs_the_benchmark
def test_what_was_left_undone_is_named():
    [run] = task_7(CHEAPER, CANCELLED[0], "Done.")
    told = {verdict.what: verdict.found for verdict in run.verdicts}
    assert verdicts(run) == {"end state": False, "communicated": False}
    assert 'reservations 59XX6W: status is null, not "cancelled"' in told["end state"]
    assert told["communicated"] == "never said: 1628"


@needs_the_benchmark
def test_a_call_the_airline_refuses_is_told_to_the_model_and_changes_nothing():
    wrong = call("cancel_reservation", reservation_id="NOSUCH")
    lame = call("cancel_reservation", number="XEHM4B")
    [run] = task_7(wrong, lame, "I cannot find it.")
    results = [tool.result for record in run.records for tool in record.tool_calls]
    assert results[0] == "Reservation NOSUCH not found"
    assert "unexpected keyword argument 'number'" in str(results[1])
    assert verdicts(run)["end state"] is False


@needs_the_benchmark
def test_every_run_has_a_world_of_its_own():
    done = [CHEAPER, *CANCELLED, "Done. You get 1628 back."]
    first, second = task_7(*done, *done, repeat=2)
    assert verdicts(first) == verdicts(second) == {"end state": True, "communicated": True}


@needs_the_benchmark
def test_the_agent_reads_the_policy_and_the_customer_their_part():
    [filed] = collect([Path("tau2:airline/0")], with_people=True)
    model = script("No.")
    [run] = run_suite([filed], model.model, person=FunctionModel(texts_once))
    instructions = run.records[0].instructions or ""
    for words in ("# Airline Agent Policy", "an assistant people text with", "$50"):
        assert words in instructions
    assert filed.scenario.simulated is not None
    assert "EHGLP3" not in instructions and "EHGLP3" in filed.scenario.simulated.goal
    assert filed.needs_a_model
    assert filed.scenario.expect.judged == ["Agent should refuse to proceed with the cancellation."]
    offered = {tool.name for tool in run.records[0].tools}
    assert {"book_reservation", "get_user_details", "calculate", "send", "react"} <= offered


@needs_the_benchmark
def test_all_tasks_are_there_and_one_that_is_not_is_named():
    assert len(collect([Path("tau2:airline")], with_people=True)) == 50
    with pytest.raises(BadScenario, match="there is no task 99; there are 0, 1, 2"):
        collect([Path("tau2:airline/99")], with_people=True)
    with pytest.raises(BadScenario, match="say who plays it with --person"):
        collect([Path("tau2:airline/0")])


def test_without_the_benchmark_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tau2, "find_spec", lambda name: None)
    with pytest.raises(BadScenario, match="which the extra tau2 installs"):
        collect([Path("tau2:airline")], with_people=True)
