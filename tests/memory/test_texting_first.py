"""Whoever did not write is texted only with consent, by day, rarely, and never after STOP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from memory import consent_records
from memory.bubbles import dispatch
from memory.erasing_consent import erase_consent
from memory.ordering_first import text_first
from memory.resending import NotResendable, bubble_to_resend
from memory.tables import Bubble
from memory.texting_first import NotAllowed, Order
from memory.turns import claim
from safety.senders import Senders
from tests.memory.conftest import Database
from tests.memory.people import ANA, OURS, bubble, deliver, inbound, mailbox

DAY = datetime(2026, 3, 2, 20, 0, tzinfo=UTC).timestamp()
"""A Monday, noon in San Francisco, where Ana's number is from."""

NIGHT = DAY + 10 * 3600

INTRODUCTION = "I'm Threedots, an AI assistant. Reply STOP to opt out."


def agree(database: Database, purpose: str = "appointments") -> None:
    """Ana has agreed."""
    database(
        lambda s: consent_records.add(
            s, ANA, purpose=purpose, text="I agree", evidence="form 7",
            given_at=datetime(2026, 1, 1, tzinfo=UTC), now=DAY,
        ).id
    )  # fmt: skip


def order(database: Database, new_id: str = "one", *, now: float = DAY, **options: object) -> str:
    """Order a text to Ana; what the bubble says."""
    asked = {
        "text": "See you at 9?",
        "introduction": INTRODUCTION,
        "number": OURS,
        "senders": Senders(),
        **options,
    }
    who = Order(ANA, "appointments", asked.pop("zone", None))  # type: ignore[arg-type]
    return database(lambda s: text_first(s, who, new_id=new_id, now=now, **asked).text)  # type: ignore[arg-type]


def leaves(database: Database, bubble_id: str = "one", *, now: float = DAY) -> Bubble:
    """What becomes of it at the door."""

    def work(session: Session) -> Bubble:
        held = claim(session, owner=f"w{bubble_id}{now}", now=now)
        assert held is not None
        return dispatch(session, claim=held, bubble_id=bubble_id, now=now)[0]

    return database(work)


def test_with_consent_and_by_day_it_leaves_with_our_name_and_how_to_stop(database: Database):
    agree(database)
    assert order(database) == f"See you at 9?\n\n{INTRODUCTION}"
    assert leaves(database).state == "dispatched"
    assert order(database, "two", now=DAY + 60) == "See you at 9?"


def test_without_a_record_of_consent_it_is_refused(database: Database):
    with pytest.raises(NotAllowed, match="no record that they agreed to texts for 'appointments'"):
        order(database)


def test_having_written_to_us_is_no_consent_to_be_texted_first(database: Database):
    database(lambda s: deliver(s, inbound("hi")))
    with pytest.raises(NotAllowed, match="no record"):
        order(database)


def test_consent_to_one_purpose_is_none_to_another(database: Database):
    agree(database, "offers")
    with pytest.raises(NotAllowed, match="'appointments'"):
        order(database)


def test_at_night_it_is_refused_and_told_when_it_would_do(database: Database):
    agree(database)
    with pytest.raises(NotAllowed, match="not before 2026-03-03 17:00 UTC"):
        order(database, now=NIGHT)
    order(database, now=NIGHT, zone="Asia/Tokyo")  # there it is three in the afternoon


def test_after_stop_it_is_refused_and_the_consent_is_gone_even_after_start(database: Database):
    agree(database)
    database(lambda s: deliver(s, inbound("STOP")))
    with pytest.raises(NotAllowed, match="asked not to be texted"):
        order(database)
    database(lambda s: deliver(s, inbound("START")))
    with pytest.raises(NotAllowed, match="no record"):
        order(database)


def test_a_stop_between_order_and_door_keeps_it_in(database: Database):
    agree(database)
    order(database)
    database(lambda s: deliver(s, inbound("STOP", conversation_id=None)))
    row = database(lambda s: s.get_one(Bubble, "one"))
    assert (row.state, row.code) == ("cancelled", "opted_out")


