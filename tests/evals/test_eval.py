"""`threedots eval`: the shipped scenarios, exit codes, files, repeats and figures."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from typer.testing import CliRunner

from agent.demo import demo_model
from agent.models import NoModel
from evals.format.filed import Filed
from evals.format.files import BadScenario
from evals.judging.scores import double_replies, pass_hat_k, scores, unanswered_texts
from evals.reports.junit import junit
from evals.runs.collecting import collect
from evals.runs.results import results_of
from tests.evals.playing import START, played, run_suite, scenario
from tests.house import call, script
from threedots import _explained, app

SHIPPED = Path(__file__).parents[2] / "evals" / "scenarios"
DONE = call("end_turn", reason="done")

RIGHT = START + "turns:\n- text: hello\n  expect: {said: [offline demo]}\n"
WRONG = START + "turns:\n- text: hello\n  expect: {said: ['<so & so>']}\n"
REAL = START.replace("start:", "tags: [real-model]\nstart:", 1) + "turns:\n- text: hello\n"
BAD = START + "turns:\n- text: hello\n  expect: {sad: [hello]}\n"
SIMULATED = START + "turns: []\nsimulated: {persona: terse, goal: a table}\n"


def written(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return [str(folder / f"{name}.yaml") for name in texts]


def evaluate(*arguments: str, code: int):
    done = CliRunner().invoke(app, ["eval", *arguments], catch_exceptions=True)
    assert done.exit_code == code, done.output
    return done


def shipped() -> list[Filed]:
    return [filed for filed in collect([SHIPPED]) if not filed.needs_a_model]


def test_the_shipped_scenarios_pass_on_the_demo():
    runs = run_suite(shipped(), demo_model("Threedots"), at_once=4)
    assert [run.first_failure for run in runs if not run.passed] == []
    assert len(runs) >= 30
    told = [verdict.found for run in runs for verdict in run.verdicts if verdict.passed is None]
    assert told == [], "what needs a judge belongs into a scenario for a real model"


RULES_OF_THE_HARNESS = {
    "stop-and-start", "courteous-stop", "help", "opted-out-from-the-start", "group-stop",
    "group-not-addressed",
}  # fmt: skip
"""Scenarios in which nothing a model does makes a difference, and none is meant to."""


def test_every_shipped_scenario_fails_for_an_agent_that_is_always_silent_or_never():
    judged = [filed for filed in shipped() if filed.file.stem not in RULES_OF_THE_HARNESS]
    silent = run_suite(judged, script(DONE, last_for_ever=True).model, at_once=4)
    left = [run.filed for run in silent if run.passed]
    runs = run_suite(left, FunctionModel(chatter), at_once=4)
    assert [run.filed.file.stem for run in runs if run.passed] == []


def chatter(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """An agent that says three things to everything."""
    if any(isinstance(part, ToolReturnPart) for part in messages[-1].parts):
        return ModelResponse([TextPart("I see")])
    return ModelResponse([call("send", text="Well"), call("send", text="so")])


def test_all_passed_is_zero(tmp_path: Path):
    done = evaluate(*written(tmp_path, right=RIGHT), "--model", "scripted", code=0)
    assert "1 of 1 scenarios passed with scripted" in done.stdout


def test_one_that_fails_is_one_and_is_told(tmp_path: Path):
    written(tmp_path, right=RIGHT, wrong=WRONG)
    done = evaluate(str(tmp_path), "--model", "scripted", code=1)
    assert "1 of 2 scenarios passed" in done.stdout
    assert "turn 1: said: expected “<so & so>” said" in " ".join(done.stdout.split())


def test_one_that_needs_a_real_model_is_skipped_on_the_demo_and_named(tmp_path: Path):
    written(tmp_path, right=RIGHT, real=REAL)
    done = evaluate(str(tmp_path), "--model", "scripted", code=0)
    assert "Skipped, for they need a real model: Planted." in done.stdout
    evaluate(str(tmp_path / "real.yaml"), "--model", "scripted", code=2)


def test_bad_input_is_two_and_named(tmp_path: Path):
    evaluate(str(tmp_path / "none.yaml"), code=2)
    empty = tmp_path / "empty"
    empty.mkdir()
    right = written(tmp_path, right=RIGHT)
    evaluate(*right, "--out", str(tmp_path / "none" / "out.jsonl"), code=2)
    evaluate(*right, "--prompts", str(tmp_path / "none"), code=2)
    with pytest.raises(BadScenario, match="has no scenario in it"):
        collect([empty])
    with pytest.raises(BadScenario, match=r"bad\.yaml:\d+: .*sad: is not a name here"):
        collect([Path(*written(tmp_path, bad=BAD))])
    done = CliRunner().invoke(app, ["eval", *right, "--model", "none:such"])
    assert isinstance(done.exception, NoModel)


def test_a_simulated_person_nobody_plays_is_refused(tmp_path: Path):
    with pytest.raises(BadScenario, match="has a simulated person; say who plays it with --person"):
        collect([Path(*written(tmp_path, simulated=SIMULATED))])


def test_the_command_line_says_a_bad_scenario_in_a_sentence(tmp_path: Path):
    try:
        collect([Path(*written(tmp_path, bad=BAD))])
    except BadScenario as error:
        text, code = _explained(error)
    assert code == 2 and "sad" in text


def test_junit_is_xml_with_a_case_a_scenario(tmp_path: Path):
    odd = WRONG.replace("name: Planted", 'name: "A <b>\\"table\\"</b> & more"')
    written(tmp_path, right=RIGHT, wrong=odd, real=REAL)
    file = tmp_path / "junit.xml"
    evaluate(str(tmp_path), "--model", "scripted", "--junit", str(file), code=1)
    root = ElementTree.fromstring(file.read_text())
    cases = {case.get("classname"): case for case in root.iter("testcase")}
    assert root.attrib == {"tests": "3", "failures": "1", "errors": "0", "skipped": "1"}
    assert cases["wrong"].get("name") == 'A <b>"table"</b> & more'
    failure = cases["wrong"].find("failure")
    assert failure is not None and "<so & so>" in (failure.get("message") or "")
    assert list(cases["right"]) == [] and cases["real"].find("skipped") is not None


def test_what_no_xml_may_hold_is_left_out():
    run = played(
        scenario("- text: hi\n  expect: {silent: true}"), script("bell \x07 \x1b[0m").model
    )
    root = ElementTree.fromstring(junit(results_of([run], [run.filed]), []))
    assert "bell" in (next(root.iter("failure")).get("message") or "")


def test_out_has_a_line_a_run_with_verdicts_records_and_figures(tmp_path: Path):
    out = tmp_path / "runs.jsonl"
    written(tmp_path, right=RIGHT, wrong=WRONG)
    evaluate(str(tmp_path), "--model", "scripted", "--repeat", "2", "--out", str(out), code=1)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(Path(one["file"]).stem, one["run"], one["passed"]) for one in lines] == [
        ("right", 1, True), ("right", 2, True), ("wrong", 1, False), ("wrong", 2, False),
    ]  # fmt: skip
    first = lines[0]
    assert first["records"][0]["session"] == "eval"
    assert first["verdicts"][0]["what"] == "said"
    assert first["figures"]["seconds"] == 1.0
    assert first["scores"]["replies_per_burst"] == 1.0


def test_json_tells_passes_of_runs(tmp_path: Path):
    written(tmp_path, right=RIGHT, wrong=WRONG)
    done = evaluate(str(tmp_path), "--model", "scripted", "--repeat", "2", "--json", code=1)
    told = json.loads(done.stdout)
    assert [one["passes"] for one in told["scenarios"]] == [2, 0]
    assert told["scenarios"][0]["pass_hat_k"] == {"1": 1.0, "2": 1.0}
    assert told["pass_hat_k"] == 0.5


@pytest.mark.parametrize(
    ("passes", "runs", "k", "chance"),
    [(3, 3, 3, 1.0), (2, 3, 3, 0.0), (2, 4, 1, 0.5), (2, 4, 2, 1 / 6), (0, 5, 1, 0.0)],
)
def test_pass_hat_k_is_the_chance_that_k_of_the_runs_all_passed(
    passes: int, runs: int, k: int, chance: float
):
    assert pass_hat_k(passes, runs, k) == pytest.approx(chance)


def test_pass_hat_k_of_more_runs_than_there_were_is_refused():
    with pytest.raises(ValueError, match="k is 4 and there were 3 runs"):
        pass_hat_k(3, 3, 4)


def test_scores_are_read_off_the_records():
    turns = "- text: one\n- text: two\n- text: three"
    model = script(call("send", text="first"), "second", DONE, "third")
    records = played(scenario(turns), model.model).records
    told = scores([records])
    assert told["turns"] == 3
    assert told["silent_turns"] == 1
    assert told["unanswered_texts"] == unanswered_texts(records) == 0
    assert told["replies_per_burst"] == 1.5
    assert told["seconds_to_first_bubble"] == 1.0
    assert told["seconds_to_typing"] == 0.0
    assert told["longest_bubble"] == len("second")
    assert told["characters_per_bubble"] == pytest.approx(16 / 3, abs=0.001)


def test_a_text_without_an_answer_is_counted():
    failing = "- faults: [{method: POST, path: /v1/messages, status: 403, times: 9}]\n- text: hello"
    model = script("one", "another")
    records = played(scenario(failing), model.model).records
    assert [record.outcome for record in records] == ["failed"]
    assert unanswered_texts(records) == 1


def test_the_same_words_twice_and_answers_that_one_would_have_done_for_are_double():
    said = script([call("send", text="Yes."), call("send", text="yes.")], DONE)
    records = played(scenario("- text: open?"), said.model).records
    assert double_replies(records) == len(records[0].wire) - 1
    two = played(scenario("- text: one\n- text: two"), script("a", "b").model).records
    assert double_replies(two) == 0
    early = [
        heard.model_copy(update={"received_at": two[0].heard[0].received_at})
        for heard in two[1].heard
    ]
    assert double_replies([two[0], two[1].model_copy(update={"heard": early})]) == 1


def test_no_production_setting_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/production.db")
    monkeypatch.setenv("AGENTPHONE_BASE_URL", "https://api.agentphone.ai")
    monkeypatch.setenv("AGENTPHONE_API_KEY", "sk_live_real")
    evaluate(*written(tmp_path, right=RIGHT), "--model", "scripted", code=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["right.yaml"]
