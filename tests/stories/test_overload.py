"""Too much, or no room: what cannot be stored is refused before it is promised; then it goes on."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from memory.store import QUEUE_LIMIT, Store
from memory.tables import Turn
from phone.clock import HeldClock
from tests.house import ANA, BEN, KIM, PATIENCE, House, gated, run, script
from tests.stories.test_intake import message

DAVE = "+14155550199"


def store_of(house: House) -> Store:
    assert house.local.deployment is not None
    return house.local.deployment.store


async def limit_pages(house: House, pages: int) -> None:
    """Let the database's file have so many pages and no more; never fewer than it has."""
    pragma = text(f"PRAGMA max_page_count = {pages}")
    await store_of(house).write(lambda session: session.connection().execute(pragma).scalar_one())


async def fill_the_disk(house: House) -> None:
    """Take all room there is, also that inside of the file."""
    await limit_pages(house, 1)

    def fill(session: Session) -> None:
        session.connection().execute(text("CREATE TABLE IF NOT EXISTS ballast (bytes BLOB)"))
        session.connection().execute(text("INSERT INTO ballast VALUES (zeroblob(2000))"))

    for _ in range(200):
        try:
            await store_of(house).write(fill)
        except Exception:
            return
    raise AssertionError("the disk does not get full")


async def make_room(house: House) -> None:
    await limit_pages(house, 1_000_000)


async def readiness(house: House) -> tuple[int, Any]:
    answer = await house.http.get("/readyz")
    return answer.status_code, answer.json().get("database")


def test_on_a_full_disk_a_webhook_is_asked_for_again_and_goes_through_when_there_is_room():
    long = message("please keep this. " * 500)

    async def story(house: House) -> None:
        assert (await readiness(house))[0] == 200
        await fill_the_disk(house)
        answer = await house.webhook(long)
        assert (answer.status_code, answer.json()) == (503, {"ok": False})
        assert int(answer.headers["retry-after"]) > 0
        status, trouble = await readiness(house)
        assert status == 503 and "full" in trouble
        assert await house.messages() == []
        await make_room(house)
        assert (await readiness(house))[0] == 200
        assert (await house.webhook(long)).status_code == 200
        await house.settled(turns=1)
        assert [m.outcome for m in await house.messages()] == ["answered"]

    run(story, script("Kept."))


def test_a_database_that_may_only_be_read_refuses_webhooks_until_it_may_be_written_again():
    async def story(house: House) -> None:
        only_read(house, "ON")
        answer = await house.webhook(message())
        assert (answer.status_code, answer.json()) == (503, {"ok": False})
        status, trouble = await readiness(house)
        assert status == 503 and "readonly" in trouble
        only_read(house, "OFF")
        assert (await house.webhook(message())).status_code == 200
        await house.settled(turns=1)

    run(story, script("hello"))


def only_read(house: House, switch: str) -> None:
    """Let the connection that writes do no more than read, as on a disk that is read-only."""
    with closing(store_of(house)._writer_engine.raw_connection()) as connection:
        connection.cursor().execute(f"PRAGMA query_only = {switch}")


def test_nothing_is_sent_that_could_not_be_written_first_and_it_is_sent_once_when_it_can():
    # Longer than any gap that is left in the file, and no two bubbles of it alike.
    answer = " ".join(f"Of course, here is number {number}." for number in range(300))
    played = gated(answer)
    played.last_for_ever = True

    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        sent = await house.text("hi")
        await played.is_thinking()
        await fill_the_disk(house)
        played.go_on()
        for _ in range(8):
            await house.pass_time(0.5)
        assert await house.calls("POST", "/v1/messages") == []
        await make_room(house)
        async with asyncio.timeout(PATIENCE):
            while not [turn for turn in await house.rows(Turn) if turn.state == "settled"]:
                await house.pass_time(0.5)
        [turn] = await house.rows(Turn)
        assert turn.outcome == "answered"
        screen = await house.screen(sent.conversation_id)
        assert len(screen.bodies) == len(set(screen.bodies)) == len(await house.bubbles())

    run(story, played, clock=HeldClock())


def test_more_than_can_wait_is_refused_before_anything_is_promised():
    async def story(house: House) -> None:
        store, go_on = store_of(house), threading.Event()
        blocking = asyncio.create_task(store.write(lambda _: go_on.wait(PATIENCE)))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(store.write(lambda _: None)) for _ in range(QUEUE_LIMIT)]
        await asyncio.sleep(0)
        answer = await house.webhook(message())
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert (await readiness(house))[0] == 503
        go_on.set()
        done = await asyncio.gather(blocking, *waiting, return_exceptions=True)
        assert all(not isinstance(one, Exception) for one in done[: QUEUE_LIMIT // 2])
        assert (await house.webhook(message())).status_code == 200
        await house.settled(turns=1)

    run(story, script("hello"))


def test_a_storm_of_repeated_webhooks_is_one_turn_and_every_one_is_acknowledged():
    async def story(house: House) -> None:
        storm = [house.webhook(message(), webhook_id=f"del_{number}") for number in range(200)]
        storm += [house.webhook(message(messageId="msg_2", **{"from": BEN}, conversationId="c2"))]
        answers = await asyncio.gather(*storm)
        assert {answer.status_code for answer in answers} == {200}
        assert len(await house.settled(turns=2)) == 2
        assert await house.read(lambda session: len(session.exec(select(Turn)).all())) == 2

    run(story, script("hello", "hello Ben"))


def test_stop_and_help_are_answered_while_every_place_is_taken_by_thinking():
    played = gated("hello", last_for_ever=True)

    async def story(house: House) -> None:
        for handle in (ANA, "+14155550198"):
            await house.text("hi", from_handle=handle)
        await played.is_thinking(about=2)
        late = await house.text("hi", from_handle=KIM)
        place = (await house.text("HELP", from_handle=BEN, channel="sms")).conversation_id
        await house.settled_in(place)
        assert [body[:9] for body in (await house.screen(place)).bodies] == ["Threedots"]
        out = (await house.text("stop", from_handle=DAVE)).conversation_id
        await house.settled_in(out)
        assert (await house.screen(late.conversation_id)).bodies == []
        played.go_on()
        await house.settled(turns=5)

    run(story, played, settings={"threedots_turns_at_once": 2})
