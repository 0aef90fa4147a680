import pytest
from sqlmodel import Session, col, select

from memory.tables import Mailbox, Message, Turn
from memory.turns import (
    Burst,
    Claim,
    LeaseLost,
    claim,
    held,
    join,
    let_go,
    oldest_due,
    renew,
    settle,
    take,
    void_leases,
)
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import BEN, NOW, deliver, inbound


def claimed(database: Database, owner: str = "w1", now: float = NOW) -> Claim:
    taken = database(lambda s: claim(s, owner=owner, now=now))
    assert taken is not None, "nothing to claim"
    return taken


def began(database: Database, mine: Claim, turn_id: str = "t1", now: float = NOW) -> Burst:
    burst = database(lambda s: take(s, mine, turn_id=turn_id, kind="live", now=now))
    assert burst is not None, "nothing waits"
    return burst


def only(session: Session, table: type) -> object:
    return session.exec(select(table)).one()


# Claiming


def test_nothing_is_claimed_when_nothing_is_due(database: Database):
    assert database(lambda s: claim(s, owner="w", now=NOW)) is None
    database(lambda s: deliver(s, inbound(" ")))
    assert database(lambda s: claim(s, owner="w", now=NOW)) is None


def test_a_mailbox_is_held_by_one_worker_at_a_time(database: Database):
    database(lambda s: deliver(s, inbound()))
    mine = claimed(database, "w1")
    assert database(lambda s: claim(s, owner="w2", now=NOW)) is None
    assert database(lambda s: held(s, mine))


def test_the_longest_due_mailbox_comes_first(database: Database):
    for name, now in [("a", NOW + 2), ("b", NOW), ("c", NOW + 1)]:
        event = inbound(conversation_id=name, from_handle=name)
        database(lambda s, e=event, n=now: deliver(s, e, now=n))
    order = [claimed(database, now=NOW + 3).mailbox_id for _ in range(3)]
    names = database(lambda s: {box.id: box.conversation_id for box in s.exec(select(Mailbox))})
    assert [names[it] for it in order] == ["b", "c", "a"]


def test_an_expired_lease_is_anybodys_and_fences_the_one_who_had_it(database: Database):
    database(lambda s: deliver(s, inbound()))
    old = claimed(database, "w1")
    assert database(lambda s: claim(s, owner="w2", now=NOW + 14.9)) is None
    new = claimed(database, "w2", now=NOW + 15)

    assert (new.mailbox_id, new.epoch) == (old.mailbox_id, old.epoch + 1)
    assert not database(lambda s: held(s, old))
    assert not database(lambda s: renew(s, old, now=NOW + 15))
    for stale in (
        lambda s: take(s, old, turn_id="t", kind="live", now=NOW + 15),
        lambda s: settle(s, old, "t", outcome="answered", now=NOW + 15),
        lambda s: join(s, old, "t"),
    ):
        with pytest.raises(LeaseLost):
            database(stale)
    assert database(lambda s: held(s, new))


def test_the_same_worker_claiming_again_fences_its_former_self(database: Database):
    database(lambda s: deliver(s, inbound()))
    before = claimed(database, "w1")
    claimed(database, "w1", now=NOW + 20)
    assert not database(lambda s: held(s, before))


def test_a_renewed_lease_lasts_from_its_renewal(database: Database):
    database(lambda s: deliver(s, inbound()))
    mine = claimed(database)
    assert database(lambda s: renew(s, mine, now=NOW + 10))
    assert database(lambda s: claim(s, owner="w2", now=NOW + 24)) is None
    assert claimed(database, "w2", now=NOW + 25).epoch == mine.epoch + 1


def test_voided_leases_are_free_at_once_and_fence_their_holders(database: Database):
    database(lambda s: deliver(s, inbound()))
    dead = claimed(database, "dead")
    database(void_leases)
    assert not database(lambda s: held(s, dead))
    assert claimed(database, "w").epoch == dead.epoch + 1


# Taking


