"""compare, gate and judge-check, from the files to what they print and how they exit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import Result
from pydantic_ai import ModelMessage
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from typer.testing import CliRunner

from evals.runs.files import BadRuns, Runs, runs_in
from evals.verdicts.agreement import Confusion
from evals.verdicts.comparing import Comparison, compare
from evals.verdicts.gating import Gate, decide
from evals.verdicts.judge_checking import Labelled, check_judge
from evals.verdicts.judge_words import foot
from threedots import app

SIMULATED = 120


def run(
    scenario: str = "Greeting",
    number: int = 1,
    *,
    passed: bool = True,
    critical: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """A line of `threedots eval --out`, without its records."""
    verdict = {
        "place": "turn 1", "what": "silent", "passed": passed, "expected": "silence",
        "found": "silence" if passed else "1 bubble", "critical": critical,
    }  # fmt: skip
    return {
        "scenario": scenario,
        "file": f"{scenario}.yaml",
        "run": number,
        "passed": passed,
        "problem": None,
        "verdicts": [verdict],
        "figures": {"seconds": 3.0, "tokens": 400, "cost_usd": 0.002},
        "scores": {"seconds_to_first_bubble": 1.5},
        "records": [],
    } | more


def runs(lines: Sequence[dict[str, Any]], name: str = "runs.jsonl") -> Runs:
    return runs_in((json.dumps(line).encode() for line in lines), name=name)


def many(count: int, *, fail: int = 0, times: int = 1, **more: Any) -> list[dict[str, Any]]:
    """So many scenarios, of which the first ones fail."""
    return [
        run(f"Scenario {nth:02}", number, passed=nth >= fail, **more)
        for number in range(1, times + 1)
        for nth in range(count)
    ]


def beside(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> Comparison:
    return compare(runs(a, "a.jsonl"), runs(b, "b.jsonl"))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, Sequence[dict[str, Any]]], str]:
    def write(name: str, lines: Sequence[dict[str, Any]]) -> str:
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
        return str(tmp_path / name)

    return write


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_what_flipped_is_told_with_its_first_failure(written: Any):
    a = written("a.jsonl", [run("Up", passed=False), run("Down"), run("Same")])
    b = written("b.jsonl", [run("Up"), run("Down", passed=False), run("Same")])
    shown = typed("compare", a, b)
    assert shown.exit_code == 0
    down = next(line for line in shown.output.splitlines() if line.startswith("Down"))
    assert "passed → failed" in down
    assert "turn 1: silent: expected silence; found 1 bubble" in down
    assert "failed → passed" in shown.output
    assert not any(line.startswith("Same") for line in shown.output.splitlines())
    assert "1 fell, 1 rose" in shown.output


def test_it_is_said_plainly_what_the_runs_do_not_show(written: Any):
    a, b = written("a.jsonl", many(30)), written("b.jsonl", many(30, fail=2))
    shown = typed("compare", a, b).output
    assert "These runs show no difference, which does not say that there is none" in shown
    assert "The smallest drop they would have shown four times in five" in shown


def test_that_no_scenario_went_another_way_is_said(written: Any):
    a = written("a.jsonl", many(5, fail=2))
    assert "No scenario went another way." in typed("compare", a, a).output
    b = written("b.jsonl", many(5, fail=3))
    assert "No scenario went another way." not in typed("compare", a, b).output


def test_a_sure_difference_is_called_one(written: Any):
    a, b = written("a.jsonl", many(30)), written("b.jsonl", many(30, fail=12))
    assert "B is worse than A: by" in typed("compare", a, b).output
    assert "B is better than A: by" in typed("compare", b, a).output


def test_scenarios_in_one_file_only_are_named_and_left_out(written: Any):
    a = written("a.jsonl", [*many(4), run("Old")])
    b = written("b.jsonl", [*many(4), run("New", passed=False)])
    shown = typed("compare", a, b).output
    assert "Only in A, left out: Old." in shown
    assert "Only in B, left out: New." in shown
    assert "4 scenarios in both" in shown
    told = json.loads(typed("compare", a, b, "--json").output)
    assert (told["only_a"], told["only_b"], told["scenarios"]) == (["Old"], ["New"], 4)
    assert told["score_b"] == 1.0


def test_cost_wait_and_tokens_are_compared_in_pairs():
    a = [run(f"S{nth}", figures={"tokens": 100 * nth, "cost_usd": None}) for nth in range(9)]
    b = [run(f"S{nth}", figures={"tokens": 100 * nth + 7, "cost_usd": 1.0}) for nth in range(9)]
    figures = beside(a, b).figures
    tokens = figures["tokens"]
    assert (tokens.a, tokens.b, tokens.difference) == (400, 407, 7)
    assert tokens.interval is not None and tokens.interval.low == tokens.interval.high == 7
    assert "cost_usd" not in figures, "what it cost in A is not known"
    assert figures["seconds_to_first_bubble"].difference == 0


def test_a_scenario_passes_when_most_of_its_runs_do():
    a = [run(number=nth, passed=nth < 3) for nth in range(4)]
    b = [run(number=nth, passed=nth < 2) for nth in range(4)]
    [pair] = beside(a, b).pairs
    assert pair.passed == (True, False)
    assert pair.change == "fell"


def test_pass_hat_k_is_over_as_many_runs_as_all_have():
    both = beside(many(2, fail=1, times=3), many(2, times=2))
    assert both.runs_of_all == 2
    assert both.pass_hat(2) == (0.5, 1.0)


def test_what_hardly_compares_is_named(written: Any):
    other = run("Changed")
    other["verdicts"][0]["expected"] = "two bubbles"
    unjudged = run("Unjudged")
    unjudged["verdicts"][0]["passed"] = None
    a = written("a.jsonl", [run("Changed"), run("Unjudged")])
    b = written("b.jsonl", [other, unjudged])
    shown = typed("compare", a, b).output
    assert "Not the same is expected in A and B, so they hardly compare: Changed." in shown
    assert "Judged in one file only, so they hardly compare: Unjudged." in shown


def test_the_same_files_give_the_same_bytes(written: Any):
    rnd = Random(4)

    def evaluated() -> list[dict[str, Any]]:
        return [
            run(f"S{nth}", number, passed=rnd.random() < 0.8, figures={"cost_usd": rnd.random()})
            for nth in range(20)
            for number in (1, 2, 3)
        ]

    a, b = written("a.jsonl", evaluated()), written("b.jsonl", evaluated())
    for words in (["compare", a, b], ["compare", a, b, "--json"], ["gate", b, "--baseline", a]):
        assert typed(*words).stdout_bytes == typed(*words).stdout_bytes


def test_markup_in_a_name_is_text(written: Any):
    a = written("a.jsonl", [run("[bold]Name[/bold]")])
    b = written("b.jsonl", [run("[bold]Name[/bold]", passed=False)])
    assert "[bold]Name[/bold]" in typed("compare", a, b).output


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "runs.jsonl:2: is not JSON"),
        (b"[1]", "runs.jsonl:2: is no object"),
        (b'{"scenario": "x"}', "runs.jsonl:2: is no run of `threedots eval --out`: file: Field"),
        (b"\xff\xfe{}", "runs.jsonl:2: is not UTF-8"),
        (b"[" * 100_000, "runs.jsonl:2: is not JSON"),
        (
            json.dumps(run() | {"passed": "yes"}).encode(),
            "runs.jsonl:2: is no run of `threedots eval --out`: passed",
        ),
        (
            json.dumps(run() | {"figures": {"cost_usd": float("nan")}}).encode(),
            "figures.cost_usd",
        ),
        (
            json.dumps(run() | {"file": "other.yaml"}).encode(),
            "runs.jsonl:2: 'Greeting' is the name of Greeting.yaml and of other.yaml",
        ),
    ],
)
def test_a_broken_line_is_named(line: bytes, said: str):
    with pytest.raises(BadRuns) as refused:
        runs_in([json.dumps(run()).encode(), line], name="runs.jsonl")
    assert said in str(refused.value)


def test_the_same_run_twice_is_refused_and_more_runs_are_welcome():
    one = run(records=[{"turn_id": "t1"}])
    with pytest.raises(BadRuns, match=r"r\.jsonl:2: is line 1 once more"):
        runs([one, one], "r.jsonl")
    assert runs([one, run(records=[{"turn_id": "t2"}])]).count == 2


def test_bad_input_is_one_sentence_and_exit_code_2(written: Any, tmp_path: Path):
    good, empty = written("good.jsonl", [run()]), written("empty.jsonl", [])
    other = written("other.jsonl", [run("Other")])
    for words, said in (
        (["compare", good, empty], "has no run in it"),
        (["compare", good, other], "have no scenario in common"),
        (["gate", good, "--baseline", empty], "has no run in it"),
        (["gate", good, "--baseline", str(tmp_path / "none")], "does not exist"),
        (["gate", good, "--baseline", good, "--at-least", "0"], "--at-least"),
    ):
        shown = typed(*words)
        assert shown.exit_code == 2
        assert said in " ".join(shown.output.replace("│", " ").split())


def test_the_gate_closes_on_a_sure_drop(written: Any):
    base, now = written("base.jsonl", many(30)), written("now.jsonl", many(30, fail=12))
    shown = typed("gate", now, "--baseline", base)
    assert shown.exit_code == 1
    assert shown.output.startswith("Fail: the score fell by 40.0 points (95 % interval -")
    assert shown.output.count("\n") == 1
    assert typed("gate", base, "--baseline", now).exit_code == 0


def test_the_gate_opens_when_a_drop_that_matters_is_ruled_out(written: Any):
    base = written("base.jsonl", many(50, times=2))
    shown = typed("gate", base, "--baseline", base)
    assert shown.exit_code == 0
    assert "Pass: a drop of 5.0 points or more is ruled out" in shown.output


def test_the_gate_says_when_it_cannot_tell_and_what_would_be_enough(written: Any):
    base, now = written("base.jsonl", many(20)), written("now.jsonl", many(20, fail=1))
    shown = typed("gate", now, "--baseline", base)
    assert shown.exit_code == 2
    assert "Cannot tell: 95 % interval" in shown.output
    assert "not of 5.0 points; about" in shown.output
    assert "--repeat" in shown.output
    assert typed("gate", now, "--baseline", base, "--at-least", "0.5").exit_code == 0
    told = json.loads(typed("gate", now, "--baseline", base, "--json").output)
    assert (told["code"], told["gate"]) == (2, "cannot_tell")


def test_one_critical_expectation_that_falls_closes_the_gate():
    base = [*many(60, times=2), run("STOP", critical=True)]
    fallen = [*many(60, times=2), run("STOP", critical=True, passed=False)]
    decision = decide(beside(base, fallen), at_least=0.05)
    assert decision.gate is Gate.CLOSED
    assert "a critical expectation fell: STOP: turn 1: silent" in decision.why
    assert "found 1 bubble" in decision.why


def test_a_critical_expectation_that_never_held_closes_nothing():
    failing = [*many(60, times=2), run("STOP", critical=True, passed=False)]
    assert decide(beside(failing, failing), at_least=0.05).gate is Gate.OPEN
    mixed = [*many(60, times=2), run("STOP", critical=True), *failing[-1:]]
    assert decide(beside(mixed, failing), at_least=0.1).gate is Gate.OPEN


def test_a_run_that_broke_off_before_a_critical_expectation_closes_the_gate():
    base = [*many(60, times=2), run("STOP", critical=True)]
    broken = run("STOP", passed=False, problem="the agent did not end its turn", verdicts=[])
    decision = decide(beside(base, [*many(60, times=2), broken]), at_least=0.05)
    assert decision.gate is Gate.CLOSED
    assert "it broke off: the agent did not end its turn" in decision.why


def test_a_critical_expectation_nobody_looked_at_cannot_be_told():
    base = [*many(60, times=2), run("STOP", critical=True)]
    unjudged = run("STOP", critical=True)
    unjudged["verdicts"][0]["passed"] = None
    for now, said in (
        ([], "the scenario was not played"),
        ([run("STOP", verdicts=[])], "take a new baseline"),
        ([unjudged], "give a model with --judge"),
    ):
        decision = decide(beside(base, [*many(60, times=2), *now]), at_least=0.05)
        assert decision.gate is Gate.CANNOT_TELL
        assert said in decision.why


def test_the_gate_names_what_it_left_out():
    decision = decide(beside([*many(60, times=2), run("Old")], many(60, times=2)), at_least=0.05)
    assert decision.gate is Gate.OPEN
    assert decision.why.endswith("in one file only, left out: Old")


def test_the_gate_closes_on_the_same_agent_at_most_one_time_in_twenty():
    rnd = Random(31)
    chances = [1.0 if nth % 3 else 0.7 for nth in range(20)]

    def evaluated() -> list[dict[str, Any]]:
        return [
            run(f"S{nth}", number, passed=rnd.random() < chance)
            for nth, chance in enumerate(chances)
            for number in (1, 2)
        ]

    closed = sum(
        decide(beside(evaluated(), evaluated()), at_least=0.05).gate is Gate.CLOSED
        for _ in range(SIMULATED)
    )
    assert closed <= 0.05 * SIMULATED


def labels(*rows: tuple[str, str, str | None]) -> list[dict[str, Any]]:
    return [
        {"text": text, "rubric": "Asks for the size.", "label": label}
        | ({"verdict": verdict} if verdict else {})
        for text, label, verdict in rows
    ]


WORKED = labels(
    *[("Which size?", "pass", "pass")] * 20,
    *[("Sure.", "fail", "pass")] * 10,
    *[("What size, please?", "pass", "fail")] * 5,
    *[("No.", "fail", "fail")] * 15,
)


def test_a_judge_is_measured_from_its_verdicts(written: Any):
    file = written("labels.jsonl", WORKED)
    shown = typed("judge-check", file)
    assert shown.exit_code == 0
    assert "Agreement: 70.0 % of 50 texts" in shown.output
    assert "Cohen's kappa: 0.40 (95 % interval 0.15 to 0.65)" in shown.output
    assert "It errs on the mild side: it passed 10 that people failed." in shown.output
    told = json.loads(typed("judge-check", file, "--json").output)
    assert told["kappa"] == 0.4
    assert told["confusion"] == {
        "label_pass": {"judge_pass": 20, "judge_fail": 5},
        "label_fail": {"judge_pass": 10, "judge_fail": 15},
    }


def asks(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A judge to whom every question asks for the size."""
    told = str(messages[-1])
    assert "The statement: Asks for the size." in told
    answer = {"reason": "It asks.", "is_true": "?" in told.split("The agent texted:")[1]}
    return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, answer)])


