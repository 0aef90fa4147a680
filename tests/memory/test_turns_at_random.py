"""Whatever happens, in whatever order: one worker at a time, every message in exactly one turn."""

import itertools

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import select

from memory.tables import Message, Turn
from memory.turns import (
    LEASE,
    Claim,
    LeaseLost,
    claim,
    held,
    join,
    let_go,
    renew,
    settle,
    take,
    void_leases,
)
from phone.types import InboundMessage
from tests.memory.conftest import Database
from tests.memory.people import NOW, deliver, inbound


class Line(RuleBasedStateMachine):
    """A few people write; a few workers claim, take, settle, die, and come back from the dead.

    What this side knows of leases is kept in `valid_until`, apart from the tables.
    """

    database: Database

    @initialize()
    def empty_line(self) -> None:
        self.database.clear()
        self.now = NOW
        self.ids = itertools.count(1)
        self.delivered: list[InboundMessage] = []
        self.claims: list[Claim] = []
        self.valid_until: dict[Claim, float] = {}
        self.turns: dict[Claim, str] = {}
        self.turn_of: dict[str, str] = {}

    def is_valid(self, mine: Claim) -> bool:
        newest = max(it.epoch for it in self.claims if it.mailbox_id == mine.mailbox_id)
        return mine in self.valid_until and mine.epoch == newest

    @rule(person=st.sampled_from(["a", "b"]), late=st.integers(0, 3))
    def somebody_writes(self, person: str, late: int) -> None:
        message = inbound(
            conversation_id=f"conv_{person}",
            from_handle=person,
            message_id=f"m{next(self.ids)}",
            received_at=inbound().received_at.fromtimestamp(self.now - late).astimezone(),
        )
        assert self.database(lambda s: deliver(s, message, now=self.now)).result == "accepted"
        self.delivered.append(message)

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def a_webhook_comes_again(self, data: st.DataObject) -> None:
        message = data.draw(st.sampled_from(self.delivered))
        assert self.database(lambda s: deliver(s, message, now=self.now)).result == "duplicate"

    @rule(seconds=st.sampled_from([1.0, LEASE / 2, LEASE]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(owner=st.sampled_from(["w1", "w2", "w3"]))
    def a_worker_claims(self, owner: str) -> None:
        mine = self.database(lambda s: claim(s, owner=owner, now=self.now))
        if mine is None:
            return
        for other in self.claims:
            if other.mailbox_id == mine.mailbox_id:
                assert other.epoch < mine.epoch
                assert self.valid_until.get(other, 0) <= self.now, "two hold it at once"
        self.claims.append(mine)
        self.valid_until[mine] = self.now + LEASE

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def a_worker_takes(self, data: st.DataObject) -> None:
        mine = data.draw(st.sampled_from(self.claims))
        turn_id = f"t{next(self.ids)}"
        valid = self.is_valid(mine)
        try:
            burst = self.database(
                lambda s: take(s, mine, turn_id=turn_id, kind="live", now=self.now)
            )
        except LeaseLost:
            assert not valid, "a worker was fenced out of what it holds"
            return
        assert valid, "a worker took what is no longer its own"
        if burst is None:
            del self.valid_until[mine]
            return
        assert burst.messages
        assert burst.resumed == (burst.turn.id != turn_id)
        sent = [(it.received_at, it.id) for it in burst.messages]
        assert sent == sorted(sent)
        self.turns[mine] = burst.turn.id

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def what_came_since_joins(self, data: st.DataObject) -> None:
        mine = data.draw(st.sampled_from(sorted(self.turns, key=lambda it: it.epoch)))
        try:
            self.database(lambda s: join(s, mine, self.turns[mine]))
        except LeaseLost:
            assert not self.is_valid(mine)

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def a_worker_settles(self, data: st.DataObject) -> None:
        mine = data.draw(st.sampled_from(sorted(self.turns, key=lambda it: it.epoch)))
        turn_id = self.turns.pop(mine)
        valid = self.is_valid(mine)
        try:
            self.database(lambda s: settle(s, mine, turn_id, outcome="answered", now=self.now))
        except LeaseLost:
            assert not valid
        else:
            assert valid

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def a_worker_renews(self, data: st.DataObject) -> None:
        mine = data.draw(st.sampled_from(self.claims))
        renewed = self.database(lambda s: renew(s, mine, now=self.now))
        assert renewed == self.is_valid(mine) == self.database(lambda s: held(s, mine))
        if renewed:
            self.valid_until[mine] = self.now + LEASE

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def a_worker_lets_go(self, data: st.DataObject) -> None:
        mine = data.draw(st.sampled_from(self.claims))
        if self.is_valid(mine):
            del self.valid_until[mine]
            self.turns.pop(mine, None)
        self.database(lambda s: let_go(s, mine, now=self.now))

    @rule()
    def the_process_restarts(self) -> None:
        self.database(void_leases)
        self.valid_until.clear()

    @invariant()
    def nobody_changes_the_turn_of_a_message(self) -> None:
        for message in self.database(lambda s: s.exec(select(Message)).all()):
            if message.turn_id is not None:
                key = str(message.message_id)
                assert self.turn_of.setdefault(key, message.turn_id) == message.turn_id

    def teardown(self) -> None:
        """Once everything is quiet, one worker brings all of it to an end."""
        self.now += LEASE
        while mine := self.database(lambda s: claim(s, owner="last", now=self.now)):
            while burst := self.database(
                lambda s, m=mine: take(
                    s, m, turn_id=f"t{next(self.ids)}", kind="live", now=self.now
                )
            ):
                turn_id = burst.turn.id
                self.database(
                    lambda s, m=mine, t=turn_id: settle(s, m, t, outcome="answered", now=self.now)
                )
        messages = self.database(lambda s: s.exec(select(Message)).all())
        assert len(messages) == len(self.delivered)
        assert {(it.state, it.outcome) for it in messages} <= {("settled", "answered")}
        turns = self.database(lambda s: s.exec(select(Turn)).all())
        assert {it.turn_id for it in messages} == {it.id for it in turns}
        assert all(it.state == "settled" for it in turns)


def test_every_accepted_message_ends_in_exactly_one_turn(database: Database):
    class OnThisDatabase(Line):
        pass

    OnThisDatabase.database = database
    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