def test_a_burst_is_everything_that_waits_in_the_order_it_was_sent(database: Database):
    for text, at in [("third", NOW + 2), ("first", NOW), ("second", NOW + 1)]:
        event = inbound(text, received_at=utc(at), channel="imessage")
        database(lambda s, e=event: deliver(s, e))
    database(lambda s: deliver(s, inbound("elsewhere", conversation_id="b", from_handle=BEN)))

    mine = claimed(database)
    burst = began(database, mine, now=NOW + 3)

    assert [message.text for message in burst.messages] == ["first", "second", "third"]
    assert {(it.state, it.turn_id) for it in burst.messages} == {("taken", "t1")}
    assert not burst.resumed
    turn = database(lambda s: only(s, Turn))
    assert (turn.id, turn.epoch, turn.state, turn.attempts) == ("t1", mine.epoch, "running", 1)
    assert (turn.channel, turn.started_at) == ("imessage", utc(NOW + 3))


def test_messages_sent_at_the_same_moment_keep_the_order_of_arrival(database: Database):
    for text in "abc":
        database(lambda s, t=text: deliver(s, inbound(t)))
    assert [it.text for it in began(database, claimed(database)).messages] == list("abc")


def test_what_was_settled_on_arrival_is_in_no_burst(database: Database):
    database(lambda s: deliver(s, inbound(" ")))
    database(lambda s: deliver(s, inbound("hi")))
    assert [it.text for it in began(database, claimed(database)).messages] == ["hi"]


def test_a_mailbox_in_which_nothing_waits_is_let_go(database: Database):
    database(lambda s: deliver(s, inbound()))
    mine = claimed(database)
    began(database, mine)
    database(lambda s: settle(s, mine, "t1", outcome="answered", now=NOW))

    assert database(lambda s: take(s, mine, turn_id="t2", kind="live", now=NOW)) is None

    box = database(lambda s: only(s, Mailbox))
    assert (box.due_at, box.lease_owner, box.leased_until) == (None, None, None)
    with pytest.raises(LeaseLost):
        database(lambda s: take(s, mine, turn_id="t3", kind="live", now=NOW))


def test_what_arrives_during_a_turn_is_the_next_burst(database: Database):
    database(lambda s: deliver(s, inbound("one")))
    mine = claimed(database)
    began(database, mine)
    database(lambda s: deliver(s, inbound("two")))
    database(lambda s: settle(s, mine, "t1", outcome="answered", now=NOW))
    assert [it.text for it in began(database, mine, "t2").messages] == ["two"]


def test_what_arrives_after_letting_go_makes_it_due_again(database: Database):
    database(lambda s: deliver(s, inbound("one")))
    mine = claimed(database)
    began(database, mine)
    database(lambda s: settle(s, mine, "t1", outcome="answered", now=NOW))
    database(lambda s: take(s, mine, turn_id="t2", kind="live", now=NOW))
    database(lambda s: deliver(s, inbound("two"), now=NOW + 9))
    assert database(oldest_due) == utc(NOW + 9)
    assert claimed(database, "w2", now=NOW + 9).epoch == mine.epoch + 1


def test_what_has_come_since_can_join_the_running_turn(database: Database):
    database(lambda s: deliver(s, inbound("one")))
    mine = claimed(database)
    began(database, mine)
    assert database(lambda s: join(s, mine, "t1")) == []
    database(lambda s: deliver(s, inbound("two")))
    assert [it.text for it in database(lambda s: join(s, mine, "t1"))] == ["two"]

    database(lambda s: settle(s, mine, "t1", outcome="answered", now=NOW))
    outcomes = database(lambda s: s.exec(select(Message.outcome)).all())
    assert outcomes == ["answered", "answered"]
    assert database(lambda s: take(s, mine, turn_id="t2", kind="live", now=NOW)) is None


def test_a_dead_workers_turn_is_taken_up_with_its_messages(database: Database):
    database(lambda s: deliver(s, inbound("one", received_at=utc(NOW - 1))))
    database(lambda s: deliver(s, inbound("two")))
    began(database, claimed(database, "dead"))
    database(lambda s: deliver(s, inbound("three")))

    mine = claimed(database, "alive", now=NOW + 20)
    burst = began(database, mine, "t2", now=NOW + 20)

    assert (burst.turn.id, burst.turn.attempts, burst.resumed) == ("t1", 2, True)
    assert [it.text for it in burst.messages] == ["one", "two"]
    database(lambda s: settle(s, mine, "t1", outcome="answered", now=NOW + 21))
    assert [it.text for it in began(database, mine, "t2").messages] == ["three"]


