"""Records of turns for the benches: those of a short talk with the demo, copied many times.

Every copy is a turn of its own, with other people, ids and words, so that nothing found for one
text is known for the next. They are told from a hundred conversations.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from functools import partial, reduce
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import insert
from sqlmodel import Session, SQLModel, col, func, select

from agent.models import model_for
from agent.settings import SCRIPTED
from bench.texts import NUMBER, conversation_of, people
from evals.local import Local, local_settings
from memory.store import Store
from memory.tables import Bubble, Mailbox, Transcript, Turn
from phone.clock import utc

BASE_URL = "http://127.0.0.1"

PERSON = people(3, 1)[0]
"""Who has the talk that is copied."""

CALLED = "(415) 555-0123"

TALK = (
    f"Hi, I'm Sam. Call me at {CALLED} or write to sam@example.com, around 18:30",
    "what's my name?",
    "thank you",
    "Are you open on Sunday, and what does a cake cost?",
    "haha",
)
"""Some words, some tool calls, a number as people write it, and a tapback."""

CONVERSATIONS = 100
CROWD = people(4, CONVERSATIONS)

PAGE = 2_000
"""Rows that are put in at once."""


Row = dict[str, Any]
Original = tuple[Transcript, Turn, list[Bubble]]
Talk = list[Original]


def talk() -> Talk:
    """The talk with the demo: each turn's record, row and bubbles."""
    with tempfile.TemporaryDirectory(prefix="threedots-bench-") as folder:
        return asyncio.run(_talk(Path(folder) / "talk.db"))


async def _talk(file: Path) -> Talk:
    settings = local_settings(BASE_URL, database=file).model_copy(
        update={"threedots_model": SCRIPTED, "threedots_quiet_for": 0.0}
    )
    local = Local(settings, model_for(settings), in_process=True)
    transport = httpx.ASGITransport(app=local)
    async with local.running(), httpx.AsyncClient(transport=transport, base_url=BASE_URL) as far:
        assert local.deployment is not None
        for turns, text in enumerate(TALK, 1):
            written = {"from_handle": PERSON, "body": text}
            (await far.post("/handset/messages", json=written)).raise_for_status()
            while await local.deployment.store.read(_records) < turns:  # noqa: ASYNC110  # a count rings no bell
                await asyncio.sleep(0.02)
        return await local.deployment.store.read(_all)


def _records(session: Session) -> int:
    found: int = session.exec(select(func.count(col(Transcript.id)))).one()
    return found


def _all(session: Session) -> Talk:
    rows = session.exec(select(Transcript).order_by(col(Transcript.id))).all()
    bubbles = list(session.exec(select(Bubble)).all())
    return [
        (
            row,
            session.get_one(Turn, row.turn_id),
            [one for one in bubbles if one.turn_id == row.turn_id],
        )
        for row in rows
    ]


async def fill(database_url: str, turns: int) -> None:
    """Put so many copies into an empty database."""
    originals = await asyncio.to_thread(talk)
    async with Store(database_url) as store:
        await store.write(_conversations)
        for first in range(0, turns, PAGE):
            numbers = range(first, min(first + PAGE, turns))
            copies = [_copy(originals[number % len(originals)], number) for number in numbers]
            await store.write(partial(_put_in, copies=copies))


def _conversations(session: Session) -> None:
    for number, person in enumerate(CROWD):
        session.add(
            Mailbox(
                id=number + 1,
                address=f"{NUMBER}|{person}",
                conversation_id=conversation_of(person),
                number=NUMBER,
                participant=person,
                created_at=utc(0.0),
            )
        )


def _copy(original: Original, number: int) -> dict[type[SQLModel], list[Row]]:
    """The rows of one copy, by their tables."""
    row, turn, bubbles = original
    person = CROWD[number % CONVERSATIONS]
    ids = {row.turn_id: f"{row.turn_id[:20]}{number:012x}"}
    ids |= {bubble.id: f"{bubble.id[:20]}{number:012x}" for bubble in bubbles}
    record = reduce(lambda text, old: text.replace(old, ids[old]), ids, _other(row.record, number))
    own = {"mailbox_id": number % CONVERSATIONS + 1}
    return {
        Turn: [turn.model_dump() | own | {"id": ids[row.turn_id]}],
        Transcript: [
            row.model_dump(exclude={"id"})
            | own
            | {"turn_id": ids[row.turn_id], "record": record.replace(PERSON, person)}
        ],
        Bubble: [
            bubble.model_dump()
            | own
            | {"id": ids[bubble.id], "turn_id": ids[row.turn_id], "ref": number * 10 + place}
            | {"message_id": f"{bubble.message_id}{number:x}"}
            for place, bubble in enumerate(bubbles)
        ],
    }


def _other(text: str, number: int) -> str:
    """The words of another day: another number, another address, another question."""
    called = f"(415) 55{number % 10}-{number % 10_000:04d}"
    text = text.replace(CALLED, called).replace("sam@", f"sam{number}@")
    return text.replace("Sunday", f"Sunday the {number}th")


def _put_in(session: Session, copies: Sequence[dict[type[SQLModel], list[Row]]]) -> None:
    for table in (Turn, Transcript, Bubble):
        rows = [row for copy in copies for row in copy[table]]
        if rows:
            session.execute(insert(table), rows)
