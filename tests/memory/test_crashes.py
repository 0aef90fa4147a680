from sqlmodel import Session, select

from memory.crashes import PAUSE, broke, hand_back, hand_back_all, put_aside
from memory.tables import Bubble, BubbleState, DeadLetter, Message, Turn
from memory.turns import CRASHES, LEASE, TRIED_AGAIN_IN, Claim, claim, settle, take, void_leases
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import NOW, bubble, deliver, inbound, mailbox, tapback


def begun(database: Database, *, attempts: int = 1, owner: str = "w") -> Claim:
    """A turn about one message, begun so many times; whoever holds it now."""

    def begin(session: Session) -> Claim:
        deliver(session, inbound("hi"), body=b'{"it": 1}')
        mine = claim(session, owner=owner, now=NOW)
        assert mine is not None
        burst = take(session, mine, turn_id="t1", kind="live", now=NOW)
        assert burst is not None
        burst.turn.attempts = attempts
        return mine

    return database(begin)


def the_turn(database: Database) -> Turn:
    return database(lambda s: s.get_one(Turn, "t1"))


def test_a_turn_that_broke_once_is_tried_again_when_its_lease_has_run_out(database: Database):
    mine = begun(database)
    assert not database(lambda s: broke(s, mine, error="KeyError", now=NOW))
    assert the_turn(database).state == "running"
    assert database(lambda s: claim(s, owner="other", now=NOW + LEASE - 1)) is None
    assert database(lambda s: claim(s, owner="other", now=NOW + LEASE)) is not None


def test_a_turn_that_broke_too_often_is_settled_and_its_webhook_kept(database: Database):
    mine = begun(database, attempts=CRASHES)
    assert database(lambda s: broke(s, mine, error="KeyError", now=NOW))
    turn = the_turn(database)
    assert (turn.outcome, turn.reason) == ("failed", "poison")
    [letter] = database(lambda s: s.exec(select(DeadLetter)).all())
    assert (letter.body, letter.reason) == (b'{"it": 1}', "poison (broke: KeyError)")
    assert database(lambda s: claim(s, owner="other", now=NOW)) is None, "nothing is left to do"


def test_what_waits_behind_a_poisoned_turn_is_due_at_once(database: Database):
    mine = begun(database, attempts=CRASHES)
    database(lambda s: deliver(s, inbound("next")))
    database(lambda s: broke(s, mine, error="KeyError", now=NOW))
    assert database(lambda s: claim(s, owner="other", now=NOW)) is not None


def test_bubbles_of_a_poisoned_turn_do_not_leave_and_what_left_stays_unknown(database: Database):
    mine = begun(database)

    def say(session: Session) -> None:
        row = mailbox_of(session)
        for state in (BubbleState.CONFIRMED, BubbleState.DISPATCHED, BubbleState.PREPARED):
            bubble(session, row, turn_id="t1", state=state)

    def mailbox_of(session: Session):
        from memory.tables import Mailbox

        return session.get_one(Mailbox, mine.mailbox_id)

    database(say)
    database(lambda s: put_aside(s, mine, turn_id="t1", now=NOW))
    rows = database(lambda s: s.exec(select(Bubble).order_by(Bubble.position)).all())
    assert [row.state for row in rows] == ["confirmed", "unconfirmed", "cancelled"]


def test_a_tapback_that_is_poison_is_kept_with_its_webhook_as_well(database: Database):
    def begin(session: Session) -> Claim:
        bubble(session, mailbox(session), message_id="ours", state=BubbleState.CONFIRMED)
        session.flush()
        deliver(session, tapback("ours"), body=b"tap")
        mine = claim(session, owner="w", now=NOW)
        assert mine is not None
        take(session, mine, turn_id="t1", kind="live", now=NOW)
        return mine

    mine = database(begin)
    database(lambda s: put_aside(s, mine, turn_id="t1", now=NOW))
    [letter] = database(lambda s: s.exec(select(DeadLetter)).all())
    assert letter.body == b"tap"