def test_a_take_that_is_replayed_gives_the_same_burst(database: Database):
    database(lambda s: deliver(s, inbound("one")))
    mine = claimed(database)
    began(database, mine)
    again = began(database, mine)
    assert (again.turn.id, again.turn.attempts, again.resumed) == ("t1", 1, False)
    assert [it.text for it in again.messages] == ["one"]


# Settling


def test_settling_writes_the_turn_and_ends_its_messages(database: Database):
    database(lambda s: deliver(s, inbound()))
    mine = claimed(database)
    began(database, mine)
    spent = {"requests": 2}
    database(
        lambda s: settle(
            s, mine, "t1", outcome="silent", reason="said thanks", now=NOW + 4, usage=spent
        )
    )
    turn = database(lambda s: only(s, Turn))
    message = database(lambda s: only(s, Message))
    assert (turn.state, turn.outcome, turn.reason) == ("settled", "silent", "said thanks")
    assert (turn.settled_at, turn.usage) == (utc(NOW + 4), spent)
    assert (message.state, message.outcome) == ("settled", "silent(said thanks)")


def test_settling_with_an_unknown_column_says_so(database: Database):
    database(lambda s: deliver(s, inbound()))
    mine = claimed(database)
    began(database, mine)
    with pytest.raises(TypeError, match="'tokens'"):
        database(lambda s: settle(s, mine, "t1", outcome="answered", now=NOW, tokens=3))
    assert database(lambda s: only(s, Turn)).state == "running"


def test_a_turn_of_another_mailbox_cannot_be_settled(database: Database):
    database(lambda s: deliver(s, inbound()))
    database(lambda s: deliver(s, inbound(conversation_id="b", from_handle=BEN)))
    began(database, claimed(database), "t1")
    other = claimed(database)
    with pytest.raises(LeaseLost):
        database(lambda s: settle(s, other, "t1", outcome="answered", now=NOW))


# Letting go


def test_a_mailbox_let_go_in_the_middle_of_a_turn_is_due_at_once(database: Database):
    database(lambda s: deliver(s, inbound()))
    mine = claimed(database)
    began(database, mine)
    database(lambda s: let_go(s, mine, now=NOW))
    assert not database(lambda s: held(s, mine))
    assert began(database, claimed(database, "w2"), "t2").resumed


def test_a_mailbox_let_go_with_nothing_left_is_not_due(database: Database):
    database(lambda s: deliver(s, inbound()))
    mine = claimed(database)
    began(database, mine)
    database(lambda s: settle(s, mine, "t1", outcome="answered", now=NOW))
    database(lambda s: let_go(s, mine, now=NOW))
    assert database(oldest_due) is None


def test_letting_go_of_what_is_lost_does_nothing(database: Database):
    database(lambda s: deliver(s, inbound()))
    old = claimed(database, "w1")
    new = claimed(database, "w2", now=NOW + 15)
    database(lambda s: let_go(s, old, now=NOW + 15))
    assert database(lambda s: held(s, new))


def test_the_oldest_due_time_is_that_of_the_longest_waiting_mailbox(database: Database):
    assert database(oldest_due) is None
    database(lambda s: deliver(s, inbound(), now=NOW + 1))
    event = inbound(conversation_id="b", from_handle=BEN)
    database(lambda s: deliver(s, event, now=NOW))
    assert database(oldest_due) == utc(NOW)
    assert database(lambda s: s.exec(select(col(Mailbox.due_at))).all())


def test_of_too_much_at_once_the_newest_is_answered_and_the_rest_kept(database: Database):
    def work(session: Session) -> None:
        for number in range(53):
            told = "HELP" if number == 0 else f"text {number}"
            deliver(session, inbound(told, received_at=utc(NOW + number)))
        mine = claim(session, owner="w", now=NOW)
        assert mine is not None
        burst = take(session, mine, turn_id="t", kind="live", now=NOW)
        assert burst is not None
        texts = [message.text for message in burst.messages]
        assert (len(texts), texts[0], texts[1], texts[-1]) == (51, "HELP", "text 3", "text 52")
        dropped = session.exec(select(Message).where(Message.outcome == "dropped(queue_full)"))
        assert [message.text for message in dropped] == ["text 1", "text 2"]

    database(work)
