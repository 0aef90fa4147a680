"""What two records of a turn differ in."""

from __future__ import annotations

from typing import Any

from evals.records.differences import differences, is_changed
from memory.transcript import TurnRecord
from tests.evals.test_replaying import live, texts
from tests.house import call, script


def record(*answers: Any) -> TurnRecord:
    [found] = live(texts("hi"), script(*answers))
    return found


def test_a_record_does_not_differ_from_itself():
    one = record("hello")
    assert differences(one, one) == []
    assert not is_changed([])


def test_tokens_and_seconds_alone_are_no_change():
    one = record("hello")
    usage = one.usage.model_copy(update={"input_tokens": 999})
    slow = one.latencies.model_copy(update={"first_bubble": 99.0})
    found = differences(one, one.model_copy(update={"usage": usage, "latencies": slow}))
    assert [each["what"] for each in found] == ["tokens", "first_bubble_seconds"]
    assert found[0]["after"]["input"] == 999
    assert not is_changed(found)


def test_words_calls_and_bubbles_are():
    before = record("hello")
    after = record([call("remember", fact="x"), call("send", text="one")], "two")
    found = {each["what"]: each for each in differences(before, after)}
    assert found["words"]["after"] == ["one", "two"]
    assert found["tools"]["before"] == []
    assert found["tools"]["after"][0] == 'remember(fact="x")'
    assert found["bubbles"]["after"] == ["imessage", "imessage"]
    assert "outcome" not in found
    assert is_changed(list(found.values()))


def test_how_a_bubble_arrived_is_told():
    before = record("hello")
    after = record([call("reply", text="hello", message_id="m1"), call("end_turn", reason="-")])
    found = {each["what"]: each["after"] for each in differences(before, after)}
    assert found["bubbles"] == ["imessage, in thread"]
    assert "words" not in found


def test_a_failure_is_told_with_its_reason_and_a_silence_without():
    before = record("hello")
    failed = before.model_copy(update={"outcome": "failed", "reason": "model_unavailable"})
    silent = before.model_copy(update={"outcome": "silent", "reason": "nothing to say"})
    [found] = [one for one in differences(before, failed) if one["what"] == "outcome"]
    assert found["after"] == "failed: model_unavailable"
    assert [one["after"] for one in differences(before, silent)] == ["silent"]
