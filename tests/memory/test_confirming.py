"""Which stored message is which bubble, on SQLite and on Postgres."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session, select

from memory.bubbles import record
from memory.confirming import confirm, due_for_a_look, is_news, learn, looked
from memory.resending import NotResendable, expire_late, pick_up_loose, send_again
from memory.tables import Bubble, BubbleState, Mailbox
from memory.turns import claim, let_go, take
from phone.clock import utc
from phone.types import Message as StoredMessage
from phone.types import SentMessage
from tests.memory.conftest import Database
from tests.memory.people import NOW, bubble, deliver, inbound, mailbox

MINUTE = 60.0


def stored(message_id: str = "msg_a", body: str = "hello", **fields: Any) -> StoredMessage:
    """A message of ours as AgentPhone keeps it."""
    at = utc(fields.pop("at", NOW + 1))
    given = {"id": message_id, "body": body, "direction": "outbound", "received_at": at}
    return StoredMessage(**{**given, "channel": "imessage", **fields})


def lost(session: Session, box: Mailbox, text: str = "hello", **fields: Any) -> Bubble:
    """A bubble whose answer was lost."""
    left = {"state": BubbleState.UNCONFIRMED, "attempt": 1, "dispatched_at": utc(NOW)}
    return bubble(session, box, text, **{**left, **fields})


def fates(database: Database) -> list[tuple[str, str | None]]:
    """Each bubble's state and message, in order."""
    bubbles = database(lambda s: list(s.exec(select(Bubble).order_by(Bubble.position))))
    return [(bubble.state, bubble.message_id) for bubble in bubbles]


def after(database: Database, texts: list[Any], messages: list[StoredMessage]) -> list[Any]:
    """The fates of lost bubbles with these texts once these messages were read back."""

    def work(session: Session) -> None:
        box = mailbox(session)
        for text in texts:
            fields = text if isinstance(text, dict) else {"text": text}
            lost(session, box, **fields)
        session.flush()
        confirm(session, mailbox_id=box.id or 0, stored=messages, now=NOW + 5)

    database(work)
    return fates(database)


LATE = "confirmed_late"
OPEN = ("unconfirmed", None)


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("hello", "hello"),
        ("hello  there\n\nAna", "hello there Ana"),
        ("café", "cafe\u0301"),
        ("Shall we? 👩‍👩‍👧", "Shall we? 👩‍👩‍👧"),
    ],
)
def test_a_message_with_the_same_words_confirms(database: Database, text: str, body: str):
    assert after(database, [text], [stored(body=body)]) == [(LATE, "msg_a")]


@pytest.mark.parametrize(
    "message",
    [
        stored(body="hello!"),
        stored(body="Hello"),
        stored(direction="inbound"),
        stored(media_urls=["https://example.com/a.jpg"]),
        stored(at=NOW - 121),
        stored(at=NOW + 31 * MINUTE),
    ],
    ids=["other words", "other case", "theirs", "with a picture", "too early", "too late"],
)
def test_another_message_does_not(database: Database, message: StoredMessage):
    assert after(database, ["hello"], [message]) == [OPEN]


def test_an_empty_history_leaves_everything_open(database: Database):
    assert after(database, ["hello", "bye"], []) == [OPEN, OPEN]


def test_one_message_confirms_one_bubble_the_older(database: Database):
    assert after(database, ["hello", "hello"], [stored()]) == [(LATE, "msg_a"), OPEN]


def test_two_messages_confirm_two_bubbles_in_order(database: Database):
    messages = [stored("msg_b", at=NOW + 9), stored("msg_a", at=NOW + 1)]
    assert after(database, ["hello", "hello"], messages) == [(LATE, "msg_a"), (LATE, "msg_b")]


