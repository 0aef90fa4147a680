"""Each kind of expectation passes for an agent that does it, and fails for one that does not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from evals.format.expectations import Expectations
from evals.judging.checking import RULES, check
from evals.playing.seen import Seen
from memory.transcript import ToolCall, TurnRecord
from tests.evals.playing import played, scenario
from tests.house import Response, call, script

DONE = call("end_turn", reason="done")
TEXT = "- id: ask\n  text: good evening"
OURS = """
memory:
  facts: [Has a dog called Rex]
  foreign: {crm_id: c_9}
history:
- id: before
  text: can you get a table
- id: offer
  who: agent
  text: For seven?
"""


@dataclass(frozen=True)
class Case:
    """An expectation, an agent that meets it, one that does not, and what is said of that."""

    expect: str
    right: list[Response]
    wrong: list[Response]
    told: str

    @property
    def name(self) -> str:
        return self.expect.partition(":")[0]


REMEMBER = call("remember", fact="Likes tea")
ADD = call("shopping_list", change="add", items=["rye", "oats"])
REACT = call("react", tapback="like", message_id="m3")

CASES = [
    Case("called: [{tool: remember}]", [REMEMBER, "ok"], ["ok"], "found no tool call"),
    Case(
        "called: [{tool: remember, arguments: {fact: {equals: Likes tea}}}]",
        [REMEMBER, "ok"], [call("remember", fact="Likes coffee"), "ok"], "Likes coffee",
    ),
    Case(
        "called: [{tool: remember, arguments: {fact: {matches: 'tea$'}}}]",
        [REMEMBER, "ok"], [call("remember", fact="tea is fine"), "ok"], "tea is fine",
    ),
    Case(
        "called: [{tool: shopping_list, arguments: {items: {any_order: [oats, rye]}}}]",
        [ADD, "ok"], [call("shopping_list", change="add", items=["oats"]), "ok"], "any_order",
    ),
    Case(
        "called: [{tool: react, arguments: {message_id: {message: ask}}}]",
        [REACT, DONE], [call("react", tapback="like", message_id="m1"), DONE], '"m1"',
    ),
    Case(
        "called: [{tool: react, arguments: {message_id: {message: ask}}}]",
        [call("react", tapback="like"), DONE], [DONE], "no tool call",
    ),
    Case(
        "called: [{tool: remember, times: 1}]",
        [REMEMBER, "ok"], [REMEMBER, call("remember", fact="Likes rye"), "ok"], "once",
    ),
    Case(
        "in_order: true\n    called: [{tool: remember}, {tool: shopping_list}]",
        [REMEMBER, ADD, "ok"], [ADD, REMEMBER, "ok"], "remember → shopping_list",
    ),
    Case("not_called: [remember]", ["ok"], [REMEMBER, "ok"], "no call of remember"),
    Case(
        "bubbles_at_most: 1",
        ["one"], [call("send", text="one"), "two"], "found 2: “one” · “two”",
    ),
    Case("bubbles_at_most: 0", [DONE], ["hm"], "0 bubbles at most"),
    Case("silent: true", [DONE], ["hm"], "“hm”"),
    Case("silent: true", [DONE], [REACT, DONE], "the tapback like"),
    Case("silent: false", [REACT, DONE], [DONE], "the turn ended as silent (done)"),
    Case("reacted: like", [REACT, DONE], [REACT, "and words"], "and words"),
    Case("reacted: any", [REACT, DONE], [DONE], "any tapback"),
    Case("reacted: love", [call("react", tapback="love"), DONE], [REACT, DONE], "tapback like"),
    Case(
        "threaded_to: ask",
        [call("reply", message_id="m3", text="a"), DONE],
        [call("reply", message_id="m2", text="a"), DONE],
        "found bubbles in thread under offer",
    ),
    Case(
        "threaded_to: offer",
        [call("reply", message_id="m2", text="a"), DONE], ["a"], "no bubble in thread",
    ),
    Case(
        "answered_within: 2",
        ["ok"], [DONE], "neither",
    ),
    Case(
        "memory: {contains: {facts: [tea, Rex]}}",
        [REMEMBER, "ok"], ["ok"], "Has a dog called Rex",
    ),
    Case(
        "memory: {is: {facts: [Has a dog called Rex, Likes tea]}}",
        [REMEMBER, "ok"], [call("forget", fact="Has a dog called Rex"), REMEMBER, "ok"], "tea",
    ),
    Case(
        "memory: {is: {state: {shopping_list: [rye, oats]}}}", [ADD, "ok"], ["ok"], "shopping_list",
    ),
    Case(
        "memory: {contains: {state: {shopping_list: [rye, oats]}}}", [ADD, "ok"], ["ok"], "oats",
    ),
    Case("said: [table, /for (7|seven)/]", ["A table for seven."], ["A table."], "for (7|seven)"),
    Case("said: [MONDAY]", ["on monday"], ["on sunday"], "MONDAY"),
    Case("never_said: ['/\\btwo\\b/']", ["three"], ["not two but three"], "never said"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.expect)
def test_an_expectation_passes_for_who_meets_it_and_fails_for_who_does_not(case: Case):
    filed = scenario(f"{TEXT}\n  expect:\n    {case.expect}", start=OURS)
    right = played(filed, script(*case.right).model)
    assert [str(verdict) for verdict in right.failures] == []
    assert right.passed and right.verdicts

    wrong = played(filed, script(*case.wrong).model)
    assert not wrong.passed
    first = wrong.failures[0]
    assert (first.place, first.what) == ("turn 1 (ask)", case.name.split("\n")[0])
    assert case.told in wrong.first_failure


def test_where_it_is_delivered_is_seen_on_their_phone():
    turns = """
    - text: hello
      expect: {delivered_on: imessage}
    - channel: sms
      text: hello
      expect: {delivered_on: imessage}
    """
    run = played(scenario(turns), script("one", "two").model)
    assert [verdict.passed for verdict in run.verdicts] == [True, False]
    assert run.first_failure.endswith("found 1 on sms")


def test_an_answer_that_comes_too_late_fails():
    turns = """
    - faults: [{method: POST, path: /v1/messages, code: RATE_LIMIT_EXCEEDED, times: 3}]
    - text: hello
      expect: {answered_within: 2}
    """
    run = played(scenario(turns), script("ok").model)
    assert "expected an answer within 2 s; found one after" in run.first_failure


def test_a_key_of_others_that_was_lost_fails():
    """No agent can do that through the harness: what is to be seen is planted."""
    seen = Seen("the end", (), (), (), None, {"crm_id": "c_9"}, {"crm_id": "c_9"}, {}, {})
    expect = Expectations(foreign_keys_unchanged=True)
    assert [verdict.passed for verdict in check(expect, seen)] == [True]
    assert [v.passed for v in check(expect, replace(seen, metadata={"crm_id": 9}))] == [False]
    [lost] = check(expect, replace(seen, metadata={"threedots": {}}))
    assert lost.passed is False and lost.found == "{}"


def test_every_expectation_of_the_format_has_a_rule_and_is_tried_here():
    fields = set(Expectations.model_fields) - {"critical"}
    assert set(RULES) == fields
    tried = {case.name.split("\n")[0] for case in CASES}
    elsewhere = {"delivered_on", "foreign_keys_unchanged", "judged"}
    assert tried | elsewhere == fields


def test_what_is_expected_of_the_whole_is_held_against_all_of_it():
    turns = "- text: one\n- text: two"
    end = "expect: {said: [first, second], bubbles_at_most: 1, critical: true}"
    run = played(scenario(turns, end=end), script("the first", "the second").model)
    assert [(v.what, v.place, v.passed, v.critical) for v in run.verdicts] == [
        ("bubbles_at_most", "the end", False, True),
        ("said", "the end", True, True),
        ("said", "the end", True, True),
    ]


def judging(*, says: bool) -> FunctionModel:
    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        [tool] = info.output_tools
        return ModelResponse([ToolCallPart(tool.name, {"reason": "“ok”", "is_true": says})])

    return FunctionModel(answer)


JUDGED = scenario(f"{TEXT}\n  expect:\n    judged: [Is polite.]")


def test_without_a_judge_nothing_is_judged_and_nothing_has_passed():
    run = played(JUDGED, script("ok").model)
    [verdict] = run.verdicts
    assert verdict.passed is None
    assert verdict.found.startswith("not judged")
    assert run.not_judged == 1 and run.passed


@pytest.mark.parametrize("says", [True, False])
def test_a_judge_decides(says: bool):
    run = played(JUDGED, script("ok").model, judge=judging(says=says))
    assert run.passed is says
    assert run.verdicts[0].found == "“ok”"


def test_a_judge_that_cannot_answer_leaves_it_not_judged():
    run = played(JUDGED, script("ok").model, judge=script("words", last_for_ever=True).model)
    assert run.verdicts[0].passed is None
    assert "the judge failed" in run.verdicts[0].found


@pytest.mark.parametrize(
    ("wanted", "given", "is_it"),
    [
        ("equals: 1", 1.0, True), ("equals: 1", True, False), ("equals: null", None, True),
        ("equals: {a: [1, true]}", {"a": [1, True]}, True),
        ("equals: {a: [1, true]}", {"a": [1, 1]}, False),
        ("any_order: [1, 1, 2]", [2, 1, 1], True), ("any_order: [1, 1, 2]", [2, 2, 1], False),
        ("any_order: [1]", [1, 1], False), ("any_order: [1]", 1, False),
        ("matches: tea", ["tea"], False),
    ],
)  # fmt: skip
def test_arguments_are_compared_as_json(wanted: str, given: object, is_it: bool):
    filed = scenario(f"{TEXT}\n  expect: {{called: [{{tool: t, arguments: {{x: {{{wanted}}}}}}}]}}")
    at = datetime(2026, 3, 3, tzinfo=UTC)
    called = ToolCall(
        call_id="1", name="t", arguments={"x": given}, state="done", result=None, started_at=at,
        finished_at=at,
    )  # fmt: skip
    record = TurnRecord.model_construct(tool_calls=[called])
    seen = Seen("turn 1", [record], (), (), None, {}, {}, {}, {})
    [verdict] = check(filed.scenario.turns[0].expect, seen)
    assert verdict.passed is is_it