def test_what_was_interrupted_is_not_counted_and_free_after_a_moment(database: Database):
    mine = begun(database)
    database(lambda s: hand_back(s, mine, now=NOW))
    assert database(lambda s: claim(s, owner="other", now=NOW + PAUSE - 1)) is None
    other = database(lambda s: claim(s, owner="other", now=NOW + PAUSE))
    assert other is not None
    burst = database(lambda s: take(s, other, turn_id="t2", kind="live", now=NOW + PAUSE))
    assert burst is not None
    assert (burst.turn.id, burst.resumed, burst.turn.attempts) == ("t1", True, 1)


def test_nothing_is_handed_back_that_somebody_else_holds_by_now(database: Database):
    mine = begun(database)
    other = database(lambda s: claim(s, owner="other", now=NOW + LEASE))
    assert other is not None
    database(lambda s: hand_back(s, mine, now=NOW + LEASE))
    database(lambda s: broke(s, mine, error="KeyError", now=NOW + LEASE))
    assert database(lambda s: claim(s, owner="third", now=NOW + LEASE + PAUSE)) is None
    assert the_turn(database).attempts == 1


def test_a_worker_that_stops_hands_back_everything_it_holds(database: Database):
    begun(database, owner="leaving")
    database(lambda s: hand_back_all(s, "leaving", now=NOW))
    assert the_turn(database).attempts == 0
    assert database(lambda s: claim(s, owner="other", now=NOW + PAUSE)) is not None
    [message] = database(lambda s: s.exec(select(Message)).all())
    assert message.received_at == utc(NOW)


def taken(database: Database, *, now: float, owner: str = "w") -> Turn | None:
    """Claim the next conversation that is due and take its turn up; None when it has to wait."""
    mine = database(lambda s: claim(s, owner=owner, now=now))
    assert mine is not None, "nothing is due"
    burst = database(lambda s: take(s, mine, turn_id=f"new {now}", kind="live", now=now))
    return burst.turn if burst else None


def two_left_behind(database: Database, *, attempts: int) -> None:
    """Two turns in which workers died, each begun so many times."""

    def leave(session: Session) -> None:
        for name in ("a", "b"):
            deliver(session, inbound("hi", conversation_id=name, from_handle=f"p_{name}"))
            mine = claim(session, owner="dead", now=NOW)
            assert mine is not None
            burst = take(session, mine, turn_id=name, kind="live", now=NOW)
            assert burst is not None
            burst.turn.attempts = attempts
        void_leases(session)

    database(leave)


def test_what_died_once_is_taken_up_side_by_side(database: Database):
    two_left_behind(database, attempts=1)
    assert [taken(database, now=NOW + n).id for n in (1, 2)] == ["a", "b"]


def test_the_last_try_of_a_turn_is_made_alone_and_the_other_is_not_counted(database: Database):
    two_left_behind(database, attempts=CRASHES - 1)
    tried = taken(database, now=NOW + 1)
    assert (tried.id, tried.attempts) == ("a", CRASHES)
    assert taken(database, now=NOW + 1) is None
    assert database(lambda s: s.get_one(Turn, "b")).attempts == CRASHES - 1
    assert database(lambda s: claim(s, owner="w", now=NOW + 1)) is None, "it is not asked for yet"
    mine = Claim(tried.mailbox_id, "w", tried.epoch)
    database(lambda s: settle(s, mine, "a", outcome="answered", now=NOW + 2))
    assert taken(database, now=NOW + 1 + TRIED_AGAIN_IN).id == "b"


def test_who_waits_for_anothers_last_try_is_free_for_another_worker(database: Database):
    two_left_behind(database, attempts=CRASHES - 1)
    assert taken(database, now=NOW + 1).id == "a"
    assert taken(database, now=NOW + 1) is None
    assert taken(database, now=NOW + 1 + TRIED_AGAIN_IN, owner="other").id == "b"


def test_a_turn_that_died_in_its_last_try_keeps_nobody_waiting(database: Database):
    two_left_behind(database, attempts=CRASHES - 1)
    taken(database, now=NOW + 1)
    database(void_leases)
    beside = {taken(database, now=NOW + 2).attempts, taken(database, now=NOW + 2).attempts}
    assert beside == {CRASHES + 1, CRASHES}
