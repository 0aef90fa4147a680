"""Trajectories, read by the package `atif`."""

from __future__ import annotations

from atif import Trajectory

from tests.exports.conftest import Export, has_no_number, lines


def trajectories(export: Export, *arguments: str) -> list[Trajectory]:
    """What was exported, read."""
    return [Trajectory.model_validate(line) for line in lines(export("atif", *arguments))]


def test_every_turn_is_a_trajectory(export: Export):
    told = trajectories(export)
    assert [it.schema_version for it in told] == ["ATIF-v1.8"] * 5
    assert len({it.trajectory_id for it in told}) == 5
    assert len({it.session_id for it in told}) == 2, "two conversations"
    assert has_no_number(export("atif").read_text())


def test_nothing_is_lost_in_reading_it(export: Export):
    written = lines(export("atif"))
    assert without_none([it.to_json_dict() for it in trajectories(export)]) == without_none(written)


def without_none(value):
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return [without_none(item) for item in value] if isinstance(value, list) else value


def test_steps_are_what_was_told_thought_called_and_answered(export: Export):
    noted = trajectories(export)[0]
    system, context, heard, called, said = noted.steps
    assert [step.source for step in noted.steps] == ["system", "user", "user", "agent", "agent"]
    assert str(system.message).startswith("You are Threedots")
    assert str(context.message).startswith("[About this conversation")
    assert "I like tea" in str(heard.message)
    assert (called.reasoning_content, called.message) == ("They drink tea.", "Let me note that.")
    assert [call.arguments for call in called.tool_calls or []] == [
        {"fact": "Likes tea"}, {"tapback": "love"},
    ]  # fmt: skip
    assert called.observation is not None
    assert [it.content for it in called.observation.results] == [
        "Noted: Likes tea", "Tapped back love on m1.",
    ]  # fmt: skip
    assert said.message == "Noted!" and said.metrics is not None
    assert noted.final_metrics is not None and called.metrics is not None
    spent = [called.metrics.prompt_tokens or 0, said.metrics.prompt_tokens or 0]
    assert sum(spent) == noted.final_metrics.total_prompt_tokens


def test_the_answer_to_the_call_that_ends_a_turn_is_there_too(export: Export):
    [thanked] = trajectories(export, "--outcome", "reacted")
    last = thanked.steps[-1]
    assert last.observation is not None and len(last.observation.results) == 2


def test_what_was_said_without_a_model_is_a_step_without_one(export: Export):
    [notice] = trajectories(export, "--text", "STOP")
    assert [(step.source, step.llm_call_count) for step in notice.steps] == [
        ("user", None), ("agent", 0),
    ]  # fmt: skip