def test_a_carousel_is_confirmed_by_all_its_pictures_and_claims_them(database: Database):
    pictures = ["https://example.com/1.jpg", "https://example.com/2.jpg"]
    messages = [stored(f"msg_{n}", "", media_urls=["https://a.example/x"]) for n in (1, 2)]
    single = {"text": "", "media": pictures[:1]}
    assert after(database, [{"text": "", "media": pictures}, single], messages) == [
        (LATE, "msg_1"),
        OPEN,
    ]


def test_half_a_carousel_proves_nothing(database: Database):
    pictures = [f"https://example.com/{n}.jpg" for n in range(3)]
    messages = [stored(f"msg_{n}", "", media_urls=["https://a.example/x"]) for n in (1, 2)]
    assert after(database, [{"text": "", "media": pictures}], messages) == [OPEN]


def test_a_message_that_another_bubble_has_is_not_claimed_again(database: Database):
    def work(session: Session) -> None:
        box = mailbox(session)
        bubble(session, box, "hello", state=BubbleState.CONFIRMED, message_id="msg_a")
        lost(session, box)
        session.flush()
        assert confirm(session, mailbox_id=box.id or 0, stored=[stored()], now=NOW + 5) == []

    database(work)


def test_while_the_same_words_are_under_way_nothing_is_claimed(database: Database):
    def work(session: Session) -> None:
        box = mailbox(session)
        lost(session, box)
        bubble(session, box, "hello", state=BubbleState.DISPATCHED, attempt=1)
        session.flush()
        assert confirm(session, mailbox_id=box.id or 0, stored=[stored()], now=NOW + 5) == []

    database(work)


def test_agentphones_own_answer_takes_a_message_back_from_a_bubble_with_the_same_words(
    database: Database,
):
    def work(session: Session) -> None:
        box = mailbox(session)
        lost(session, box, id="older")
        session.flush()
        confirm(session, mailbox_id=box.id or 0, stored=[stored()], now=NOW + 5)
        bubble(session, box, "hello", id="newer", state=BubbleState.DISPATCHED, attempt=1)
        session.flush()
        record(
            session, bubble_id="newer", attempt=1, state=BubbleState.CONFIRMED, code=None,
            reason=None, drop_reply=False, sent=SentMessage(id="msg_a"), now=NOW + 6,
        )  # fmt: skip

    database(work)
    assert fates(database) == [OPEN, ("confirmed", "msg_a")]


def test_a_message_that_failed_makes_its_bubble_rejected(database: Database):
    messages = [stored(status="failed", failure_reason="No such number.")]
    assert after(database, ["hello"], messages) == [("rejected", "msg_a")]
    [row] = database(lambda s: list(s.exec(select(Bubble))))
    assert (row.code, row.reason) == ("undelivered", "No such number.")


def test_what_others_sent_is_set_aside_when_a_turn_begins_and_never_claimed(database: Database):
    def work(session: Session) -> None:
        box = mailbox(session)
        assert is_news(session, mailbox_id=box.id or 0, stored=[stored()])
        learn(session, mailbox_id=box.id or 0, stored=[stored()], now=NOW)
        assert not is_news(session, mailbox_id=box.id or 0, stored=[stored()])
        lost(session, box)
        session.flush()
        assert confirm(session, mailbox_id=box.id or 0, stored=[stored()], now=NOW + 5) == []

    database(work)


def test_looks_are_taken_after_1_5_and_30_minutes_and_a_day_and_then_no_more(database: Database):
    def start(session: Session) -> int:
        box = mailbox(session)
        lost(session, box)
        return box.id or 0

    mailbox_id = database(start)

    def at(seconds: float) -> tuple[int, int]:
        """How many conversations are due, and how many bubbles are given up, at this age."""
        now = NOW + seconds
        due = database(lambda s: len(due_for_a_look(s, now=now)))
        return due, len(
            database(lambda s: looked(s, mailbox_id=mailbox_id, was_read=True, now=now))
        )

    assert at(30) == (1, 0), "found in a database from before looks were planned"
    moments = [59, 60, 299, 300, 1_799, 1_800, 86_399, 86_400, 90_000]
    assert [at(moment) for moment in moments] == [
        (0, 0), (1, 0), (0, 0), (1, 0), (0, 0), (1, 0), (0, 0), (1, 1), (0, 0),
    ]  # fmt: skip
    assert fates(database) == [("unresolved", None)]


