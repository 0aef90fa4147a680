"""Which bubbles may leave, on SQLite and on Postgres."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from memory.bubbles import Draft, dispatch, prepare
from memory.consents import record_consent
from memory.tables import Bubble, Mailbox
from memory.turns import Claim, LeaseLost, claim
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import ANA, NOW, bubble, deliver, inbound


def claimed(database: Database, owner: str = "w1", *, now: float = NOW) -> Claim:
    """The conversation, held by this worker."""
    found = database(lambda s: claim(s, owner=owner, now=now))
    assert found is not None
    return found


def written(database: Database, held: Claim, **fields: object) -> str:
    """The id of a bubble that waits to leave."""

    def work(session: Session) -> str:
        return bubble(session, session.get_one(Mailbox, held.mailbox_id), **fields).id

    return database(work)


def states(database: Database) -> list[str]:
    return database(lambda s: list(s.exec(select(Bubble.state).order_by(Bubble.position))))


def test_a_bubble_that_may_leave_is_marked_for_everybody_before_it_does(database: Database):
    database(lambda s: deliver(s, inbound()))
    held = claimed(database)
    one = written(database, held)
    database(lambda s: dispatch(s, claim=held, bubble_id=one, now=NOW + 1))
    row = database(lambda s: s.get_one(Bubble, one))
    assert (row.state, row.attempt, row.dispatched_at) == ("dispatched", 1, utc(NOW + 1))


@pytest.mark.parametrize("next_owner", ["w2", "w1"])
def test_nothing_is_written_and_nothing_leaves_for_who_lost_the_conversation(
    database: Database, next_owner: str
):
    database(lambda s: deliver(s, inbound()))
    before = claimed(database, "w1")
    one = written(database, before)
    now = claimed(database, next_owner, now=NOW + 20)

    with pytest.raises(LeaseLost):
        database(lambda s: dispatch(s, claim=before, bubble_id=one, now=NOW + 20))
    with pytest.raises(LeaseLost):
        database(
            lambda s: prepare(
                s, claim=before, drafts=[Draft("and")], ids=["two"], turn_id=None, call_id=None,
                kind="reply", now=NOW + 20,
            )
        )  # fmt: skip
    assert states(database) == ["prepared"]

    database(lambda s: dispatch(s, claim=now, bubble_id=one, now=NOW + 20))
    assert states(database) == ["dispatched"]


@pytest.mark.parametrize(("kind", "state"), [("reply", "cancelled"), ("notice", "dispatched")])
def test_after_a_stop_only_its_notice_leaves(database: Database, kind: str, state: str):
    database(lambda s: deliver(s, inbound()))
    held = claimed(database)
    database(lambda s: record_consent(s, ANA, opted_out=True, how="keyword", now=NOW))
    one = written(database, held, kind=kind)
    database(lambda s: dispatch(s, claim=held, bubble_id=one, now=NOW))
    assert states(database) == [state]
