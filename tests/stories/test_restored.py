"""Yesterday's backup is put in the place of a lost database, and nobody is texted twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx
from sqlmodel import Session, select

from agent.restoring import restore_database
from agent.settings import Settings
from memory.copies import back_up
from memory.tables import Message
from phone.clock import SystemClock
from tests.house import BEN, House, gated, run, script


def test_a_backup_from_the_middle_of_a_turn_sends_nothing_old_and_hears_what_was_missed(
    tmp_path: Path,
):
    played = gated("first", "second", "third")

    async def until_today(house: House) -> None:
        url = house.local.settings.database_url
        await house.text("one")
        await played.is_thinking()
        played.go_on_once()
        await house.settled(turns=1)
        await house.text("two")
        await played.is_thinking()
        back_up(url, tmp_path / "backup.db", now=SystemClock().now())
        played.go_on()
        await house.settled(turns=2)
        await house.text("three")
        await house.settled(turns=3)
        await house.text("STOP", from_handle=BEN)
        await house.settled(turns=4)

    run(until_today, played, folder=tmp_path)
    put_back(tmp_path)
    today = script("fourth")

    async def from_now_on(house: House) -> None:
        sent = await house.text("four")
        await house.until(lambda s: all(m.state == "settled" for m in messages(s)) and messages(s))
        await house.until(lambda s: {"three", "four", "STOP"} <= {m.text for m in messages(s)})
        screen = await house.answered(sent.conversation_id, turns=1)
        assert screen.bodies == ["first", "second", "third", "fourth"]
        outcomes = {message.text: message.outcome for message in await house.messages()}
        assert outcomes["two"] == "dropped(restored)"
        assert outcomes["three"] == "dropped(answered_elsewhere)"
        await house.text("hello?", from_handle=BEN)
        await house.until(lambda s: "hello?" in {m.text for m in messages(s)})
        outcomes = {message.text: message.outcome for message in await house.messages()}
        assert outcomes["hello?"] == "dropped(opted_out)", "a STOP that the backup did not know"

    run(from_now_on, today, folder=tmp_path)


def messages(session: Session) -> Sequence[Message]:
    return session.exec(select(Message)).all()


def put_back(folder: Path) -> None:
    """Restore the backup; the other side of the line stays as it is today."""
    settings = Settings(
        agentphone_api_key="sk_twin", database_url=f"sqlite:///{folder / 'phone.db'}"
    )
    nobody = httpx.MockTransport(
        lambda _: httpx.Response(200, json={"data": [], "hasMore": False, "total": 0})
    )
    clock = SystemClock()
    asyncio.run(restore_database(settings, folder / "backup.db", clock=clock, transport=nobody))
    [lost] = folder.glob("phone.db.before-*")
    with closing(sqlite3.connect(folder / "phone.db")) as restored:
        restored.execute("ATTACH ? AS lost", (str(lost),))
        restored.execute("DELETE FROM twin_record")
        restored.execute("INSERT INTO twin_record SELECT * FROM lost.twin_record")
        restored.commit()
