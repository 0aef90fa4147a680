"""The core is pydantic-evals: same seed, same bytes; evaluators of one's own; its reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext
from pydantic_evals.reporting import EvaluationReportAdapter
from typer.testing import CliRunner

from agent.demo import demo_model
from evals import custom
from evals.custom import ShortBubbles
from evals.evaluation_report import evaluation_report
from evals.format.filed import Filed
from evals.format.files import BadScenario, loads
from evals.judging.own_evaluators import all_named_by
from evals.playing.seen import Played
from evals.reports.page import report
from evals.runs import evaluating
from evals.runs.collecting import collect
from evals.runs.evaluating import dataset_of
from evals.runs.files import with_records
from evals.runs.results import Run, write_runs
from tests.evals.playing import START, played, run_suite, scenario
from tests.house import call, script
from threedots import app

SHIPPED = Path(__file__).parents[2] / "evals" / "scenarios"

BUSY = ("burst-of-three", "lost-webhook", "photo-received", "memory-remembered", "group-addressed")
"""Scenarios with photos, threads of the database, tool calls, lost webhooks and several people."""


def evaluated(folder: Path, *arguments: str) -> bytes:
    out = folder / "out.jsonl"
    paths = [str(SHIPPED / f"{name}.yaml") for name in BUSY]
    told = ["eval", *paths, "--model", "scripted", "--out", str(out), *arguments]
    done = CliRunner().invoke(app, told)
    assert done.exit_code == 0, done.output
    return out.read_bytes()


def test_the_same_seed_and_the_same_answers_give_the_same_bytes(tmp_path: Path):
    one_by_one = evaluated(tmp_path, "--repeat", "2", "--at-once", "1")
    all_at_once = evaluated(tmp_path, "--repeat", "2", "--at-once", "10")
    assert one_by_one == all_at_once
    lines = one_by_one.splitlines()
    assert len(set(lines)) == 2 * len(BUSY), "two runs of a scenario have the same ids"


def test_another_seed_gives_other_ids_and_the_same_talk():
    filed = scenario("- text: hello")
    turns = {played(filed, script("hi").model, seed=seed).records[0].turn_id for seed in (1, 2)}
    assert len(turns) == 2


def test_messages_bear_the_time_of_the_scenario_and_ids_of_the_run():
    filed = scenario("- text: hello\n- text: and?")
    model = script(call("remember", fact="Has a dog"), "hi", "that is all")
    for record in played(filed, model.model).records:
        times = [message["timestamp"] for message in record.messages if message["timestamp"]]
        times += [p["timestamp"] for m in record.messages for p in m["parts"] if p.get("timestamp")]
        assert all(time.startswith("2026-03-03T18:0") for time in times)
        runs = {message["run_id"] for message in record.messages} - {None}
        assert runs == {f"{record.turn_id}-1"}
        places = {message["conversation_id"] for message in record.messages} - {None}
        assert places == {record.conversation.conversation_id}
        calls = {one.call_id for one in record.tool_calls}
        said = {p["tool_call_id"] for m in record.messages for p in m["parts"] if "args" in p}
        assert calls <= said and all(one.startswith(f"pyd_ai_{record.turn_id}_") for one in said)


def test_a_scenario_without_a_clock_begins_at_the_same_time_in_every_run():
    started = played(scenario("- text: hello"), script("hi").model).records[0].started_at
    bare = START.replace('  clock: "2026-03-03T18:00:00Z"\n', "")
    assert "clock" not in bare
    filed = Filed(Path("bare.yaml"), loads(bare + "turns:\n- text: hello"))
    assert played(filed, script("hi").model).records[0].started_at == started


@dataclass(repr=False)
class Says(Evaluator[Filed, Played, None]):
    """Asks what it is given for."""

    words: str
    gives: Any = None

    def evaluate(self, ctx: EvaluatorContext[Filed, Played, None]) -> Any:
        if self.gives == "broken":
            raise LookupError("no such thing")
        found = self.words in str(ctx.output)
        return EvaluationReason(self.gives if self.gives is not None else found, str(ctx.output))


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    monkeypatch.setattr(custom, "EVALUATORS", [ShortBubbles, Says])
    yield monkeypatch


def asked(*evaluators: Any, turns: str = "- text: hello") -> Run:
    named = json.dumps(list(evaluators))
    return played(scenario(turns, end=f"evaluators: {named}"), script("hi", "yes").model)


@pytest.mark.usefixtures("own")
def test_an_evaluator_of_ones_own_that_says_no_fails_the_run_and_says_why():
    run = asked({"Says": "hi"}, {"Says": "goodbye"})
    assert [verdict.passed for verdict in run.verdicts] == [True, False]
    assert run.first_failure == (
        'the end: Says: expected Says("goodbye") to hold; '
        "found They wrote: hello\nThe agent texted: hi"
    )


@pytest.mark.usefixtures("own")
def test_a_number_or_a_word_of_ones_own_is_kept_with_its_reason(tmp_path: Path):
    run = asked({"Says": {"words": "hi", "gives": 3}}, {"Says": {"words": "hi", "gives": "warm"}})
    assert run.passed
    assert [(name, told.value) for name, told in run.evaluations.items()] == [
        ("Says", 3), ("Says_2", "warm"),
    ]  # fmt: skip
    assert run.scores["turns"] == 1
    with (tmp_path / "run.jsonl").open("w") as out:
        write_runs([run], out)
    told = evaluation_report(tmp_path / "run.jsonl").cases[0]
    assert told.labels["Says_2"].value == "warm" and told.scores["Says"].value == 3
    assert "Says: 3 (They wrote" in report(with_records(tmp_path / "run.jsonl"), name="x")


@pytest.mark.usefixtures("own")
def test_an_evaluator_that_breaks_has_not_passed_and_says_so():
    run = asked({"Says": {"words": "hi", "gives": "broken"}})
    assert "found the evaluator broke: LookupError: no such thing" in run.first_failure


@pytest.mark.usefixtures("own")
def test_an_evaluator_sees_runs_alone_that_came_to_their_end():
    run = asked({"Says": "goodbye"}, turns="- text: hello\n- tapback: love\n  on: agent.2")
    assert [verdict.what for verdict in run.verdicts] == []
    assert run.problem is not None and "agent.2" in run.problem


def test_evaluators_for_all_look_at_every_scenario(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(custom, "FOR_ALL", [ShortBubbles(1)])
    run = played(scenario("- text: hello"), script("hi").model)
    assert "ShortBubbles(1) to hold; found one of 2 characters: “hi”" in run.first_failure


def test_an_evaluator_nobody_knows_is_refused_before_anything_is_played():
    filed = scenario("- text: hello", end="evaluators: [Kind, {ShortBubbles: {words: 1}}]")
    with pytest.raises(BadScenario, match="there is no Kind; put it into EVALUATORS"):
        all_named_by([filed])
    filed = scenario("- text: hello", end="evaluators: [{ShortBubbles: {words: 1}}]")
    with pytest.raises(BadScenario, match="unexpected keyword argument 'words'"):
        all_named_by([filed])
    with pytest.raises(BadScenario, match="an evaluator is its name"):
        scenario("- text: hello", end="evaluators: [{A: 1, B: 2}]")


def test_durations_are_of_the_scenarios_clock():
    turns = "- text: hello\n- advance: 60"
    quick = played(scenario(turns, end="evaluators: [{MaxDuration: 59}]"), script("hi").model)
    assert "MaxDuration(59)" in quick.first_failure
    slow = played(scenario(turns, end="evaluators: [{MaxDuration: 70}]"), script("hi").model)
    assert slow.passed


def test_the_shipped_scenarios_are_a_dataset_the_library_can_keep(tmp_path: Path):
    dataset = dataset_of(collect([SHIPPED]))
    names = [case.name for case in dataset.cases]
    assert len(set(names)) == len(names) >= 48
    kept = dataset.model_dump(mode="json", context={"use_short_form": True})
    first = next(
        case for case in kept["cases"] if case["name"] == "An unfinished text is waited for"
    )
    assert first["evaluators"][0] == {"Expected": 1}


def test_two_scenarios_of_one_name_are_two_cases():
    one = scenario("- text: hello")
    other = replace(one, file=Path("other.yaml"))
    names = [case.name for case in dataset_of([one, other]).cases]
    assert names == ["Planted (planted.yaml)", "Planted (other.yaml)"]
    runs = run_suite([one, other], script("hi", last_for_ever=True).model, repeat=2, at_once=3)
    assert [(str(run.filed.file), run.number) for run in runs] == [
        ("planted.yaml", 1), ("planted.yaml", 2), ("other.yaml", 1), ("other.yaml", 2),
    ]  # fmt: skip


def test_what_breaks_the_harness_breaks_one_run_off_and_is_told(monkeypatch: pytest.MonkeyPatch):
    real = evaluating.play

    async def play(which: Any, *rest: Any, **options: Any) -> Played:
        if which.name == "Odd":
            raise ZeroDivisionError("a bug of ours")
        return await real(which, *rest, **options)

    monkeypatch.setattr(evaluating, "play", play)
    even = scenario("- text: hello")
    odd = Filed(Path("odd.yaml"), even.scenario.model_copy(update={"name": "Odd"}))
    runs = run_suite([odd, even], script("hi", last_for_ever=True).model, repeat=2)
    assert [(run.number, run.passed) for run in runs] == [
        (1, False), (2, False), (1, True), (2, True),
    ]  # fmt: skip
    assert runs[0].first_failure == "the run broke: ZeroDivisionError: a bug of ours"
    assert runs[0].as_json()["scores"].keys() == runs[2].as_json()["scores"].keys()


def test_what_nobody_could_judge_keeps_its_place_among_what_was_judged():
    rubrics = ["Is kind.", "Is short.", "Is true."]

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if "Is short." in str(messages[0].parts[-1].content):
            raise UnexpectedModelBehavior("gone")
        [tool] = info.output_tools
        return ModelResponse([ToolCallPart(tool.name, {"reason": "so", "is_true": True})])

    filed = scenario(f"- text: hello\n  expect: {{judged: {json.dumps(rubrics)}, silent: false}}")
    plain = played(filed, script("hi").model)
    assert [verdict.passed for verdict in plain.verdicts] == [True, None, None, None]
    assert [verdict.expected for verdict in plain.verdicts[1:]] == rubrics
    run = played(filed, script("hi").model, judge=FunctionModel(answer))
    assert [verdict.expected for verdict in run.verdicts[1:]] == rubrics
    assert [verdict.passed for verdict in run.verdicts] == [True, True, None, True]


def test_the_same_expectation_twice_is_told_twice():
    filed = scenario("- text: hello\n  expect: {said: [hi, hi]}")
    run = played(filed, script("hi").model)
    assert [verdict.expected for verdict in run.verdicts] == ["“hi” said", "“hi” said (2)"]


def test_a_file_of_runs_is_a_report_of_the_library(tmp_path: Path):
    filed = scenario("- text: hello\n  expect: {said: [goodbye], judged: [Is kind.]}")
    runs = run_suite([filed], demo_model("Threedots"), repeat=2)
    file = tmp_path / "run.jsonl"
    with file.open("w") as out:
        write_runs(runs, out)
    told = evaluation_report(file)
    assert [case.name for case in told.cases] == ["Planted [1/2]", "Planted [2/2]"]
    [case, _] = told.cases
    assert case.output.startswith("They wrote: hello\nThe agent texted: This is Threedots")
    assert case.attributes == {"run": 1, "turns": [runs[0].records[0].turn_id]}
    said = case.assertions["turn 1: said: “goodbye” said"]
    assert said.value is False and said.reason and said.reason.startswith("1: “This is Threedots")
    assert case.labels["turn 1: judged: Is kind."].value == "not judged"
    assert case.task_duration == 1.0 and case.scores["turns"].value == 1
    assert [group.name for group in told.case_groups() or []] == ["Planted"]
    kept = EvaluationReportAdapter.dump_json(told)
    assert EvaluationReportAdapter.validate_json(kept).cases[0].name == case.name
    assert "Planted [1/2]" in told.render(width=200, baseline=told)
