from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from memory.catching_up import AT_ONCE, Caught, ReadBack, last_seen, take_in
from memory.consents import opted_out
from memory.tables import BubbleState, Mailbox, Message
from phone.clock import utc
from phone.types import Conversation, Participant
from phone.types import Message as StoredMessage
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, OURS, bubble, deliver, in_group, inbound, mailbox


def with_ana(**fields: Any) -> Conversation:
    about = {"id": "conv_ana", "phone_number": OURS, "participant": ANA, "channel": "imessage"}
    return Conversation(**{**about, **fields})


def said(text: str, at: float = 0.0, **fields: Any) -> StoredMessage:
    """A message at AgentPhone, so many seconds after the beginning."""
    about: dict[str, Any] = {
        "id": f"msg_{text}_{at}",
        "body": text,
        "from_number": ANA,
        "direction": "inbound",
        "received_at": utc(NOW + at),
    }
    return StoredMessage(**{**about, **fields})


def ours(text: str, at: float = 0.0) -> StoredMessage:
    return said(text, at, direction="outbound", from_number=OURS)


def read_back(database: Database, *messages: StoredMessage, **options: Any) -> Caught:
    reads = [ReadBack(options.pop("conversation", with_ana()), messages)]
    return database(lambda s: take_in(s, reads, **{"now": NOW + 60, **options}))


def kept(database: Database) -> list[tuple[str, str | None]]:
    rows = database(lambda s: s.exec(select(Message).order_by(col(Message.ref))).all())
    return [(row.text, row.outcome) for row in rows]


def test_nothing_is_seen_before_the_first_message(database: Database):
    assert database(last_seen) is None
    database(lambda s: deliver(s, inbound("hi", received_at=utc(NOW + 5))))
    database(lambda s: deliver(s, inbound("late", received_at=utc(NOW))))
    assert database(last_seen) == utc(NOW + 5)


def test_what_we_know_is_not_taken_in_again(database: Database):
    database(lambda s: deliver(s, inbound("hi", message_id="msg_hi_0.0")))
    assert read_back(database, said("hi"), said("missed", 1)) == Caught(stored=1, due=1)
    assert read_back(database, said("hi"), said("missed", 1)) == Caught()
    assert kept(database) == [("hi", None), ("missed", None)]


def test_its_webhook_is_a_duplicate_when_it_comes_after_all(database: Database):
    read_back(database, said("hi"))
    receipt = database(lambda s: deliver(s, inbound("hi", message_id="msg_hi_0.0")))
    assert receipt.result == "duplicate"


@pytest.mark.parametrize(("age", "outcome"), [(14 * 60, None), (16 * 60, "dropped(stale)")])
def test_a_text_is_answered_within_fifteen_minutes(database: Database, age: float, outcome: Any):
    caught = read_back(database, said("hi"), now=NOW + age)
    assert caught == Caught(stored=1, due=int(outcome is None))
    assert kept(database) == [("hi", outcome)]


def test_only_what_came_before_somebody_elses_answer_is_answered_by_it(database: Database):
    read_back(database, said("when?", 0), ours("At six.", 10), said("where?", 20))
    assert kept(database) == [
        ("when?", "dropped(answered_elsewhere)"),
        ("At six.", "before"),
        ("where?", None),
    ]


def test_an_answer_of_our_own_answers_nothing_but_its_turn(database: Database):
    database(
        lambda s: bubble(s, mailbox(s), "Hi!", state=BubbleState.CONFIRMED, message_id="msg_Hi!_10")
    )
    read_back(database, said("missed", 0), said("Hi!", 10, id="msg_Hi!_10", direction="outbound"))
    assert kept(database) == [("missed", None)]


def test_a_bubble_of_unknown_fate_is_not_taken_for_somebody_elses_words(database: Database):
    database(lambda s: bubble(s, mailbox(s), "Hi!", state=BubbleState.UNCONFIRMED))
    read_back(database, said("missed", 0), ours("Hi!", 10))
    assert kept(database) == [("missed", None)]


def test_our_own_numbers_and_calls_are_not_answered(database: Database):
    caught = read_back(
        database, said("loop", from_number=BEN), said("call", channel="voice"), own_numbers={BEN}
    )
    assert caught == Caught()
    assert kept(database) == []


def test_a_group_message_goes_to_the_mailbox_of_the_group(database: Database):
    database(lambda s: deliver(s, in_group("hi all")))
    group = with_ana(
        id="conv_group",
        participant="grp_1",
        is_group=True,
        group_id="grp_1",
        group_name="Hikers",
        participants=[Participant(identifier=BEN, name="Ben")],
    )
    read_back(database, said("here", sender_identifier=BEN, from_number=BEN), conversation=group)
    [box] = database(lambda s: s.exec(select(Mailbox)).all())
    assert (box.group_id, box.participant) == ("grp_1", BEN)
    rows = database(lambda s: s.exec(select(Message).order_by(col(Message.ref))).all())
    assert (rows[-1].sender, rows[-1].sender_name, rows[-1].text) == (BEN, "Ben", "here")


def test_a_long_absence_is_taken_in_piece_by_piece(database: Database):
    count = AT_ONCE + 30
    texts = [said(f"text {number}", number // 2) for number in range(count)]
    first = read_back(database, *texts)
    assert (first.stored, first.reached is None) == (AT_ONCE, False)
    second = read_back(database, *texts, after=first.reached)
    assert (second.stored, second.reached) == (30, None)
    assert len({text for text, _ in kept(database)}) == count


def test_a_missed_stop_does_not_undo_a_later_start(database: Database):
    database(lambda s: deliver(s, inbound("START", received_at=utc(NOW + 30))))
    read_back(database, said("STOP", 10))
    assert not database(lambda s: opted_out(s, ANA))
    assert kept(database)[-1] == ("STOP", "dropped(outdated)")


def test_a_missed_start_does_not_undo_a_later_stop(database: Database):
    database(lambda s: deliver(s, inbound("STOP", received_at=utc(NOW + 30))))
    read_back(database, said("START", 10))
    assert database(lambda s: opted_out(s, ANA))


def test_a_webhook_that_was_overtaken_by_a_later_consent_word_changes_nothing(database: Database):
    database(lambda s: deliver(s, inbound("STOP", received_at=utc(NOW + 30))))
    database(lambda s: deliver(s, inbound("START", received_at=utc(NOW + 10))))
    assert database(lambda s: opted_out(s, ANA))
    database(lambda s: deliver(s, inbound("START", received_at=utc(NOW) + timedelta(minutes=1))))
    assert not database(lambda s: opted_out(s, ANA))
