"""When sending stops for everybody, who may try, and when it goes on."""

from __future__ import annotations

import asyncio

import pytest

from phone.clock import HeldClock
from phone.errors import (
    NotSent,
    PaymentRequired,
    PhoneError,
    Refused,
    Throttled,
    Unauthorized,
    Unreachable,
)
from phone.types import SentMessage
from tools.gate import Gate

SENT = SentMessage(id="msg_1")


def told(*outcomes: SentMessage | PhoneError, apart: float = 1.0) -> tuple[Gate, HeldClock]:
    """A gate that has seen these, so many seconds apart."""
    clock = HeldClock()
    gate = Gate(clock)
    for outcome in outcomes:
        gate.tell(outcome)
        clock.advance(apart)
    return gate, clock


def let_in(gate: Gate, clock: HeldClock, bubble_id: str) -> bool:
    """Whether it is let in just now."""

    async def ask() -> bool:
        entering = asyncio.create_task(gate.enter(bubble_id))
        await asyncio.sleep(0)
        now = entering.done() and entering.result()
        entering.cancel()
        return now

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "outcomes",
    [
        [SENT, SENT, SENT],
        [Unreachable("?"), Unreachable("?")],
        [Unreachable("?"), Unreachable("?"), SENT, Unreachable("?")],
        [NotSent("no"), NotSent("no"), NotSent("no")],
        [Throttled("slow"), Throttled("slow"), Throttled("slow")],
        [Refused("no"), Refused("no"), Refused("no")],
    ],
    ids=["sent", "two lost", "two lost and a third", "never left", "throttled", "refused"],
)
def test_it_stays_open(outcomes: list[SentMessage | PhoneError]):
    gate, clock = told(*outcomes)
    assert gate.shut_by is None
    assert let_in(gate, clock, "a") and let_in(gate, clock, "b")


def test_three_lost_answers_within_two_minutes_shut_it():
    gate, _ = told(*[Unreachable("?")] * 3, apart=50)
    assert gate.shut_by is not None
    gate, _ = told(*[Unreachable("?")] * 3, apart=70)
    assert gate.shut_by is None


@pytest.mark.parametrize("error", [Unauthorized("key"), PaymentRequired("balance")])
def test_a_wrong_key_or_an_empty_balance_shuts_it_at_once(error: PhoneError):
    gate, clock = told(error, apart=0)
    assert gate.shut_by == str(error)
    assert not let_in(gate, clock, "a")


def test_one_probe_is_let_in_when_the_pause_is_over_and_nobody_beside_it():
    gate, clock = told(Unauthorized("key"), apart=14.9)
    assert not let_in(gate, clock, "a")
    clock.advance(0.2)
    assert let_in(gate, clock, "a")
    assert not let_in(gate, clock, "b")


def test_a_probe_that_succeeds_opens_it_for_everybody():
    gate, clock = told(Unauthorized("key"), apart=16)
    assert let_in(gate, clock, "a")
    gate.tell(SENT)
    gate.leave("a")
    assert gate.shut_by is None
    assert let_in(gate, clock, "b") and let_in(gate, clock, "c")


@pytest.mark.parametrize(
    ("shutting", "again", "pause"),
    [
        ([Unauthorized("key")], Unauthorized("key"), 15),
        ([Unreachable("?")] * 3, Unreachable("?"), 30),
    ],
    ids=["key", "lost answers"],
)
def test_a_probe_that_fails_starts_the_pause_again(
    shutting: list[SentMessage | PhoneError], again: PhoneError, pause: float
):
    gate, clock = told(*shutting, apart=0)
    clock.advance(pause)
    assert let_in(gate, clock, "a")
    gate.tell(again)
    gate.leave("a")
    clock.advance(pause - 1)
    assert not let_in(gate, clock, "b")
    clock.advance(1)
    assert let_in(gate, clock, "b")


def test_a_probe_that_need_not_go_any_more_makes_room_for_the_next():
    gate, clock = told(Unauthorized("key"), apart=16)
    assert let_in(gate, clock, "a")
    gate.leave("a")
    assert let_in(gate, clock, "b")


def test_a_definite_no_shows_that_agentphone_answers_again():
    gate, _ = told(*[Unreachable("?")] * 3, apart=15)
    assert gate.shut_by is not None
    gate.tell(Refused("not these words"))
    assert gate.shut_by is None


def test_a_definite_no_does_not_mend_the_key():
    gate, _ = told(*[Unreachable("?")] * 3, Unauthorized("key"), Refused("no"))
    assert gate.shut_by == "key"
