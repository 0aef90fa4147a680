"""Rows made of records alone are the rows that were there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, SQLModel

from agent.history import earlier, past_of
from memory import engines, schema
from memory.restoring import MAILBOX, Where, memory_before, restore, rows_before
from memory.tables import Bubble, Consent, Mailbox, Message, Transcript, Turn
from memory.transcript import Learnt, TurnRecord
from memory.transcripts import Wanted, stream
from tests.house import ANA, House, call, run, script
from tests.stories.test_pictures import photo

NUMBER = "+15550100001"

OTHERWISE = {
    Message: {"id", "event_id", "media"},
    Turn: {"epoch", "notes"},
    Bubble: {"media", "position", "expires_at"},
    Mailbox: {"id", "lease_epoch", "claim_at", "agent_id", "number_id", "others", "created_at"},
}
"""What no record holds, or what means something only in the database it stands in."""


def where(record: TurnRecord) -> Where:
    return Where(
        number=NUMBER,
        number_id="n",
        agent_id="a",
        conversation_id=record.conversation.conversation_id or "c",
        stand_in="https://pictures.example/{}".format,
    )


def plain(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [row.model_dump(exclude=OTHERWISE[type(row)]) for row in rows]


def of(kind: type[SQLModel], rows: Sequence[SQLModel]) -> list[Any]:
    return [row for row in rows if isinstance(row, kind)]


async def story(house: House) -> None:
    """Words, a tool, a photo, a thread, a tapback, SMS; then one more text."""
    sent = await house.text("I like tea")
    screen = await house.answered(sent.conversation_id)
    red = await house.picture(photo("red"), "image/png")
    await house.text("look", media_urls=[red], reply_to_message_id=screen.last["id"])
    await house.settled(turns=2)
    await house.tap(screen.last["id"], "love")
    await house.text("by sms", channel="sms")
    await house.settled(turns=3)


def test_they_are_the_rows_that_were_there():
    played = script(call("remember", fact="Likes tea"), "Noted!", "Nice.", "Yes.", "Bye.")
    kept: dict[type[Any], list[Any]] = {}
    records: list[TurnRecord] = []

    async def told(house: House) -> None:
        await story(house)
        kept[Message], kept[Bubble] = await house.messages(), await house.bubbles()
        kept[Turn], kept[Mailbox] = await house.settled(turns=3), await house.rows(Mailbox)
        await house.text("bye")
        await house.settled(turns=4)
        assert house.local.deployment is not None
        read = stream(house.local.deployment.store, Wanted())
        records.extend([TurnRecord.model_validate(record) async for record in read])

    run(told, played)
    last, before = records[-1], records[:-1]
    rows = rows_before(last, before, where(last))
    for kind in (Message, Bubble, Turn, Mailbox):
        assert plain(of(kind, rows)) == plain(kept[kind]), kind
    assert [row.media for row in of(Message, rows) if row.media] == [
        ["https://pictures.example/m3.1"]
    ]
    assert [row.turn_id for row in of(Transcript, rows)] == [one.turn_id for one in before]


@contextmanager
def restored(rows: Sequence[SQLModel], folder: Path) -> Iterator[Session]:
    engine = engines.writer_engine(engines.database(f"sqlite:///{folder / 'restored.db'}"))
    schema.upgrade(engine)
    with Session(engine) as session:
        restore(session, rows)
        yield session
    engine.dispose()


def test_the_model_is_shown_the_same_history(tmp_path: Path):
    played = script(call("remember", fact="Likes tea"), "Noted!", "Nice.", "Yes.")
    records: list[TurnRecord] = []
    shown: list[Any] = []

    async def told(house: House) -> None:
        await story(house)
        shown.append(await house.read(lambda session: earlier(past_of(session, 1))))
        records.extend(await house.records())

    run(told, played)
    after = records[-1].model_copy(update={"turn_id": "next", "heard": []})
    with restored(rows_before(after, records, where(after)), tmp_path) as session:
        assert earlier(past_of(session, MAILBOX)) == shown[0]


def test_stop_and_start_are_in_the_ledger():
    records: list[TurnRecord] = []

    async def told(house: House) -> None:
        for nth, word in enumerate(["hi", "STOP", "START"], start=1):
            await house.text(word)
            await house.settled(turns=nth)
        records.extend(await house.records())

    run(told, script("hello"))
    rows = [rows_before(one, records[:nth], where(one)) for nth, one in enumerate(records)]
    ledgers = [[(row.participant, row.opted_out) for row in of(Consent, each)] for each in rows]
    assert ledgers == [[], [], [(ANA, True)]]


def test_what_was_learnt_counts_from_when_it_was_learnt():
    records: list[TurnRecord] = []

    async def told(house: House) -> None:
        for nth, word in enumerate(["hi", "and?"], start=1):
            await house.text(word)
            await house.settled(turns=nth)
        records.extend(await house.records())

    run(told, script("hello", "well"))
    first, second = records
    [act] = first.wire

    def news(at: Any) -> TurnRecord:
        learnt = Learnt(
            bubble_id=act.bubble_id, status="confirmed", code="undelivered", reason="unknown",
            message_id=act.message_id, channel="imessage", is_threaded=None, is_undelivered=True,
            sent_again_as=None, learnt_at=at,
        )  # fmt: skip
        return first.model_copy(update={"since": [learnt]})

    early = second.started_at - timedelta(seconds=1)
    late = second.started_at + timedelta(seconds=1)
    found = [of(Bubble, rows_before(second, [news(at)], where(second)))[0] for at in (early, late)]
    assert [(row.delivery, row.reason) for row in found] == [
        ("failed", "unknown"),
        (None, None),
    ]


def test_memory_is_what_it_was_or_what_the_turn_before_left():
    records: list[TurnRecord] = []

    async def told(house: House) -> None:
        for nth, word in enumerate(["I like tea", "and?"], start=1):
            await house.text(word)
            await house.settled(turns=nth)
        records.extend(await house.records())

    run(told, script(call("remember", fact="Likes tea"), "Noted!", "well"))
    first, second = records
    assert memory_before(second, [first]) == second.memory.before
    none = second.memory.model_copy(update={"before": None})
    unknown = second.model_copy(update={"memory": none})
    assert (memory_before(unknown, [first]) or {})["facts"] == ["Likes tea"]
    assert memory_before(unknown, []) is None
