"""Money set aside by turns that run is gone for the others, on both databases."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlmodel import Session

from memory.reserving import reserve
from memory.tables import Mailbox, Turn
from memory.turns import LeaseLost
from phone.clock import utc
from safety.limits import Limit, Limits, rates
from safety.verdicts import Allowed
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, mailbox


def a_turn(session: Session, name: str, participant: str) -> Mailbox:
    place = mailbox(session, conversation_id=name, participant=participant, address=f"|{name}")
    session.add(
        Turn(id=name, mailbox_id=place.id or 0, session="live", epoch=1, started_at=utc(NOW))
    )
    session.flush()
    return place


def ask(session: Session, place: Mailbox, *, so_far: str = "0", next_one: str = "0.4"):
    [a_day] = rates("1/day")
    return reserve(
        session,
        place,
        str(place.conversation_id),
        so_far=Decimal(so_far),
        next_one=Decimal(next_one),
        limits=Limits(standing=(Limit("deployment", "cost_usd", a_day),)),
        now=NOW,
    )


def test_what_running_turns_have_set_aside_is_gone_for_the_others(database: Database):
    def work(session: Session) -> None:
        ana, ben = a_turn(session, "one", ANA), a_turn(session, "two", BEN)
        assert not ask(session, ana).is_last
        assert ask(session, ben).is_last
        assert not isinstance(ask(session, ana, so_far="0.3").verdict, Allowed)
        assert isinstance(ask(session, ana, so_far="0.2").verdict, Allowed)

    database(work)


def test_a_turn_that_has_ended_holds_nothing_and_can_set_nothing_aside(database: Database):
    def work(session: Session) -> None:
        ana, ben = a_turn(session, "one", ANA), a_turn(session, "two", BEN)
        ask(session, ana, so_far="0.5")
        assert not isinstance(ask(session, ben).verdict, Allowed)
        session.get_one(Turn, "one").state = "settled"
        session.flush()
        assert isinstance(ask(session, ben).verdict, Allowed)
        with pytest.raises(LeaseLost):
            ask(session, ana)

    database(work)
