"""The lines that keep people safe cannot go missing unnoticed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.planted.conftest import CAUGHT
from tests.planted.planting import Plant, Plot

PLANTS = {
    # The text leaves, and until its answer is in, the database says that it has not.
    "the dispatch mark": Plant(
        "memory/bubbles.py",
        right="        session.add(bubble)\n        session.flush()\n    return bubble, mailbox\n",
        wrong="        session.expunge(bubble)\n    return bubble, mailbox\n",
        caught_by="tests/stories/test_at_most_once.py"
        "::test_a_crash_at_the_moment_a_text_leaves_does_not_send_it_again",
    ),
    # Unique columns still keep the second copy out, but by an error: to AgentPhone the webhook is
    # then undelivered, and is to be repeated.
    "the dedupe": Plant(
        "memory/inbox.py",
        right="    if known.is_duplicate:\n",
        wrong="    if False:\n",
        caught_by="tests/stories/test_intake.py::test_a_webhook_that_comes_twice_is_one_turn",
    ),
    # A STOP cancels what is written already, and no turn begins after it; what a turn under way
    # writes after it is for this check alone to hold back.
    "the opt-out check": Plant(
        "memory/permission.py",
        right="if opted_out(session, mailbox.group_id or mailbox.participant):",
        wrong="if False:",
        caught_by="tests/stories/test_consent.py"
        "::test_stop_while_the_agent_thinks_cancels_its_answer_and_is_confirmed_once",
    ),
    # The owner alone tells two workers apart, but not a worker from what it was before a pause.
    "the fencing": Plant(
        "memory/turns.py",
        right="(mailbox.lease_owner, mailbox.lease_epoch) == (claim.owner, claim.epoch)",
        wrong="mailbox.lease_owner == claim.owner",
        caught_by="tests/memory/test_turns.py"
        "::test_the_same_worker_claiming_again_fences_its_former_self[sqlite]",
    ),
    "the fence at the door": Plant(
        "memory/bubbles.py",
        right="    _must_hold(session, claim)\n    bubble = ",
        wrong="    bubble = ",
        caught_by="tests/memory/test_leaving.py"
        "::test_nothing_is_written_and_nothing_leaves_for_who_lost_the_conversation"
        "[sqlite-w2]",
    ),
    "the foreign-key merge": Plant(
        "memory/state.py",
        right="{**foreign, KEY: ",
        wrong="{KEY: ",
        caught_by="tests/stories/test_memory.py::test_keys_of_others_are_kept_as_they_were",
    ),
}
"""What is missing, and the test that says so."""


@pytest.fixture(scope="module")
def plot(tmp_path_factory: pytest.TempPathFactory) -> Plot:
    """A copy in which the tests that are to turn red are green."""
    plot = Plot(tmp_path_factory.mktemp("plot"))
    sound = plot.run(*(plant.caught_by for plant in PLANTS.values()))
    assert sound.exit_code == 0, sound.output
    return plot


@pytest.mark.parametrize("missing", PLANTS)
def test_the_suite_turns_red_without(
    missing: str, plot: Plot, record_property: Callable[[str, object], None]
):
    plant = PLANTS[missing]
    with plot.planted(plant):
        run = plot.run(plant.caught_by)
    assert run.exit_code == pytest.ExitCode.TESTS_FAILED, run.output
    assert run.failed == [plant.caught_by], run.output
    record_property(CAUGHT, f"without {missing}: caught by {run.failed[0]}")
