"""The table of records: written with the end of a turn, once, and read by the page."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, inspect, text
from sqlmodel import Session, col, select

from memory import schema
from memory.crashes import broke
from memory.mailboxes import address, find_mailbox
from memory.notes import Notes, usage_of
from memory.store import Store
from memory.tables import Bubble, Mailbox, ToolCall, Transcript, Turn
from memory.transcript import SessionKind, TurnRecord
from memory.transcripts import Wanted, count, newest, one, stream, stream_talks
from memory.turns import CRASHES, Burst, Claim, LeaseLost, claim, let_go, settle, take
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, OURS, bubble, deliver, in_group, inbound

PHOTO = "https://media.example/secret/photo.jpg"


def take_all(
    session: Session, *, turn_id: str, kind: SessionKind = "live", now: float = NOW
) -> tuple[Claim, Burst]:
    mine = claim(session, owner="w", now=now)
    assert mine is not None
    burst = take(session, mine, turn_id=turn_id, kind=kind, now=now)
    assert burst is not None
    session.flush()
    return mine, burst


def settled(
    database: Database, turn_id: str, *, now: float = NOW, outcome: str = "silent", **fields: Any
) -> Turn:
    """One whole turn about one message."""

    def work(session: Session) -> Turn:
        deliver(session, inbound(**{"received_at": utc(now), **fields}), now=now)
        mine, burst = take_all(session, turn_id=turn_id, now=now)
        settle(session, mine, turn_id, outcome=outcome, now=now + 2)
        let_go(session, mine, now=now + 2)
        session.flush()
        return burst.turn

    return database(work)


def records(database: Database) -> list[TurnRecord]:
    rows = database(lambda s: s.exec(select(Transcript).order_by(col(Transcript.id))).all())
    return [TurnRecord.model_validate_json(row.record) for row in rows]


def test_the_record_is_written_with_the_turns_end_or_neither_is(database: Database):
    class Failed(Exception):
        pass

    def fail(session: Session) -> None:
        deliver(session, inbound())
        mine, _ = take_all(session, turn_id="t1")
        settle(session, mine, "t1", outcome="silent", now=NOW)
        session.flush()
        raise Failed

    with pytest.raises(Failed):
        database(fail)
    assert records(database) == []
    assert database(lambda s: s.exec(select(Turn)).all()) == []


def test_who_has_lost_the_lease_writes_no_record(database: Database):
    def begin(session: Session) -> Claim:
        deliver(session, inbound())
        return take_all(session, turn_id="t1")[0]

    mine = database(begin)
    database(lambda s: claim(s, owner="other", now=NOW + 60))
    with pytest.raises(LeaseLost):
        database(lambda s: settle(s, mine, "t1", outcome="silent", now=NOW + 60))
    assert records(database) == []


def test_an_end_that_is_replayed_after_its_commit_leaves_the_one_record(database: Database):
    def begin(session: Session) -> Claim:
        deliver(session, inbound())
        return take_all(session, turn_id="t1")[0]

    mine = database(begin)
    for _ in range(2):
        database(lambda s: settle(s, mine, "t1", outcome="silent", now=NOW))
    assert [record.turn_id for record in records(database)] == ["t1"]


def test_the_columns_say_what_the_record_says(database: Database):
    turn = settled(database, "t1", outcome="dropped")
    [row] = database(lambda s: s.exec(select(Transcript)).all())
    [record] = records(database)
    assert (row.turn_id, row.session, row.outcome) == ("t1", "live", "dropped")
    assert (row.model, row.prompt_hash) == (record.model, None)
    assert row.started_at == record.started_at == turn.started_at


def test_a_turn_follows_the_one_before_in_its_own_conversation(database: Database):
    settled(database, "t1")
    settled(database, "b1", conversation_id="conv_ben", from_handle=BEN)
    settled(database, "t2", now=NOW + 10)
    assert {r.turn_id: r.parent_turn_id for r in records(database)} == {
        "t1": None, "b1": None, "t2": "t1",
    }  # fmt: skip


def test_what_no_turn_was_about_is_told_once_by_the_next_record(database: Database):
    settled(database, "t1")
    database(lambda s: deliver(s, inbound("   "), now=NOW + 3))
    settled(database, "t2", now=NOW + 10)
    settled(database, "t3", now=NOW + 20)
    told = {r.turn_id: [(h.in_turn, h.outcome) for h in r.heard] for r in records(database)}
    assert told == {
        "t1": [(True, "silent")],
        "t2": [(False, "dropped(empty)"), (True, "silent")],
        "t3": [(True, "silent")],
    }


def test_the_wait_is_told_in_seconds(database: Database):
    def work(session: Session) -> None:
        deliver(session, inbound("one"), now=NOW)
        mine, burst = take_all(session, turn_id="t1", now=NOW + 1)
        deliver(session, inbound("two"), now=NOW + 2)
        for message in session.exec(text_of("two")):
            message.turn_id = "t1"
        box = session.get_one(Mailbox, mine.mailbox_id)
        bubble(
            session, box, turn_id="t1", state="confirmed", message_id="m", channel="sms",
            dispatched_at=utc(NOW + 5), finished_at=utc(NOW + 6),
        )  # fmt: skip
        settle(session, mine, burst.turn.id, outcome="answered", now=NOW + 8)

    database(work)
    [record] = records(database)
    assert record.latencies.model_dump() == {
        "queue": 1.0, "first_dispatch": 3.0, "first_bubble": 4.0, "total": 8.0,
    }  # fmt: skip


def text_of(words: str):
    from memory.tables import Message

    return select(Message).where(Message.text == words)


def test_what_was_asked_for_and_did_not_arrive_is_named(database: Database):
    def work(session: Session) -> None:
        deliver(session, inbound())
        mine, _ = take_all(session, turn_id="t1")
        box = session.get_one(Mailbox, mine.mailbox_id)
        fell = {"state": "confirmed", "channel": "sms", "send_style": "confetti", "threaded": False}
        bubble(session, box, turn_id="t1", message_id="m1", **fell)
        bubble(session, box, turn_id="t1", state="rejected", send_style="confetti")
        settle(session, mine, "t1", outcome="answered", now=NOW)

    database(work)
    assert [act.lost for act in records(database)[0].wire] == [["thread", "effect"], []]  # type: ignore[union-attr]


def test_pictures_go_by_the_handles_of_the_call_and_never_by_address(database: Database):
    def work(session: Session) -> None:
        deliver(session, inbound("look", media_urls=[PHOTO]))
        mine, _ = take_all(session, turn_id="t1")
        box = session.get_one(Mailbox, mine.mailbox_id)
        named = {"media": ["m1.1"], "text": "nice"}
        session.add(
            ToolCall(
                turn_id="t1", call_id="c1", name="send", arguments=named, state="done",
                result=f"could not send {PHOTO}", started_at=utc(NOW),
            )
        )  # fmt: skip
        bubble(session, box, turn_id="t1", call_id="c1", media=[PHOTO], reason=f"bad: {PHOTO}")
        bubble(session, box, turn_id="t1", media=[PHOTO])
        settle(session, mine, "t1", outcome="failed", now=NOW)

    database(work)
    [row] = database(lambda s: s.exec(select(Transcript)).all())
    [record] = records(database)
    assert PHOTO not in row.record
    assert [act.media for act in record.wire] == [["m1.1"], ["unlisted"]]  # type: ignore[union-attr]
    assert record.tool_calls[0].result == "could not send [address left out]"


def test_half_a_character_is_no_reason_that_a_turn_cannot_end(database: Database):
    def work(session: Session) -> None:
        deliver(session, inbound())
        mine, _ = take_all(session, turn_id="t1")
        settle(session, mine, "t1", outcome="silent", now=NOW, messages=[{"text": "\ud83d"}])

    database(work)
    [row] = database(lambda s: s.exec(select(Transcript)).all())
    assert json.loads(row.record)["messages"] == [{"text": "\ufffd"}]


def test_a_poisoned_turn_is_recorded_with_the_notes_that_were_kept(database: Database):
    notes = Notes(model="gpt-5-mini", prompt_hash="abcd1234", instructions="Be kind.")

    def work(session: Session) -> None:
        deliver(session, inbound())
        mine, burst = take_all(session, turn_id="t1", kind="local")
        burst.turn.notes, burst.turn.attempts = notes.as_json(), CRASHES
        session.flush()
        assert broke(session, mine, error="KeyError", now=NOW)

    database(work)
    [record] = records(database)
    assert (record.outcome, record.reason, record.session) == ("failed", "poison", "local")
    assert (record.model, record.instructions) == ("gpt-5-mini", "Be kind.")
    assert database(lambda s: s.get_one(Turn, "t1")).notes is None


def test_records_move_with_a_conversation_that_turns_out_to_be_another(database: Database):
    # Two of one conversation come to be when its id is not in every payload.
    settled(database, "t1", conversation_id="conv_elsewhere")
    settled(database, "t2", now=NOW + 10, conversation_id=None, from_handle=BEN)

    def same_address(session: Session) -> None:
        nameless = session.exec(select(Mailbox).where(col(Mailbox.conversation_id).is_(None))).one()
        nameless.address = address(OURS, ANA)

    database(same_address)
    database(lambda s: find_mailbox(s, "conv_elsewhere", where=address(OURS, ANA)))
    [box] = database(lambda s: s.exec(select(Mailbox)).all())
    rows = database(lambda s: s.exec(select(Transcript)).all())
    assert [row.mailbox_id for row in rows] == [box.id, box.id]


def test_a_price_that_is_not_known_makes_the_sum_unknown():
    notes = Notes()
    for cost in (Decimal("0.01"), Decimal("0.02"), None):
        request = notes.asking(now=NOW)
        request.model, request.cost_usd = "m", cost
    assert usage_of(notes.requests[:2], tool_calls=0).model_dump(mode="json")["cost_usd"] == 0.03
    assert usage_of(notes.requests, tool_calls=0).cost_usd is None


def test_records_are_found_by_time_conversation_outcome_and_door(database: Database):
    settled(database, "t1")
    settled(database, "b1", now=NOW + 60, conversation_id="conv_ben", from_handle=BEN)
    settled(database, "t2", now=NOW + 120, outcome="answered")

    def found(**wanted: Any) -> list[str]:
        told = database(partial(newest, wanted=Wanted(**wanted), limit=9))
        assert database(partial(count, wanted=Wanted(**wanted))) == len(told)
        return [record["turn_id"] for record in told]

    assert found() == ["t2", "b1", "t1"]
    assert found(conversation="conv_ben") == found(conversation=BEN) == ["b1"]
    assert found(after=utc(NOW + 60)) == ["t2", "b1"]
    assert found(before=utc(NOW + 60)) == ["t1"]
    assert found(outcome="answered") == ["t2"]
    assert (found(session="live"), found(session="eval")) == (["t2", "b1", "t1"], [])


def test_a_group_is_found_by_its_id(database: Database):
    def work(session: Session) -> None:
        deliver(session, in_group())
        mine, _ = take_all(session, turn_id="g1")
        settle(session, mine, "g1", outcome="silent", now=NOW)

    database(work)
    [record] = database(partial(newest, wanted=Wanted(conversation="grp_1"), limit=9))
    assert record["conversation"]["group_name"] == "Hikers"


def test_one_record_is_found_by_the_beginning_of_its_id_unless_several_begin_so(
    database: Database,
):
    for number, turn_id in enumerate(("abc1", "abd2", "a_c3")):
        settled(database, turn_id, now=NOW + 10 * number)
    assert database(partial(one, turn_id="abc"))["turn_id"] == "abc1"
    assert database(partial(one, turn_id="ab")) is None
    assert database(partial(one, turn_id="a_c"))["turn_id"] == "a_c3"


def test_many_records_are_read_by_the_page_each_once(url: str, database: Database):
    def many(session: Session) -> None:
        deliver(session, inbound())
        mine, _ = take_all(session, turn_id="t0")
        settle(session, mine, "t0", outcome="silent", now=NOW)
        session.flush()
        row = session.exec(select(Transcript)).one()
        for number in range(1, 450):
            copy = row.model_dump(exclude={"id"})
            copy["turn_id"] = f"t{number}"
            copy["started_at"] = row.started_at - timedelta(seconds=number)
            session.add(Transcript(**copy))

    database(many)

    async def all_of_them() -> int:
        async with Store(url) as store:
            return len([record async for record in stream(store, Wanted())])

    assert asyncio.run(all_of_them()) == 450


def test_conversations_are_read_one_after_another_with_the_turns_before_those_asked_for(
    url: str, database: Database
):
    settled(database, "a1")
    settled(database, "b1", now=NOW + 10, conversation_id="conv_ben", from_handle=BEN)
    settled(database, "a2", now=NOW + 20, outcome="answered")
    settled(database, "b2", now=NOW + 30, conversation_id="conv_ben", from_handle=BEN)

    async def told(**wanted: Any) -> list[tuple[str, bool]]:
        async with Store(url) as store:
            records = [it async for it in stream_talks(store, Wanted(**wanted))]
        return [(record["turn_id"], is_wanted) for record, is_wanted in records]

    assert asyncio.run(told()) == [("a1", True), ("a2", True), ("b1", True), ("b2", True)]
    assert asyncio.run(told(outcome="answered")) == [("a1", False), ("a2", True)]
    assert asyncio.run(told(outcome="failed")) == []


def test_records_are_found_by_the_tool_that_was_called(database: Database):
    def work(session: Session) -> None:
        deliver(session, inbound())
        mine, _ = take_all(session, turn_id="t1")
        session.add(ToolCall(turn_id="t1", call_id="c1", name="send", started_at=utc(NOW)))
        settle(session, mine, "t1", outcome="silent", now=NOW)
        let_go(session, mine, now=NOW)

    database(work)
    settled(database, "t2", now=NOW + 10)
    assert database(partial(count, wanted=Wanted(tool="send"))) == 1
    assert database(partial(count, wanted=Wanted(tool="sen"))) == 0


def test_what_was_learnt_of_a_bubble_since_and_that_it_was_sent_again_is_told(database: Database):
    def work(session: Session) -> None:
        deliver(session, inbound())
        mine, _ = take_all(session, turn_id="t1")
        box = session.get_one(Mailbox, mine.mailbox_id)
        for name in ("fine", "late", "lost", "again"):
            is_fine = name in ("fine", "lost")
            bubble(session, box, id=name, turn_id="t1", message_id=name if is_fine else None,
                   state="confirmed" if is_fine else "unconfirmed")  # fmt: skip
        settle(session, mine, "t1", outcome="answered", now=NOW)
        session.flush()
        late, lost = session.get_one(Bubble, "late"), session.get_one(Bubble, "lost")
        late.state, late.message_id, late.learnt_at = "confirmed_late", "late", utc(NOW + 60)
        lost.delivery, lost.reason, lost.learnt_at = "failed", "no such phone", utc(NOW + 90)
        bubble(session, box, id="again2", resend_of="again")

    database(work)
    [record] = database(partial(newest, wanted=Wanted(), limit=1))
    since = {learnt.pop("bubble_id"): learnt for learnt in record["since"]}
    assert since.keys() == {"late", "lost", "again"}
    assert since["late"]["status"] == "confirmed_late"
    assert (since["lost"]["is_undelivered"], since["lost"]["reason"]) == (True, "no such phone")
    assert since["again"]["sent_again_as"] == "again2"


def test_a_record_with_something_missing_is_no_record(database: Database):
    settled(database, "t1")
    [record] = records(database)
    broken = record.model_dump(mode="json")
    del broken["conversation"]["number"]
    with pytest.raises(ValidationError, match=r"conversation\.number"):
        TurnRecord.model_validate(broken)


BEFORE_RECORDS = {
    *("alembic_version", "bubble", "consent", "dead_letter", "event", "event_key", "mailbox"),
    *("message", "metadata_entry", "tool_call", "turn", "twin_record"),
}
"""The tables of that version."""


SINCE = [
    *(("turn", "session"), ("turn", "notes"), ("turn", "reserved_micros")),
    *(("event", "duplicates"), ("mailbox", "claim_at")),
]
"""What older tables have got since."""


def back_to_0004(connection: Connection) -> None:
    """The database as the version before left it."""
    cascade = "CASCADE" if connection.dialect.name == "postgresql" else ""
    for table in inspect(connection).get_table_names():
        if table not in BEFORE_RECORDS:
            connection.execute(text(f"DROP TABLE {table} {cascade}"))
    connection.execute(text("DROP INDEX next_in_line"))
    for table, column in SINCE:
        connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
    connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))


def test_a_database_with_turns_is_upgraded_and_the_turn_under_way_gets_its_record(
    database: Database,
):
    settled(database, "old")

    def begin(session: Session) -> None:
        deliver(session, inbound("wait"), now=NOW + 9)
        take_all(session, turn_id="now", now=NOW + 9)

    database(begin)
    with database.engine.begin() as connection:
        back_to_0004(connection)
    schema.upgrade(database.engine)
    assert records(database) == [], "what ended before has none"

    def go_on(session: Session) -> None:
        mine, burst = take_all(session, turn_id="new", now=NOW + 60)
        assert (burst.turn.id, burst.resumed) == ("now", True)
        settle(session, mine, "now", outcome="silent", notes=burst.notes, now=NOW + 61)

    database(go_on)
    [record] = records(database)
    assert (record.turn_id, record.session, record.parent_turn_id) == ("now", "live", None)
    assert [heard.text for heard in record.heard] == ["wait"]
    assert [it.what for it in record.interruptions] == ["taken_up"]
