"""What was used up is counted once, window by window, and asked by who it counts for."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlmodel import Session, select

from memory.admission import Facts, facts
from memory.bubbles import Draft, dispatch, prepare
from memory.spending import (
    HOUR,
    LimitAlert,
    Spent,
    count,
    forget_old,
    forget_person,
    nearest,
    unlogged,
    used,
)
from memory.tables import Bubble, Mailbox, Turn
from memory.turns import Claim, claim
from phone.clock import utc
from safety.limits import Amounts, Limit, Limits, Rate
from tests.memory.conftest import Database
from tests.memory.people import NOW, mailbox

PER_HOUR = Limit("sender", "bubbles", Rate(Decimal(2), "hour"))

LIMITS = Limits((PER_HOUR,))


def spend(
    session: Session, place: Mailbox, owner: str = "w1", at: float = NOW, **more: Any
) -> None:
    place.lease_owner = owner
    count(session, place, Amounts(**more), now=at)


def today(session: Session, place: Mailbox, per: str = "day", at: float = NOW) -> Amounts:
    whose = {"sender": f"sender:{place.participant}"}
    return used(session, whose, now=at).get(("sender", per), Amounts())


def held(session: Session, place: Mailbox) -> Claim:
    place.due_at = utc(NOW)
    session.add(place)
    mine = claim(session, owner="w1", now=NOW)
    assert mine is not None
    return mine


def sent(session: Session, mine: Claim, bubble_id: str, *, turn: str | None = "t1") -> Bubble:
    if turn and session.get(Turn, turn) is None:
        session.add(Turn(id=turn, mailbox_id=mine.mailbox_id, epoch=1, started_at=utc(NOW)))
        session.flush()
    prepare(
        session, claim=mine, drafts=[Draft("hi")], ids=[bubble_id], turn_id=turn, call_id=None,
        kind="reply", now=NOW,
    )  # fmt: skip
    return dispatch(session, claim=mine, bubble_id=bubble_id, limits=LIMITS, now=NOW)[0]


def test_a_window_is_the_sum_of_what_every_process_counted_in_it(database: Database):
    def work(session: Session) -> None:
        place = mailbox(session)
        hour = NOW - NOW % (24 * HOUR) + 12 * HOUR
        spend(session, place, "w1", hour, turns=1, tokens=10)
        spend(session, place, "w2", hour + 5, turns=2, cost_usd=Decimal("0.25"))
        spend(session, place, "w1", hour + HOUR, turns=4, tokens=5_000_000_000)
        spend(session, place, "w1", hour - 13 * HOUR, turns=8)
        now = hour + HOUR + 1
        assert today(session, place, "hour", now).turns == 4
        day = today(session, place, "day", now)
        assert (day.turns, day.tokens, day.cost_usd) == (7, 5_000_000_010, Decimal("0.25"))
        assert today(session, place, "day", now + 24 * HOUR) == Amounts()

    database(work)


def test_a_bubble_is_counted_when_it_leaves_once_however_often_it_is_tried(database: Database):
    def work(session: Session) -> None:
        mine = held(session, mailbox(session))
        bubble = sent(session, mine, "b1")
        assert bubble.state == "dispatched"
        bubble.state = "prepared"  # it was definitely not sent
        dispatch(session, claim=mine, bubble_id="b1", limits=LIMITS, now=NOW)
        place = session.get_one(Mailbox, mine.mailbox_id)
        assert today(session, place).bubbles == 1

    database(work)


def test_the_bubble_beyond_the_limit_stays_and_an_operators_own_order_goes(database: Database):
    def work(session: Session) -> None:
        mine = held(session, mailbox(session))
        states = []
        for bubble_id in ("b1", "b2", "b3"):
            bubble = sent(session, mine, bubble_id)
            states.append((bubble.state, bubble.code))
            bubble.state = "confirmed" if bubble.state == "dispatched" else bubble.state
        assert states == [("dispatched", None)] * 2 + [("cancelled", "over_limit")]
        assert sent(session, mine, "b4", turn=None).state == "dispatched"
        place = session.get_one(Mailbox, mine.mailbox_id)
        assert today(session, place).bubbles == 3

    database(work)


def test_an_alert_is_kept_once_in_a_window_and_logged_once(database: Database):
    def work(session: Session) -> None:
        mine = held(session, mailbox(session))
        for bubble_id in ("b1", "b2", "b3"):
            bubble = sent(session, mine, bubble_id)
            bubble.state = "confirmed" if bubble.state == "dispatched" else bubble.state
        [alert] = session.exec(select(LimitAlert)).all()
        assert (alert.limit, alert.level) == ("sender bubbles 2/hour", "reached")
        assert [len(unlogged(session)) for _ in range(2)] == [1, 0]

    database(work)


def known(session: Session, place: Mailbox, turn_id: str, **most: int) -> Facts:
    limits = [Limit("number", measure, Rate(Decimal(9), "hour")) for measure in most]  # type: ignore[arg-type]
    limits = limits or [Limit("number", "turns", Rate(Decimal(9), "hour"))]
    return facts(session, mailbox=place, turn_id=turn_id, limits=Limits(tuple(limits)), now=NOW)


def test_turns_that_run_already_count_as_if_they_had_ended(database: Database):
    def work(session: Session) -> None:
        places = [
            mailbox(session, conversation_id=f"c{n}", participant=f"+1415555010{n}")
            for n in range(3)
        ]
        for nth, place in enumerate(places):
            session.add(Turn(id=f"t{nth}", mailbox_id=place.id, epoch=1, started_at=utc(NOW + nth)))
        session.flush()
        ahead = [known(session, place, f"t{nth}") for nth, place in enumerate(places)]
        counted = [one.used.get(("number", "hour"), Amounts()) for one in ahead]
        assert [(one.turns, one.newcomers) for one in counted] == [(0, 0), (1, 1), (2, 2)]
        assert [one.used.get(("sender", "hour")) for one in ahead] == [None] * 3
        assert all(one.is_newcomer for one in ahead)

    database(work)


def test_who_has_used_most_comes_first_and_only_of_this_scope(database: Database):
    def work(session: Session) -> None:
        for nth in range(3):
            place = mailbox(session, conversation_id=f"c{nth}", participant=f"+1415555010{nth}")
            spend(session, place, turns=nth, cost_usd=Decimal("0.5") * nth)
        turns = Limit("sender", "turns", Rate(Decimal(30), "hour"))
        cost = Limit("sender", "cost_usd", Rate(Decimal(2), "day"))
        assert nearest(session, turns, most=1, now=NOW) == {"sender:+14155550102": Decimal(2)}
        assert list(nearest(session, cost, most=9, now=NOW).values()) == [
            Decimal(1), Decimal("0.5"),
        ]  # fmt: skip

    database(work)


def test_old_counts_are_forgotten_and_so_is_a_person(database: Database):
    def work(session: Session) -> None:
        place = mailbox(session)
        spend(session, place, at=NOW - 9 * 24 * HOUR, turns=1)
        spend(session, place, turns=1)
        forget_old(session, now=NOW)
        kept = session.exec(select(Spent)).all()
        assert {row.hour for row in kept} == {int(NOW // HOUR)}
        forget_person(session, place.participant)
        left = {row.subject.partition(":")[0] for row in session.exec(select(Spent))}
        assert left == {"number", "deployment"}

    database(work)