def test_if_it_has_become_night_at_the_door_it_does_not_leave(database: Database):
    agree(database)
    order(database)
    late = leaves(database, now=NIGHT)
    assert (late.state, late.code) == ("cancelled", "quiet_hours")


def test_three_a_day_are_the_most_and_a_refused_one_does_not_count(database: Database):
    agree(database)
    for number in range(3):
        order(database, f"b{number}", now=DAY + number)
    with pytest.raises(NotAllowed, match="3 such texts"):
        order(database, now=DAY + 10)

    def fail_one(session: Session) -> None:
        session.get_one(Bubble, "b0").state = "rejected"

    database(fail_one)
    order(database, now=DAY + 10)


def test_it_is_sent_once_and_never_again_by_hand(database: Database):
    agree(database)
    order(database)
    assert leaves(database).state == "dispatched"

    def refuse(session: Session) -> None:
        session.get_one(Bubble, "one").state = "unconfirmed"

    database(refuse)
    with pytest.raises(NotResendable, match="order it anew"):
        database(lambda s: bubble_to_resend(s, "one"))


def test_whoever_is_with_a_person_is_left_to_them(database: Database):
    agree(database)
    database(lambda s: deliver(s, inbound("I want to die")))
    with pytest.raises(NotAllowed, match="A person has been called"):
        order(database)


def test_without_a_conversation_it_must_be_said_which_number_of_ours(database: Database):
    agree(database)
    with pytest.raises(NotAllowed, match="--from"):
        order(database, number=None)
    database(lambda s: mailbox(s).id)
    order(database, number=None)


def test_a_bubble_of_this_kind_that_nothing_allows_does_not_leave(database: Database):
    def forge(session: Session) -> None:
        box = mailbox(session)
        box.due_at = None
        bubble(session, box, id="forged", kind="first")

    database(forge)
    database(lambda s: deliver(s, inbound("hi"), now=DAY))
    forged = leaves(database, "forged")
    assert (forged.state, forged.code) == ("cancelled", "no_consent")


def test_an_erasure_forgets_what_they_agreed_to_and_keeps_their_stop(database: Database):
    agree(database)
    order(database)
    database(lambda s: deliver(s, inbound("STOP")))
    database(lambda s: erase_consent(s, ANA))
    assert database(lambda s: s.exec(select(consent_records.ConsentRecord)).all()) == []
    agree(database)
    with pytest.raises(NotAllowed, match="asked not to be texted"):
        order(database)


def test_a_number_texts_fifty_strangers_a_day_and_those_who_wrote_besides(database: Database):
    strangers = [f"+14155552{n:03}" for n in range(51)]

    def first(who: str, at: float = DAY, number: str = OURS) -> str:
        def work(session: Session) -> str:
            consent_records.add(
                session, who, purpose="p", text="I agree", evidence="form 7",
                given_at=datetime(2026, 1, 1, tzinfo=UTC), now=DAY,
            )  # fmt: skip
            return text_first(
                session, Order(who, "p"), text="Hi", introduction="", number=number,
                senders=Senders(), new_id=f"{who} {at} {number}", now=at,
            ).id  # fmt: skip

        return database(work)

    for who in strangers[:50]:
        first(who)
    with pytest.raises(NotAllowed, match="texted 50 people within 24 hours who never wrote"):
        first(strangers[50])
    database(lambda s: deliver(s, inbound("hi")))
    first(ANA)
    first(strangers[0], DAY + 60)
    first(strangers[50], number="+14155550101")
    first(strangers[50], DAY + 86400)
    assert leaves(database, f"{strangers[50]} {DAY + 86400} {OURS}", now=DAY + 86400)


@pytest.mark.parametrize("who", ["+18765551234", "+19005551234", "+447700900123"])
def test_nobody_is_texted_first_where_it_is_dear(database: Database, who: str):
    order = Order(who, "appointments")
    with pytest.raises(NotAllowed, match="No text goes there"):
        database(
            lambda s: text_first(
                s, order, text="Hi", introduction="", number=OURS, senders=Senders(),
                new_id="one", now=DAY,
            )
        )  # fmt: skip
