"""The opt-out ledger: it outlives the erasure of the person, and believes what a carrier says."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from memory.bubbles import record
from memory.consents import HASHED, KEY, keep_hashed, opted_out
from memory.keepsakes import DeploymentKey
from memory.tables import Bubble, BubbleState, Consent, Mailbox
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, bubble, deliver, inbound, mailbox


def entries(database: Database) -> list[Consent]:
    return database(lambda s: list(s.exec(select(Consent).order_by(Consent.id))))


def test_whoever_said_stop_and_was_erased_is_still_not_texted(database: Database):
    database(lambda s: deliver(s, inbound("STOP")))
    assert database(lambda s: keep_hashed(s, ANA)) == 1
    assert database(lambda s: opted_out(s, ANA))
    assert not database(lambda s: deliver(s, inbound("hi again"))).is_due
    other_number = inbound("hi", conversation_id="conv_other", to_number="+14155550101")
    assert not database(lambda s: deliver(s, other_number)).is_due


def test_an_erased_person_can_come_back_with_start(database: Database):
    database(lambda s: deliver(s, inbound("STOP")))
    database(lambda s: keep_hashed(s, ANA))
    assert database(lambda s: deliver(s, inbound("START"))).is_due
    assert not database(lambda s: opted_out(s, ANA))
    assert database(lambda s: deliver(s, inbound("hi again"))).is_due


def test_an_erased_persons_entries_no_longer_say_who_or_what(database: Database):
    database(lambda s: deliver(s, inbound("stop texting +14155550123")))
    database(lambda s: deliver(s, inbound("STOP")))
    database(lambda s: keep_hashed(s, ANA))
    for entry in entries(database):
        assert entry.participant.startswith(HASHED) and ANA not in entry.participant
        assert (entry.evidence, entry.message_id) == (None, None)
        assert entry.opted_out and entry.at is not None


def test_nobody_elses_entries_are_touched_and_a_second_time_nothing_happens(database: Database):
    database(lambda s: deliver(s, inbound("STOP", from_handle=BEN, conversation_id="conv_ben")))
    assert database(lambda s: keep_hashed(s, ANA)) == 0
    assert database(lambda s: s.get(DeploymentKey, KEY)) is None
    database(lambda s: deliver(s, inbound("STOP")))
    assert database(lambda s: keep_hashed(s, ANA)) == 1
    assert database(lambda s: keep_hashed(s, ANA)) == 0
    assert [entry.participant == BEN for entry in entries(database)] == [True, False]


def test_erased_again_after_coming_back_the_latest_word_still_holds(database: Database):
    for text in ("STOP", "START", "STOP"):
        database(lambda s, text=text: deliver(s, inbound(text)))
        database(lambda s: keep_hashed(s, ANA))
    assert [entry.opted_out for entry in entries(database)] == [True, False, True]
    assert database(lambda s: opted_out(s, ANA))


@pytest.mark.parametrize(
    ("code", "reason", "is_out"),
    [
        ("CARRIER_ERROR", "Blocked by the carrier: the recipient texted STOP.", True),
        ("21610", "Attempt to send to unsubscribed recipient", True),
        ("RECIPIENT_OPTED_OUT", None, True),
        ("CARRIER_ERROR", "The recipient cannot be reached.", False),
        ("VALIDATION_ERROR", "to_number is no number", False),
    ],
)
def test_who_said_stop_to_the_carrier_has_said_it_to_us(
    database: Database, code: str, reason: str | None, is_out: bool
):
    def refused(session: Session) -> None:
        box = mailbox(session)
        one = bubble(session, box, id="one", state=BubbleState.DISPATCHED, attempt=1)
        bubble(session, box, id="two")
        record(
            session, bubble_id=one.id, attempt=1, state=BubbleState.REJECTED, code=code,
            reason=reason, drop_reply=False, sent=None, now=NOW,
        )  # fmt: skip

    database(refused)
    assert database(lambda s: opted_out(s, ANA)) == is_out
    assert [entry.how for entry in entries(database)] == (["platform"] if is_out else [])
    assert (database(lambda s: s.get_one(Bubble, "two")).state == "cancelled") == is_out


def test_what_they_told_us_since_counts_before_what_a_carrier_says_late(database: Database):
    database(lambda s: deliver(s, inbound("STOP"), now=NOW + 10))
    database(lambda s: deliver(s, inbound("START"), now=NOW + 20))

    def refused_late(session: Session) -> None:
        box = session.exec(select(Mailbox)).one()
        one = bubble(session, box, state=BubbleState.DISPATCHED, attempt=1)
        record(
            session, bubble_id=one.id, attempt=1, state=BubbleState.REJECTED, code="21610",
            reason=None, drop_reply=False, sent=None, now=NOW + 30,
        )  # fmt: skip

    database(refused_late)
    assert not database(lambda s: opted_out(s, ANA))
