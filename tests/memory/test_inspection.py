"""What somebody who looks at turns sees beside their records."""

from __future__ import annotations

from sqlmodel import Session, select

from memory.inspection import arrivals, running, still_running
from memory.tables import Event
from tests.memory.conftest import Database
from tests.memory.people import NOW, deliver, inbound
from tests.memory.test_transcript import settled, take_all


def begun(database: Database) -> None:
    def begin(session: Session) -> None:
        deliver(session, inbound("wait"), now=NOW + 9)
        take_all(session, turn_id="now", now=NOW + 9)

    database(begin)


def test_a_running_turn_is_told_and_an_ended_one_is_not(database: Database):
    settled(database, "old")
    begun(database)
    told = database(lambda s: running(s, conversation=None, notes={}, now=NOW + 12))
    assert [(one["turn_id"], one["outcome"]) for one in told] == [("now", "running")]
    assert [heard["text"] for heard in told[0]["heard"]] == ["wait"]
    assert told[0]["latencies"]["total"] == 3
    known = database(lambda s: still_running(s, "old", notes={}, now=NOW + 12))
    assert known is None


def test_what_its_run_knows_is_shown_and_written_nowhere(database: Database):
    begun(database)
    notes = {"now": {"model": "script", "instructions": "Be brief.", "prompt_hash": "12345678"}}

    def look(session: Session) -> object:
        return still_running(session, "now", notes=notes, now=NOW + 12)

    told = database(look)
    assert told["model"] == "script"  # type: ignore[index]
    assert told["instructions"] == "Be brief."  # type: ignore[index]
    again = database(lambda s: still_running(s, "now", notes={}, now=NOW + 12))
    assert again is not None
    assert (again["model"], again["instructions"]) == (None, None)


def test_a_webhook_that_comes_again_is_counted(database: Database):
    event = inbound("hi")
    for _ in range(3):
        database(lambda s: deliver(s, event, now=NOW))
    assert [e.duplicates for e in database(lambda s: s.exec(select(Event)).all())] == [2]
    database(lambda s: take_all(s, turn_id="now", now=NOW))
    [arrival] = database(lambda s: arrivals(s, [], "now"))
    assert (len(arrival.refs), arrival.duplicates) == (1, 2)
    assert (arrival.event, arrival.webhook_id, arrival.body) == (
        "agent.message",
        event.webhook_id,
        {},
    )
