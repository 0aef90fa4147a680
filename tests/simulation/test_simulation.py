"""Whatever people write and whatever breaks, in whatever order: every promise is kept.

The real intake, worker, outbox and memory live through a history in virtual time. Hypothesis makes
it up, and when a promise is broken, makes it as short as it can and prints it. The part that failed
is a seed; `make soak` goes through many more, from a seed of the day that is printed first.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.simulation.world import PEOPLE, World

PARTS = 8
"""Pieces in which the histories are made up, so that several processors can share them."""

SEND, CONVERSATION = "/v1/messages", "/v1/conversations/*"

API_FAULTS: dict[str, dict[str, Any]] = {
    "a send is slow": {"method": "POST", "path": SEND, "delay": 8},
    "a send is taken and its answer lost": {
        "method": "POST", "path": SEND, "after_effect": True, "drop": True,
    },
    "a send is lost": {"method": "POST", "path": SEND, "drop": True},
    "a send is taken and answered with 500": {
        "method": "POST", "path": SEND, "after_effect": True, "status": 500,
    },
    "a send hangs for longer than we wait": {
        "method": "POST", "path": SEND, "delay": 45, "after_effect": True,
    },
    "a send is throttled": {"method": "POST", "path": SEND, "code": "RATE_LIMIT_EXCEEDED"},
    "a send is refused": {"method": "POST", "path": SEND, "status": 403},
    "a send meets a cap": {"method": "POST", "path": SEND, "code": "CONVERSATION_STREAK_LIMIT"},
    "a send is answered with half a JSON": {
        "method": "POST", "path": SEND, "status": 200, "body": '{"id": "m', "after_effect": True,
    },
    "the balance is empty": {"method": "POST", "path": SEND, "code": "INSUFFICIENT_BALANCE"},
    "conversations cannot be read": {
        "method": "GET", "path": CONVERSATION, "status": 503, "times": 4,
    },
    "metadata cannot be written": {"method": "PATCH", "path": "*", "status": 500, "times": 2},
    "metadata is written and its answer lost": {
        "method": "PATCH", "path": "*", "after_effect": True, "drop": True,
    },
    "typing hangs": {"method": "POST", "path": f"{CONVERSATION}/typing", "delay": 30},
    "a tapback fails": {"method": "POST", "path": "/v1/messages/*/reactions", "status": 500},
}  # fmt: skip
"""What can go wrong with a call of AgentPhone's API."""

WEBHOOK_FAULTS = ["duplicate", "delay", "reorder", "drop", "bad_signature"]

people = st.sampled_from(PEOPLE)
replicas = st.integers(0, 2)


class Line(RuleBasedStateMachine):
    """One line and everything that may happen on it."""

    @initialize(seed=st.integers(0, 2**32), count=st.sampled_from([1, 1, 2]))
    def begin(self, seed: int, count: int) -> None:
        self.world = World(seed, replicas=count)
        self.is_paused = False

    @rule(who=people, pause=st.sampled_from([0.1, 1.0, 4.0]))
    def somebody_texts(self, who: str, pause: float) -> None:
        self.world.text(who)
        self.world.wait(pause)

    @rule(who=people, count=st.integers(2, 4))
    def somebody_texts_in_a_burst(self, who: str, count: int) -> None:
        for _ in range(count):
            self.world.text(who)
            self.world.wait(0.4)

    @rule(who=people, calls_us=st.booleans())
    def somebody_texts_the_group(self, who: str, calls_us: bool) -> None:
        self.world.text(who, "Threedots," if calls_us else "", group_id=self.world.group())
        self.world.wait(1.0)

    @rule(who=people, word=st.sampled_from(["STOP", "START", "stop.", "HELP"]))
    def somebody_says_a_consent_word(self, who: str, word: str) -> None:
        self.world.word(who, word)
        self.world.wait(0.5)

    @rule(reaction=st.sampled_from(["like", "question"]))
    def somebody_taps_back(self, reaction: str) -> None:
        self.world.tap(reaction)

    @rule(opts_out=st.booleans(), facts=st.booleans())
    def somebody_edits_the_metadata(self, opts_out: bool, facts: bool) -> None:
        self.world.edit_metadata(opts_out=opts_out and facts, facts=facts)

    @rule(seconds=st.sampled_from([0.05, 0.7, 3.0, 20.0, 90.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(name=st.sampled_from(sorted(API_FAULTS)))
    def agentphone_fails(self, name: str) -> None:
        self.world.api_fault(**API_FAULTS[name])

    @rule(action=st.sampled_from(WEBHOOK_FAULTS), seconds=st.sampled_from([2.0, 30.0]))
    def webhooks_go_wrong(self, action: str, seconds: float) -> None:
        self.world.webhook_fault(action, seconds)

    @rule(which=replicas, times=st.integers(1, 3))
    def agentphone_is_out_of_reach(self, which: int, times: int) -> None:
        self.world.unreachable(which, times)

    @rule(which=replicas, after=st.integers(1, 60), seconds=st.sampled_from([0.5, 5.0]))
    def a_process_is_killed(self, which: int, after: int, seconds: float) -> None:
        self.world.kill(which, after=after)
        self.world.wait(seconds)
        self.world.start()

    @rule(which=replicas)
    def a_process_is_told_to_stop(self, which: int) -> None:
        self.world.shut_down(which)
        self.world.wait(0.2)
        self.world.start()

    @precondition(lambda self: not self.is_paused)
    @rule(which=replicas)
    def a_process_stands_still(self, which: int) -> None:
        self.world.pause(which)
        self.is_paused = True

    @precondition(lambda self: self.is_paused)
    @rule(seconds=st.sampled_from([0.0, 20.0]))
    def it_goes_on(self, seconds: float) -> None:
        self.world.wait(seconds)
        self.world.go_on()
        self.is_paused = False

    @rule(which=replicas, seconds=st.sampled_from([1.0, 10.0]))
    def the_database_is_away(self, which: int, seconds: float) -> None:
        self.world.database_away(which, seconds)

    @rule(which=replicas)
    def a_commit_is_not_told(self, which: int) -> None:
        self.world.lose_commit(which)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            assert self.world.violations() == []
        finally:
            self.world.end()


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_is_kept_whatever_happens(part: int, histories: int, first_seed: int):
    class Part(Line):
        """Histories of a seed of their own."""

    run_state_machine_as_test(
        seed(first_seed + part)(Part),
        settings=settings(
            max_examples=ceil(histories / PARTS),
            stateful_step_count=12,
            deadline=None,
            derandomize=False,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