def test_a_look_that_failed_is_taken_again_a_minute_later(database: Database):
    def work(session: Session) -> None:
        box = mailbox(session)
        row = lost(session, box)
        session.flush()
        looked(session, mailbox_id=box.id or 0, was_read=False, now=NOW + 301)
        assert row.look_at == utc(NOW + 361)

    database(work)


@pytest.mark.parametrize("state", ["unconfirmed", "unresolved", "rejected", "expired", "cancelled"])
def test_a_person_may_send_again_what_has_ended_without_arriving(database: Database, state: str):
    def work(session: Session) -> None:
        box = mailbox(session)
        bubble(session, box, "hello", id="old", state=state, send_style="slam", turn_id=None)
        session.flush()
        new = send_again(session, bubble_id="old", new_id="new", now=NOW + 9)
        assert (new.text, new.send_style, new.resend_of) == ("hello", "slam", "old")
        assert (new.state, box.due_at) == ("prepared", utc(NOW + 9))

    database(work)


@pytest.mark.parametrize("state", ["confirmed", "confirmed_late", "prepared", "dispatched"])
def test_what_arrived_or_is_on_its_way_is_not_sent_again(database: Database, state: str):
    def work(session: Session) -> None:
        bubble(session, mailbox(session), "hello", id="old", state=state)
        session.flush()
        with pytest.raises(NotResendable):
            send_again(session, bubble_id="old", new_id="new", now=NOW)

    database(work)


def test_a_bubble_outside_any_turn_keeps_its_conversation_due_until_it_is_sent(
    database: Database,
):
    def work(session: Session) -> None:
        deliver(session, inbound())
        mine = claim(session, owner="w1", now=NOW)
        assert mine is not None
        box = session.get_one(Mailbox, mine.mailbox_id)
        bubble(session, box, id="old", state="rejected")
        burst = take(session, mine, turn_id="t1", kind="live", now=NOW)
        assert burst is not None
        for message in burst.messages:
            message.state = "settled"
        burst.turn.state = "settled"
        new = send_again(session, bubble_id="old", new_id="new", now=NOW)
        assert take(session, mine, turn_id="t2", kind="live", now=NOW) is None
        again = claim(session, owner="w1", now=NOW)
        assert again is not None, "it was let go, but is due"
        assert [b.id for b in pick_up_loose(session, claim=again, now=NOW)] == ["new"]
        let_go(session, again, now=NOW)
        assert box.due_at is not None
        last = claim(session, owner="w1", now=NOW)
        assert last is not None
        new.state = BubbleState.CONFIRMED
        session.flush()
        assert take(session, last, turn_id="t3", kind="live", now=NOW) is None
        assert box.due_at is None

    database(work)


def test_one_that_a_dead_worker_was_sending_is_unknown_and_not_sent(database: Database):
    def work(session: Session) -> None:
        box = mailbox(session, due_at=utc(NOW))
        row = bubble(session, box, state=BubbleState.DISPATCHED, attempt=1)
        session.flush()
        mine = claim(session, owner="w1", now=NOW)
        assert mine is not None
        assert pick_up_loose(session, claim=mine, now=NOW) == []
        assert (row.state, row.code) == ("unconfirmed", "crash")

    database(work)


def test_what_waited_past_its_time_expires_and_what_is_fresh_waits_on(database: Database):
    def work(session: Session) -> None:
        box = mailbox(session)
        late = bubble(session, box, expires_at=utc(NOW - 1))
        fresh = bubble(session, box, expires_at=utc(NOW + 1))
        session.flush()
        expire_late(session, now=NOW)
        assert (late.state, fresh.state) == ("expired", "prepared")

    database(work)
