"""Scenarios are played through the real thing, by a clock that waits for whatever is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from PIL import Image
from pydantic_ai.models.wrapper import WrapperModel

from evals.format.editing import Edit
from evals.playing.driving import Driver, NeverOver
from evals.playing.stillness import RUN, StillLoop, UnderWay
from phone.clock import HeldClock
from tests.evals.playing import played, scenario
from tests.house import call, script

DONE = call("end_turn", reason="done")


def on_a_still_loop(work: Callable[[UnderWay, HeldClock, Driver], Awaitable[None]]) -> None:
    async def run() -> None:
        under_way, clock = UnderWay(), HeldClock()
        RUN.set(under_way)
        await work(under_way, clock, Driver(clock, under_way))

    with asyncio.Runner(loop_factory=StillLoop) as runner:
        runner.run(run())


def test_the_clock_is_never_moved_past_what_is_under_way():
    async def work(under_way: UnderWay, clock: HeldClock, driver: Driver) -> None:
        began, told = clock.now(), []

        async def real() -> None:
            with under_way.busy():
                await asyncio.sleep(0.05)
                told.append(clock.now() - began)

        async def simulated() -> None:
            await clock.sleep(5.0)
            told.append(clock.now() - began)

        tasks = [asyncio.create_task(real()), asyncio.create_task(simulated())]

        async def is_over() -> bool:
            return len(told) == 2

        await driver.finish(is_over)
        await asyncio.gather(*tasks)
        assert told == [0.0, 5.0]

    on_a_still_loop(work)


def test_threads_are_waited_for():
    async def work(under_way: UnderWay, clock: HeldClock, driver: Driver) -> None:
        done = asyncio.create_task(asyncio.to_thread(sum, range(1_000_000)))
        await driver.wait(1.0, is_over=_never)
        assert done.done()

    on_a_still_loop(work)


async def _never() -> bool:
    return False


def test_whoever_never_ends_is_told_of():
    async def work(under_way: UnderWay, clock: HeldClock, driver: Driver) -> None:
        with pytest.raises(NeverOver, match="did not end its turn within 3600 s"):
            await driver.finish(_never)

    on_a_still_loop(work)


class Slow(WrapperModel):
    """A model that takes its time."""

    async def request(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        await asyncio.sleep(0.3)
        return await super().request(*args, **kwargs)


def test_what_a_model_takes_in_truth_passes_on_the_clock():
    filed = scenario("- text: hello\n  expect: {answered_within: 0.2}")
    quick = played(filed, script("hi").model, threedots_quiet_for=0.0)
    slow = played(filed, Slow(script("hi").model), threedots_quiet_for=0.0)
    assert quick.passed and not slow.passed
    assert 0.3 <= (slow.records[0].latencies.first_bubble or 0.0) < 5.0


def test_a_text_that_comes_while_a_model_thinks_is_read_before_anything_is_said():
    turns = """
    - burst:
      - text: at six
      - text: no, at seven
        pause: 0.1
      expect: {said: [seven], bubbles_at_most: 1}
    """
    model = script("six it is", "seven it is")
    run = played(scenario(turns), Slow(model.model))
    assert run.passed, run.first_failure
    assert model.asked()[-1].endswith("no, at seven")


def test_records_say_that_they_are_of_an_evaluation():
    run = played(scenario("- text: hello"), script("hi").model)
    assert [record.session for record in run.records] == ["eval"]


def test_it_begins_with_what_was_said_and_remembered_before():
    start = """
    memory: {facts: [Has a dog called Rex], foreign: {crm_id: c_9}}
    history:
    - text: is it open
    - who: agent
      text: It is.
    - tapback: love
      on: last
    """
    model = script("Rex!")
    run = played(scenario("- text: and my dog?", start=start), model.model)
    talk = model.talk()
    assert [words.split("\n")[-1] for words in talk][:2] == ["is it open", "It is."]
    assert "Has a dog called Rex" in model.context()
    assert run.records[0].memory.before["facts"] == ["Has a dog called Rex"]  # type: ignore[index]


def test_a_picture_beside_the_scenario_reaches_the_model(tmp_path):
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "wall.png")
    filed = scenario("- text: look\n  media: [wall.png]")
    model = script("a wall")
    played(replace(filed, file=tmp_path / "wall.yaml"), model.model)
    assert len(model.pictures()) == 1


def test_a_picture_that_is_not_there_breaks_the_run_off_and_says_so():
    run = played(scenario("- text: look\n  media: [none.png]"), script().model)
    assert not run.passed
    assert "turn 1" in run.first_failure and "none.png" in run.first_failure


def test_a_message_the_agent_never_wrote_cannot_be_tapped_on():
    turns = "- text: hello\n- tapback: love\n  on: agent.2"
    run = played(scenario(turns), script("hi").model)
    assert run.first_failure == (
        "turn 2: there is no message agent.2 by now: the agent has said less"
    )
    assert len(run.records) == 1


def test_a_group_is_a_group():
    start = "group: {members: [Ana, Ben]}"
    turns = "- who: Ben\n  text: Threedots, hello\n  expect: {silent: false}"
    run = played(scenario(turns, start=start), script("hi").model)
    assert run.passed and run.records[0].conversation.is_group


def test_a_week_takes_no_longer_than_what_happens_in_it():
    run = played(scenario("- text: hello\n- advance: 604800\n- text: hi"), script("a", "b").model)
    assert run.passed and 604_800 < run.seconds < 604_900


def test_an_agent_that_breaks_has_failed_and_does_not_hold_up_the_run():
    turns = "- text: hello\n  expect: {silent: false}\n- text: again"
    run = played(scenario(turns), script(RuntimeError("a bug"), last_for_ever=True).model)
    assert run.first_failure.startswith("turn 1: silent")
    assert [record.reason for record in run.records] == ["poison", "poison"]
    assert run.seconds < 120


def test_two_people_have_a_conversation_each():
    turns = """
    - text: I am Ana
      expect: {said: [hello Ana], bubbles_at_most: 1}
    - who: Ben
      text: I am Ben
      expect: {said: [hello Ben], bubbles_at_most: 1}
    - text: Ana again
      expect: {said: [still here], bubbles_at_most: 1}
    """
    model = script("hello Ana", "hello Ben", "still here")
    run = played(scenario(turns), model.model)
    assert run.passed, run.first_failure
    assert model.talk()[-1].endswith("Ana again")
    assert "hello Ben" not in model.talk()


def test_what_is_answered_while_time_passes_counts_from_the_last_text():
    turns = """
    - webhook_faults: [{action: drop}]
    - text: hello
      expect: {silent: true}
    - advance: 120
      expect: {said: [hi], answered_within: 120}
    - advance: 10
    """
    run = played(scenario(turns), script("hi").model)
    assert run.passed, run.first_failure
    assert run.seconds == pytest.approx(130, abs=2)


EDITED = """
- edit:
    facts: [Kim]
    foreign: {crm_id: c_10, note: null}
  expect: {silent: true, foreign_keys_unchanged: true, memory: {is: {facts: [Kim]}}}
- text: hello
"""


def test_what_a_person_edits_is_written_beside_what_stood_there():
    noted = [call("remember", fact="Has a dog"), DONE]
    start = "memory: {summary: Likes tea, foreign: {crm_id: c_9, note: x, plan: gold}}"
    end = """
    expect:
      foreign_keys_unchanged: true
      memory: {is: {summary: Likes tea, facts: [Kim, Has a dog]}}
    """
    run = played(scenario(EDITED, start=start, end=end), script(noted).model)
    assert run.passed, run.first_failure


def test_an_edit_sets_and_takes_away_keys_of_others():
    edit = Edit(foreign={"crm_id": "c_10", "note": None})
    assert edit.made_in({"crm_id": "c_9", "note": "x", "plan": "gold"}) == {
        "crm_id": "c_10", "plan": "gold",
    }  # fmt: skip
    assert edit.made_in(None) == {"crm_id": "c_10"}


def test_an_edit_of_a_memory_that_could_not_be_read_begins_one():
    assert Edit(summary="x").made_in({"threedots": 7}) == {"threedots": {"v": 1, "summary": "x"}}
