"""A server is killed at each moment of a turn's life, and another goes on: what people notice.

Real processes, real sockets, a real SIGKILL; on SQLite the server starts again on its file, on
Postgres another replica takes over. Where it was cut is told in `doomed.POINTS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.resuming import UNKNOWN
from tests.crashes import crashing
from tests.crashes.aftermath import Aftermath
from tests.crashes.bell import RANG, fact_about
from tests.crashes.doomed import POINTS
from tests.history.checker import violations
from tests.postgres import binaries, private_cluster

STORES = ("sqlite", "postgres")

TAKEN_UP_WITHIN = {"sqlite": 9.0, "postgres": 40.0}
"""Seconds from a restart, or from a death among replicas, to the end of the turn: what `serve`
promises."""


class Aftermaths:
    """What became of each crash; each is played once, when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._played: dict[str, dict[str, Aftermath] | AssertionError] = {}

    def of(self, store: str, point: str) -> Aftermath:
        story = "replicas" if store == "postgres" else point
        if story not in self._played:
            self._played[story] = self._play(story)
        played = self._played[story]
        if isinstance(played, AssertionError):
            raise played
        return played[point]

    def _play(self, story: str) -> dict[str, Aftermath] | AssertionError:
        folder = self._folder / story
        folder.mkdir()
        try:
            if story in POINTS:
                return {story: crashing.on_sqlite(story, folder)}
            with private_cluster(binaries()) as database:
                return crashing.on_postgres(folder, database)
        except AssertionError as failed:
            return failed


@pytest.fixture(scope="module")
def aftermaths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermaths]:
    yield Aftermaths(tmp_path_factory.mktemp("crashes"))


@pytest.fixture
def crashed(request: pytest.FixtureRequest, aftermaths: Aftermaths) -> Aftermath:
    return aftermaths.of(*request.param)


def at(*points: str) -> pytest.MarkDecorator:
    """Crashes at these points, on both stores."""
    both = [(store, point) for store in STORES for point in points]
    return pytest.mark.parametrize("crashed", both, indirect=True, ids="-".join)


@at("K0", "K1")
def test_what_was_not_stored_was_not_acknowledged_and_comes_again(crashed: Aftermath):
    assert crashed.left.messages == []
    assert crashed.deliveries == [None, 200]


@at("K2")
def test_what_was_stored_and_not_acknowledged_comes_again_as_a_duplicate(crashed: Aftermath):
    assert [message.state for message in crashed.left.messages] == ["waiting"]
    assert crashed.deliveries == [None, 200]
    assert len(crashed.now.messages) == 1


@at("K3", "K4", "K5", "K6", "K6b", "K7", "K8", "K9", "K10", "K11", "K12", "K13")
def test_what_was_acknowledged_is_answered_though_nobody_brings_it_again(crashed: Aftermath):
    assert crashed.deliveries == [200]
    assert crashed.turn.outcome == "answered"


@at("K0", "K1", "K2", "K3", "K4", "K5")
def test_a_turn_in_which_nothing_was_done_yet_is_taken_from_the_beginning(crashed: Aftermath):
    assert crashed.crash.dead not in crashed.rung
    assert crashed.asked_afterwards == 2
    assert crashed.on_the_phone[0].startswith(RANG)


@at("K5")
def test_the_model_is_asked_again_only_when_its_answer_was_not_kept(crashed: Aftermath):
    assert crashed.asked_by_the_dead == 1
    assert crashed.left.turns[0].messages is None


@at("K6")
def test_a_tool_that_may_have_run_is_not_run_again_and_the_model_is_told(crashed: Aftermath):
    assert [call.state for call in crashed.left.calls] == ["pending"]
    assert crashed.rung == [crashed.crash.dead]
    assert crashed.on_the_phone[0].startswith(UNKNOWN)


@at("K6b")
def test_a_tool_that_may_run_twice_is_run_again_without_a_question(crashed: Aftermath):
    assert [call.state for call in crashed.left.calls] == ["done", "pending"]
    assert [call.state for call in crashed.now.calls] == ["done", "pending", "done"]
    assert (crashed.asked_by_the_dead, crashed.asked_afterwards) == (1, 1)


@at("K7", "K8", "K9", "K10", "K11", "K12", "K13")
def test_the_model_is_not_asked_again_once_it_has_found_its_words(crashed: Aftermath):
    assert (crashed.asked_by_the_dead, crashed.asked_afterwards) == (2, 0)
    assert crashed.rung == [crashed.crash.dead]


@at("K7")
def test_words_that_were_written_are_sent_as_they_were_written(crashed: Aftermath):
    [written] = crashed.left.bubbles
    assert (written.state, written.attempt) == ("prepared", 0)
    assert crashed.on_the_phone == [written.text]


@at("K8")
def test_words_that_may_have_left_are_never_sent_again_even_if_they_had_not(crashed: Aftermath):
    assert [bubble.state for bubble in crashed.left.bubbles] == ["dispatched"]
    assert (crashed.sends, crashed.on_the_phone) == (0, [])
    assert (crashed.bubble.state, crashed.bubble.code) == ("unconfirmed", "crash")


@at("K9", "K10")
def test_words_that_had_left_are_found_by_reading_back_and_not_sent_again(crashed: Aftermath):
    [left] = crashed.left.bubbles
    assert (left.state, left.message_id) == ("dispatched", None)
    assert (crashed.sends, crashed.on_the_phone) == (1, [left.text])
    assert (crashed.bubble.state, crashed.bubble.attempt) == ("confirmed_late", 1)
    assert crashed.bubble.message_id is not None


@at("K11", "K12", "K13")
def test_what_was_sent_and_confirmed_is_not_touched_again(crashed: Aftermath):
    assert crashed.now.bubbles == crashed.left.bubbles
    assert crashed.bubble.state == "confirmed"


@at("K11")
def test_a_memory_that_had_not_reached_agentphone_is_saved(crashed: Aftermath):
    assert [box.state_saved for box in crashed.left.mailboxes] == [False]
    assert crashed.turn.memory_saved


@at("K12")
def test_a_memory_that_had_reached_agentphone_is_found_there(crashed: Aftermath):
    assert [box.state_saved for box in crashed.left.mailboxes] == [False]
    assert [box.state_saved for box in crashed.now.mailboxes] == [True]


@at("K13")
def test_a_settled_turn_stays_as_it_is(crashed: Aftermath):
    assert crashed.now.turns == crashed.left.turns


@at(*POINTS)
def test_nothing_is_lost_and_nothing_happens_twice(crashed: Aftermath):
    assert len(crashed.now.messages) == len(crashed.now.turns) == len(crashed.now.bubbles) == 1
    assert len(crashed.rung) == 1
    assert crashed.sends == len(crashed.on_the_phone) <= 1
    assert crashed.saves == 1


@at(*POINTS)
def test_what_the_person_told_is_remembered(crashed: Aftermath):
    ours = crashed.remembered
    assert (ours["rev"], ours["facts"]) == (1, [fact_about(crashed.crash.name)])
    assert crashed.now.mailboxes[0].state == ours


@at(*POINTS)
def test_every_promise_of_the_house_is_kept(crashed: Aftermath):
    assert violations(crashed.history) == []


@at(*POINTS)
def test_it_is_taken_up_in_time(crashed: Aftermath, request: pytest.FixtureRequest):
    store = request.node.callspec.id.partition("-")[0]
    assert crashed.seconds < TAKEN_UP_WITHIN[store]
