"""Each kind of data goes when its time has come, and not before, on both databases."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from memory import labels
from memory.consents import opted_out, record_consent
from memory.inbox import bury
from memory.past import archive, note
from memory.retention import BATCH, Keep, overdue, sweep
from memory.store import Store
from memory.tables import (
    Bubble,
    DeadLetter,
    Event,
    EventKey,
    Mailbox,
    Message,
    MetadataEntry,
    MetadataKind,
    ToolCall,
    Transcript,
    Turn,
)
from memory.transcript import TurnRecord
from memory.turns import claim, settle, take
from phone.clock import utc
from tests.memory.conftest import Database
from tests.memory.people import ANA, BEN, NOW, bubble, deliver, inbound

DAY = 86_400.0


def swept(url: str, *, days: float) -> dict[str, int]:
    async def scenario() -> dict[str, int]:
        async with Store(url) as store:
            return await sweep(store, Keep(), now=NOW + days * DAY)

    return asyncio.run(scenario())


def rows(database: Database, table: type[Any]) -> list[Any]:
    return database(lambda session: list(session.exec(select(table))))


def turn(session: Session, turn_id: str, *, who: str = ANA, after: float = 0.0) -> None:
    """A whole turn: a text, a call of a tool, an answer; and its record."""
    now = NOW + after
    body = json.dumps({"text": turn_id}).encode()
    deliver(
        session, inbound(turn_id, from_handle=who, conversation_id=f"c{who}"), now=now, body=body
    )
    held = claim(session, owner="w", now=now)
    assert held is not None
    took = take(session, held, turn_id=turn_id, kind="live", now=now)
    assert took is not None
    session.flush()
    took.turn.instructions, took.turn.messages = "be kind", [{"parts": []}]
    call = ToolCall(turn_id=turn_id, call_id="1", name="look", state="done", started_at=utc(now))
    mailbox = session.get_one(Mailbox, held.mailbox_id)
    session.add_all([took.turn, call])
    session.flush()
    bubble(session, mailbox, "yes", turn_id=turn_id, state="confirmed", message_id=f"o{turn_id}")
    settle(session, held, turn_id, outcome="answered", now=now)
    take(session, held, turn_id="none", kind="live", now=now)


@pytest.fixture
def full(database: Database) -> Database:
    """A turn, a labelled one, one of today; a dead letter, consent, versions of the memory."""

    def fill(session: Session) -> None:
        turn(session, "old")
        turn(session, "labelled")
        labels.put(session, "labelled", add=["good"], remove=[], now=NOW)
        bury(session, webhook_id="w", body=b"{", reason="unreadable", now=NOW)
        record_consent(session, BEN, opted_out=True, how="keyword", now=NOW)
        box = session.exec(select(Mailbox)).one()
        note(session, box.id or 0, MetadataKind.READ, {"crm": 9}, now=NOW)
        archive(session, box.id or 0, ["likes tea"], rev=1, now=NOW)
        deliver(session, inbound("noted", from_handle=ANA), outcome="noted")
        bubble(session, box, state="expired")
        turn(session, "today", after=89 * DAY)

    database(fill)
    return database


def test_within_the_first_week_everything_stays(full: Database, url: str):
    assert swept(url, days=6.9) == {}


def test_after_a_week_webhooks_are_empty_and_still_known(full: Database, url: str):
    assert swept(url, days=7.1) == {"webhooks": 3}
    events = {event.received_at < utc(NOW + DAY): event.body for event in rows(full, Event)}
    assert events == {True: b"", False: b'{"text": "today"}'}
    assert len(rows(full, EventKey)) == 4
    again = [message for message in rows(full, Message) if message.text == "old"]
    event = inbound("old", message_id=again[0].message_id)
    assert full(lambda s: deliver(s, event)).result == "duplicate"


def test_after_two_weeks_what_the_model_read_is_gone_and_what_was_said_is_not(
    full: Database, url: str
):
    assert swept(url, days=14.1)["model_io"] == 1
    turns = {row.id: row for row in rows(full, Turn)}
    assert turns["old"].instructions is None and not turns["old"].messages
    assert turns["labelled"].instructions == turns["today"].instructions == "be kind"
    records = {
        row.turn_id: TurnRecord.model_validate_json(row.record) for row in rows(full, Transcript)
    }
    assert records["old"].messages == [] and records["old"].instructions is None
    assert [heard.text for heard in records["old"].heard] == ["old"]
    assert records["labelled"].messages == [{"parts": []}]
    assert len(rows(full, ToolCall)) == 3
    assert swept(url, days=14.1) == {}


def test_after_a_month_dead_letters_and_the_ids_of_webhooks_are_gone(full: Database, url: str):
    done = swept(url, days=30.1)
    assert (done["dead_letters"], done["dedupe"]) == (1, 3)
    assert rows(full, DeadLetter) == []
    assert len(rows(full, EventKey)) == len(rows(full, Event)) == 1


def test_after_a_quarter_turns_are_gone_with_all_that_is_of_them_but_for_labelled_ones(
    full: Database, url: str
):
    done = swept(url, days=90.1)
    assert {name: done[name] for name in ("transcripts", "messages", "bubbles", "metadata")} == {
        "transcripts": 1, "messages": 1, "bubbles": 1, "metadata": 1,
    }  # fmt: skip
    left = {"labelled", "today"}
    for table in (Turn, Transcript, ToolCall, Bubble, Message):
        column = "id" if table is Turn else "turn_id"
        assert {getattr(row, column) for row in rows(full, table)} == left, table
    assert [entry.kind for entry in rows(full, MetadataEntry)] == [MetadataKind.ARCHIVED]
    assert len(rows(full, Mailbox)) >= 1
    assert full(lambda session: opted_out(session, BEN)), "the ledger is kept for ever"


def test_the_newest_message_stays_for_its_number_is_not_to_be_given_out_again(
    database: Database, url: str
):
    database(lambda s: turn(s, "only"))
    swept(url, days=91)
    swept(url, days=91)
    assert [message.text for message in rows(database, Message)] == ["only"]
    assert rows(database, Turn) == rows(database, Transcript) == []


def test_what_is_not_settled_is_never_swept(database: Database, url: str):
    database(lambda s: deliver(s, inbound("waits")))
    swept(url, days=1000)
    assert [message.state for message in rows(database, Message)] == ["waiting"]


def test_a_dry_run_says_what_a_sweep_would_do_and_does_nothing(full: Database, url: str):
    told = full(lambda s: overdue(s, Keep(), now=NOW + 14.1 * DAY))
    assert told == {"webhooks": 3, "model_io": 1}
    assert swept(url, days=14.1) == told


def test_many_rows_go_in_many_small_transactions(database: Database, url: str):
    def fill(session: Session) -> None:
        for number in range(2 * BATCH + 1):
            body = f"{{{number}".encode()
            bury(session, webhook_id=f"w{number}", body=body, reason="unreadable", now=NOW)

    database(fill)
    groups = list[int]()

    class Counting(Store):
        async def write(self, work: Any) -> Any:
            groups.append(len(work.keywords["ids"]))
            return await super().write(work)

    async def scenario() -> None:
        async with Counting(url) as store:
            await sweep(store, Keep(), now=NOW + 31 * DAY)

    asyncio.run(scenario())
    assert groups == [BATCH, BATCH, 1]


def test_terms_are_the_deployments_own(full: Database):
    keep = Keep(webhooks=timedelta(days=20), dedupe=timedelta(days=30))
    assert full(lambda s: overdue(s, keep, now=NOW + 19 * DAY)) == {"model_io": 1}


def test_a_sqlite_file_uses_freed_room_again(sqlite_file: Any, tmp_path: Any):
    """It does not shrink: `threedots backup` writes a compact copy."""
    file = tmp_path / "threedots.db"
    file.write_bytes(sqlite_file.read_bytes())
    url = f"sqlite:///{file}"

    async def fill(store: Store, start: int) -> None:
        for number in range(start, start + 200):
            body = b"{" + str(number).encode() * 2000
            await store.write(
                lambda s, b=body: bury(s, webhook_id="w", body=b, reason="r", now=NOW) and None
            )

    async def scenario() -> tuple[int, int]:
        sizes = []
        for start in (1000, 2000):
            async with Store(url) as store:
                await fill(store, start)
                await sweep(store, Keep(), now=NOW + 31 * DAY)
            sizes.append(file.stat().st_size)
        return sizes[0], sizes[1]

    first, second = asyncio.run(scenario())
    assert first > 1_000_000 and second <= first * 1.1