def test_a_model_judges_all_of_them_anew():
    rows = labels(("Which?", "pass", "fail"), ("Sure.", "fail", None), ("Why?", "fail", None))
    labelled = [Labelled.model_validate(row) for row in rows]
    checked = asyncio.run(check_judge(labelled, FunctionModel(asks)))
    assert checked.confusion == Confusion(both_pass=1, too_mild=1, too_strict=0, both_fail=1)


def test_the_judge_reads_what_people_wrote_before():
    def reads(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        answer = {"reason": "So it is.", "is_true": "They wrote: Two shirts" in str(messages[-1])}
        return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, answer)])

    [row] = labels(("Which?", "pass", None))
    labelled = [Labelled.model_validate(row | {"heard": ["Two shirts"]})]
    assert asyncio.run(check_judge(labelled, FunctionModel(reads))).confusion.both_pass == 1


def test_what_the_judge_fails_to_judge_counts_nowhere_and_is_told():
    def breaks(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if "Sure." in str(messages[-1]):
            raise ModelHTTPError(503, "judge")
        return asks(messages, info)

    rows = labels(("Which?", "pass", None), ("Sure.", "fail", None))
    labelled = [Labelled.model_validate(row) for row in rows]
    checked = asyncio.run(check_judge(labelled, FunctionModel(breaks)))
    assert checked.confusion.count == 1
    assert "Left out, 1: not judged: the judge failed (ModelHTTPError)." in list(foot(checked))


def test_a_judge_that_judges_nothing_is_an_error(written: Any):
    shown = typed("judge-check", written("l.jsonl", WORKED[:2]), "--judge", "scripted")
    assert shown.exit_code == 2
    unknown = typed("judge-check", written("l.jsonl", WORKED[:2]), "--judge", "nosuch:judge")
    assert unknown.exit_code == 2
    assert "Invalid value for --judge: it names 'nosuch:judge'" in " ".join(unknown.output.split())
    assert "nothing was judged: not judged: the judge failed" in " ".join(shown.output.split())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"text": "Hi", "rubric": "Greets.", "label": "good"}, "labels.jsonl:2: is no labelled"),
        ({"text": "Hi", "rubric": "Greets.", "label": "pass", "veridct": "pass"}, "veridct"),
        ({"text": "Hi", "rubric": "Greets.", "label": "pass"}, "1 of 2 lines have no verdict"),
    ],
)
def test_what_is_no_label_is_refused(written: Any, line: dict[str, Any], said: str):
    shown = typed("judge-check", written("labels.jsonl", [*WORKED[:1], line]))
    assert shown.exit_code == 2
    assert said in " ".join(shown.output.split())


