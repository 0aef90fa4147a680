"""Who holds a conversation, what may leave meanwhile, and how it is found; on both databases."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from memory.bubbles import cancel_rest, dispatch
from memory.consents import record_consent
from memory.costs import spent
from memory.pauses import pause, resume
from memory.silence import silence_in
from memory.tables import Mailbox, Transcript, Turn
from memory.takeovers import (
    NOBODY,
    NotYours,
    Takeover,
    flag,
    hand_back,
    return_unclaimed,
    take_over,
)
from memory.talks import Asked, newest
from memory.threads import state_of_list, state_of_thread, thread
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, deliver, in_group, inbound
from tests.memory.test_leaving import claimed, states, written

MIA = "Mia"

ALL: dict[str, Any] = {"mailbox_id": None, "by": MIA, "now": NOW}


def there(held: int) -> dict[str, Any]:
    """What Mia does in this conversation."""
    return ALL | {"mailbox_id": held}


@pytest.fixture
def held(database: Database) -> int:
    """The only conversation."""
    found = database(lambda s: deliver(s, inbound())).mailbox_id
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("fields", "in_a_takeover", "in_a_pause"),
    [
        ({"kind": "reply"}, "cancelled", "cancelled"),
        ({"kind": "notice"}, "dispatched", "cancelled"),
        ({"kind": "operator"}, "dispatched", "dispatched"),
        ({"kind": "reply", "resend_of": "old"}, "dispatched", "dispatched"),
    ],
    ids=["agent", "static", "person", "sent again"],
)
def test_what_may_leave_while_the_agent_is_to_be_silent(
    database: Database, held: int, fields: dict[str, Any], in_a_takeover: str, in_a_pause: str
):
    claim = claimed(database)
    acts = [
        (partial(take_over, **there(held)), partial(hand_back, **there(held)), in_a_takeover),
        (partial(pause, **there(held)), partial(resume, **there(held)), in_a_pause),
        (partial(pause, **ALL), partial(resume, **ALL), in_a_pause),
    ]
    expected = []
    for begin, end, state in acts:
        database(begin)
        bubble_id = written(database, claim, **fields)
        database(lambda s, it=bubble_id: dispatch(s, claim=claim, bubble_id=it, now=NOW))
        database(end)
        expected.append(state)
    after = written(database, claim, **fields)
    database(lambda s: dispatch(s, claim=claim, bubble_id=after, now=NOW))
    assert states(database) == [*expected, "dispatched"]


def test_an_operators_words_do_not_leave_after_a_stop(database: Database, held: int):
    claim = claimed(database)
    database(partial(take_over, **there(held)))
    one = written(database, claim, kind="operator")
    database(lambda s: record_consent(s, ANA, opted_out=True, how="operator", now=NOW))
    two = written(database, claim, kind="operator")
    for bubble_id in (one, two):
        database(lambda s, it=bubble_id: dispatch(s, claim=claim, bubble_id=it, now=NOW))
    assert states(database) == ["cancelled", "cancelled"]


def test_what_a_person_wrote_stands_by_itself(database: Database, held: int):
    claim = claimed(database)
    first, second = (written(database, claim, kind="operator") for _ in range(2))

    def lose_the_first(session: Session) -> None:
        bubble, _ = dispatch(session, claim=claim, bubble_id=first, now=NOW)
        bubble.state = "unconfirmed"
        cancel_rest(session, after=bubble, now=NOW)

    database(lose_the_first)
    database(lambda s: dispatch(s, claim=claim, bubble_id=second, now=NOW))
    assert states(database) == ["unconfirmed", "dispatched"]


def test_a_takeover_has_both_its_ends_and_the_next_is_another(database: Database, held: int):
    database(lambda s: flag(s, held, by="crisis", why="words", now=NOW))
    assert database(lambda s: silence_in(s, held)).code == "taken_over"
    database(lambda s: take_over(s, held, by=MIA, now=NOW + 5))
    assert database(lambda s: take_over(s, held, by="Tom", now=NOW + 6)).claimed_by == MIA
    ended = database(lambda s: hand_back(s, held, by="Tom", now=NOW + 7))
    assert (ended.began_by, ended.claimed_by, ended.ended_by) == ("crisis", MIA, "Tom")
    assert (ended.claimed_at, ended.ended_at) == (utc(NOW + 5), utc(NOW + 7))
    assert database(lambda s: silence_in(s, held)) is None
    with pytest.raises(NotYours):
        database(lambda s: hand_back(s, held, by=MIA, now=NOW + 8))
    assert database(lambda s: take_over(s, held, by=MIA, now=NOW + 9)).id != ended.id


def test_the_database_itself_allows_one_open_takeover(database: Database, held: int):
    def twice(session: Session) -> None:
        session.add_all(
            Takeover(mailbox_id=held, began_at=utc(NOW), began_by=MIA) for _ in range(2)
        )
        session.flush()

    with pytest.raises(IntegrityError):
        database(twice)


def test_only_what_waits_for_long_and_is_nobodys_goes_back(database: Database):
    boxes = [
        database(lambda s, it=person: deliver(s, inbound(conversation_id=it))).mailbox_id
        for person in ("new", "old", "claimed")
    ]
    for mailbox_id, began in zip(boxes, (NOW, NOW - 600, NOW - 600), strict=True):
        database(lambda s, it=mailbox_id, at=began: flag(s, it, by="agent", why=None, now=at))
    database(lambda s: take_over(s, boxes[2] or 0, by=MIA, now=NOW - 500))
    back = database(lambda s: return_unclaimed(s, after=timedelta(minutes=5), now=NOW))
    assert [(one.mailbox_id, one.ended_by) for one in back] == [(boxes[1], NOBODY)]
    assert database(lambda s: return_unclaimed(s, after=timedelta(minutes=5), now=NOW)) == []


def test_a_pause_for_all_outlasts_what_is_resumed_for_one(database: Database, held: int):
    database(partial(pause, **ALL))
    database(partial(pause, **there(held)))
    assert database(partial(resume, **there(held))) is True
    assert database(lambda s: silence_in(s, held)).code == "paused"
    assert database(partial(resume, **ALL)) is True
    assert database(lambda s: silence_in(s, held)) is None
    assert database(partial(resume, **ALL)) is False


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(), ["conv_group", "conv_ben", "conv_ana"]),
        (Asked(words="CAKE"), ["conv_ben"]),
        (Asked(words="50%"), ["conv_ana"]),
        (Asked(words="5%"), []),
        (Asked(words="hik"), ["conv_group"]),
        (Asked(words="ana ruiz"), ["conv_ana"]),
        (Asked(words=BEN[-6:]), ["conv_ben"]),
        (Asked(outcome="dropped"), ["conv_ben"]),
        (Asked(outcome="d_opped"), []),
        (Asked(standing="waiting"), ["conv_ana"]),
        (Asked(standing="taken_over"), ["conv_group"]),
        (Asked(standing="opted_out"), ["conv_ben"]),
        (Asked(standing="paused"), []),
        (Asked(standing="unconfirmed"), []),
        (Asked(words="cake", standing="waiting"), []),
    ],
    ids=str,
)
def test_conversations_are_found(database: Database, asked: Asked, found: list[str]):
    ana = inbound("at 50% off", sender_name="Ana Ruiz")
    ben = inbound("stop", conversation_id="conv_ben", from_handle=BEN)
    one = database(lambda s: deliver(s, ana, now=NOW)).mailbox_id
    cake = inbound("any cake?", conversation_id="conv_ben", from_handle=BEN)
    database(lambda s: deliver(s, cake, now=NOW + 1))
    database(lambda s: deliver(s, ben, now=NOW + 2))
    database(lambda s: deliver(s, inbound("?", conversation_id="conv_ben", from_handle=BEN)))
    group = database(lambda s: deliver(s, in_group("hello"), now=NOW + 3)).mailbox_id
    database(lambda s: flag(s, one or 0, by="agent", why=None, now=NOW))
    database(lambda s: take_over(s, group or 0, by=MIA, now=NOW))
    listed = database(lambda s: newest(s, asked, limit=10))
    assert sorted(one["key"] for one in listed) == sorted(found)
    if asked == Asked(words="CAKE"):
        assert listed[0]["opted_out"] is True


def test_the_page_is_drawn_anew_when_something_is_new(database: Database, held: int):
    def now() -> tuple[str, str]:
        return database(state_of_list), database(lambda s: state_of_thread(s, held))

    seen = [now()]
    assert now() == seen[0]
    claim = claimed(database)
    bubble_id = written(database, claim)
    for work in (
        lambda s: deliver(s, inbound("more")),
        lambda s: dispatch(s, claim=claim, bubble_id=bubble_id, now=NOW),
        lambda s: flag(s, held, by="agent", why=None, now=NOW),
        partial(take_over, **there(held)),
        partial(hand_back, **there(held)),
        partial(pause, **ALL),
        partial(resume, **ALL),
        lambda s: record_consent(s, ANA, opted_out=True, how="operator", now=NOW),
    ):
        database(work)
        seen.append(now())
        assert seen[-1][0] != seen[-2][0]
        assert seen[-1][1] != seen[-2][1]


def test_a_thread_of_nothing_but_a_takeover_can_be_read(database: Database, held: int):
    database(partial(take_over, **there(held)))
    told = database(lambda s: thread(s, s.get_one(Mailbox, held)))
    assert {one["text"] for one in told["entries"]} == {"hi", "Mia took over"}
    assert told["conversation"]["takeover"]["claimed_by"] == MIA


def test_what_a_day_has_cost_is_summed_up(database: Database, held: int):
    def arrange(session: Session) -> None:
        for number, cost in enumerate((0.25, 0.5, None)):
            usage = {"requests": 2, "input_tokens": 10, "output_tokens": 5, "cost_usd": cost}
            session.add(
                Turn(
                    id=f"t{number}", mailbox_id=held, epoch=1, state="settled", usage=usage,
                    started_at=utc(NOW), settled_at=utc(NOW),
                )
            )  # fmt: skip
            session.flush()
            session.add(
                Transcript(
                    turn_id=f"t{number}", mailbox_id=held, session="live", outcome="answered",
                    last_message_id=1, started_at=utc(NOW), record="{}",
                )
            )  # fmt: skip

    database(arrange)
    today, yesterday = database(lambda s: spent(s, days=2, now=NOW))
    assert (today["turns"], today["requests"], today["input_tokens"]) == (3, 6, 30)
    assert today["cost_usd"] == pytest.approx(0.75)
    assert (yesterday["turns"], yesterday["cost_usd"]) == (0, None)
