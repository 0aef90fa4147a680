"""What the simulation itself has to be: repeatable, quick with time, and full of life."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from memory.tables import BubbleState
from tests.history.history import History
from tests.simulation.virtual_time import LoopClock, Stuck, VirtualTime
from tests.simulation.world import PEOPLE, World


def lived(seed: int, *, replicas: int = 2) -> History:
    """A history with a bit of everything in it."""
    world, chance = World(seed, replicas=replicas), random.Random(seed)
    try:
        for step in range(10):
            world.text(chance.choice(PEOPLE))
            world.wait(chance.uniform(0.0, 5.0))
            if step == 4:
                world.api_fault(method="POST", path="/v1/messages", after_effect=True, drop=True)
            if step == 6:
                world.kill(0, after=20)
                world.start()
        return world.come_to_rest()
    finally:
        world.end()


def told(history: History) -> list[Any]:
    """All that may not differ between two runs of the same history."""
    rows = history.rows
    return [
        [(call["method"], call["path"], call["status"], call["at"]) for call in history.calls],
        [(turn.id, turn.outcome, turn.started_at, turn.settled_at) for turn in rows.turns],
        [(it.id, it.text, it.state, it.message_id, it.dispatched_at) for it in rows.bubbles],
        [(message.text, message.outcome, message.stored_at) for message in rows.messages],
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_is_the_same_history_to_the_millisecond(seed: int):
    assert told(lived(seed)) == told(lived(seed))


def test_another_seed_is_another_history():
    assert told(lived(1)) != told(lived(2))


def test_histories_are_full_of_life():
    """A simulation in which nothing happens would keep every promise."""
    histories = [lived(seed) for seed in range(3)]
    states = {bubble.state for it in histories for bubble in it.rows.bubbles}
    assert {BubbleState.CONFIRMED, BubbleState.CONFIRMED_LATE} <= states
    assert {turn.outcome for it in histories for turn in it.rows.turns} >= {"answered", "silent"}
    assert any(turn.attempts > 1 for it in histories for turn in it.rows.turns)
    assert any(call["path"].endswith("/typing") for it in histories for call in it.calls)


def test_an_hour_passes_at_once_and_what_never_comes_is_said():
    loop = VirtualTime()
    clock = LoopClock(loop)
    began = clock.now()
    loop.run_until_complete(clock.sleep(3600))
    assert clock.now() == began + 3600
    with pytest.raises(Stuck):
        loop.run_until_complete(asyncio.Event().wait())
    loop.close()