def test_kappa_is_not_made_up_when_all_is_alike(written: Any):
    shown = typed("judge-check", written("labels.jsonl", WORKED[:20]))
    assert shown.exit_code == 0
    assert "Kappa cannot be said" in shown.output


WORKED_RUNS = {
    "A correction before the answer": (4, 2),
    "A group that talks among itself": (3, 5),
    "A late text": (4, 4),
    "Several questions at once": (5, 1),
} | {f"Other scenario {nth}": (5, 5) for nth in range(1, 21)}
"""The worked example of docs/verdicts.md: passes in A and B, of five runs each."""


def test_the_worked_example_of_the_page_is_what_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    for place, (name, tokens) in enumerate([("before.jsonl", 400), ("after.jsonl", 500)]):
        lines = [
            run(scenario, number, passed=number <= passes[place], figures={"tokens": tokens})
            for scenario, passes in WORKED_RUNS.items()
            for number in range(1, 6)
        ]
        Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    page = (Path(__file__).parents[2] / "docs" / "verdicts.md").read_text()
    for words in (
        ["compare", "before.jsonl", "after.jsonl"],
        ["gate", "after.jsonl", "--baseline", "before.jsonl"],
    ):
        shown = [line.rstrip() for line in typed(*words).output.splitlines()]
        assert "\n".join(["$ threedots " + " ".join(words), *shown]) in page
