import asyncio
import json
from typing import Any

import pytest
from sqlmodel import Session, select

from memory.consents import record_consent
from memory.crashes import put_aside
from memory.dead_letters import letters, replay, replay_all
from memory.inbox import bury
from memory.tables import DeadLetter, Mailbox, Message
from memory.turns import claim, take
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import ANA, NOW, OURS, deliver, inbound

MINUTES = 60.0


def body(**data: Any) -> bytes:
    told = {
        "messageId": "msg_x",
        "conversationId": "conv_ana",
        "from": ANA,
        "to": OURS,
        "message": "hi",
        "direction": "inbound",
        "receivedAt": utc(NOW).isoformat(),
    }
    return json.dumps({"event": "agent.message", "channel": "sms", "data": told | data}).encode()


def buried(database: Database, content: bytes) -> int:
    """A body that could not be read at the time; now perhaps it can."""
    letter = database(
        lambda s: bury(s, webhook_id="wh_old", body=content, reason="no data", now=NOW)
    )
    assert letter.id is not None
    return letter.id


def poisoned(database: Database) -> int:
    def break_it(session: Session) -> int:
        deliver(session, inbound("hi"))
        mine = claim(session, owner="w", now=NOW)
        assert mine is not None
        take(session, mine, turn_id="t1", kind="live", now=NOW)
        put_aside(session, mine, turn_id="t1", now=NOW)
        return session.exec(select(DeadLetter.id)).one() or 0

    return database(break_it)


def test_what_can_be_read_by_now_is_let_in_like_a_webhook(database: Database):
    letter = buried(database, body())
    assert database(lambda s: replay(s, letter, now=NOW + 1)).fate == "accepted"
    [message] = database(lambda s: s.exec(select(Message)).all())
    assert (message.text, message.state) == ("hi", "waiting")
    assert database(letters) == []


def test_what_is_still_unreadable_stays(database: Database):
    letter = buried(database, b"not json")
    assert database(lambda s: replay(s, letter, now=NOW + 1)).fate == "unreadable"
    assert [one.id for one in database(letters)] == [letter]


def test_what_came_another_way_in_the_meantime_is_a_duplicate(database: Database):
    letter = buried(database, body())
    database(lambda s: deliver(s, inbound("hi", message_id="msg_x")))
    assert database(lambda s: replay(s, letter, now=NOW + 1)).fate == "duplicate"
    assert len(database(lambda s: s.exec(select(Message)).all())) == 1


def test_what_starts_nothing_is_no_dead_letter(database: Database):
    letter = buried(database, body(direction="outbound"))
    assert database(lambda s: replay(s, letter, now=NOW + 1)).fate == "ignored"
    assert database(letters) == []


def test_a_number_people_have_written_to_is_ours_and_is_not_answered(database: Database):
    database(lambda s: deliver(s, inbound("hi")))
    letter = buried(database, body(**{"from": OURS, "conversationId": "conv_loop"}))
    assert database(lambda s: replay(s, letter, now=NOW + 1)).fate == "ignored"


@pytest.mark.parametrize("kind", ["unreadable", "poison"])
def test_what_is_older_than_fifteen_minutes_is_let_in_only_when_told_so(
    database: Database, kind: str
):
    letter = poisoned(database) if kind == "poison" else buried(database, body())
    late = NOW + 16 * MINUTES
    assert database(lambda s: replay(s, letter, now=late)).fate == "stale"
    assert len(database(letters)) == 1
    assert database(lambda s: replay(s, letter, now=late, allow_stale=True)).fate == "accepted"
    assert database(letters) == []


def test_a_poison_message_waits_again_for_a_turn_that_has_not_broken_yet(database: Database):
    letter = poisoned(database)
    database(lambda s: replay(s, letter, now=NOW + 1))
    other = database(lambda s: claim(s, owner="other", now=NOW + 60))
    assert other is not None
    burst = database(lambda s: take(s, other, turn_id="t2", kind="live", now=NOW + 60))
    assert burst is not None
    assert (burst.turn.id, burst.turn.attempts, burst.resumed) == ("t2", 1, False)
    assert [message.text for message in burst.messages] == ["hi"]


def test_a_letter_that_does_not_exist_is_said_to_be_unknown(database: Database):
    assert database(lambda s: replay(s, 77, now=NOW)).fate == "unknown"


def test_a_dry_run_says_the_same_and_changes_nothing(url: str, database: Database):
    readable, unreadable = buried(database, body()), buried(database, b"not json")

    def again(*, dry_run: bool) -> list[tuple[int, str]]:
        every = replay_all(url, None, now=NOW + 1, dry_run=dry_run, allow_stale=False)
        done = asyncio.run(every)
        assert [("would" in str(one)) for one in done] == [dry_run, False]
        return [(one.letter_id, one.fate) for one in done]

    expected = [(readable, "accepted"), (unreadable, "unreadable")]
    assert again(dry_run=True) == expected
    assert database(lambda s: s.exec(select(Message)).all()) == []
    assert len(database(letters)) == 2
    assert again(dry_run=False) == expected
    assert [one.id for one in database(letters)] == [unreadable]


def test_a_replayed_text_of_somebody_who_has_stopped_since_is_not_answered(database: Database):
    letter = buried(database, body())
    database(lambda s: record_consent(s, ANA, opted_out=True, how="operator", now=NOW))
    assert database(lambda s: replay(s, letter, now=NOW + 1)).fate == "dropped"
    [message] = database(lambda s: s.exec(select(Message)).all())
    assert message.outcome == "dropped(opted_out)"
    assert [row.due_at for row in database(lambda s: s.exec(select(Mailbox)).all())] == [None]
