"""After a lost answer nobody knows whether a text went out: it is never sent a second time."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from memory.tables import Bubble
from phone.clock import HeldClock
from tests.house import PATIENCE, House, call, crash, run, script

SEND = "/v1/messages"
LONG = "\n\n".join(f"{'This is one thought. ' * 14}".strip() for _ in range(3))

AMBIGUOUS = {
    "500 before it happened": ({"status": 500}, 0),
    "500 after it happened": ({"status": 500, "after_effect": True}, 1),
    "502 with a page of the CDN": ({"status": 502, "body": "<html>Bad gateway</html>"}, 0),
    "503": ({"status": 503}, 0),
    "504 after it happened": ({"status": 504, "after_effect": True}, 1),
    "408": ({"status": 408}, 0),
    "409": ({"status": 409, "code": "DELIVERY_UNCONFIRMED"}, 0),
    "cut before it happened": ({"drop": True}, 0),
    "cut after it happened": ({"drop": True, "after_effect": True}, 1),
    "an answer nobody can read": ({"status": 200, "body": "{", "after_effect": True}, 1),
}


async def out_of_doubt(house: House) -> None:
    """Wait for the answer to be lost, and then for the turn to know what it can know."""
    doubted = select(Bubble.id).where(col(Bubble.state).in_(("unconfirmed", "confirmed_late")))
    await house.until(lambda session: session.exec(doubted).first())
    await house.pass_time_until_settled(turns=1, at_most=60)


@pytest.mark.parametrize(("fault", "arrived"), AMBIGUOUS.values(), ids=list(AMBIGUOUS))
def test_what_may_have_gone_out_is_never_sent_again(fault: dict[str, Any], arrived: int):
    played = script("hello", "Did you get it?")

    async def story(house: House) -> None:
        await house.fail("POST", SEND, **fault)
        sent = await house.text("hi")
        await out_of_doubt(house)
        screen = await house.screen(sent.conversation_id)
        assert len(screen.outbound) == arrived
        assert len(await house.calls("POST", SEND)) == 1
        state = "confirmed_late" if arrived else "unconfirmed"
        assert [bubble.state for bubble in await house.bubbles()] == [state]
        await house.text("?")
        screen = await house.answered(sent.conversation_id, turns=2)
        doubt = "Since you last spoke: m2 “hello” may not have arrived"
        assert (doubt in played.context()) is (not arrived)
        assert screen.bodies == ["hello"] * arrived + ["Did you get it?"]

    run(story, played, clock=HeldClock())


def test_what_follows_a_bubble_of_unknown_fate_in_the_same_turn_is_cancelled():
    played = script(LONG, "Shall I say it again?")

    async def story(house: House) -> None:
        await house.faults(
            {"method": "POST", "path": SEND, "delay": 0.0, "undelivered": None, "times": 1},
            {"method": "POST", "path": SEND, "status": 500},
        )
        sent = await house.text("tell me everything")
        await out_of_doubt(house)
        screen = await house.screen(sent.conversation_id)
        assert len(screen.outbound) == 1
        bubbles = await house.bubbles()
        assert [b.state for b in bubbles] == ["confirmed", "unconfirmed", "cancelled"]
        assert bubbles[-1].code == "predecessor_unconfirmed"
        assert len(await house.calls("POST", SEND)) == 2
        await house.text("and?")
        await house.settled(turns=2)
        news = played.context().split("Since you last spoke: ")[1]
        assert "may not have arrived; " in news
        assert "was not sent (predecessor_unconfirmed)" in news

    run(story, played, clock=HeldClock())


def test_a_send_of_unknown_fate_is_told_to_the_agent():
    played = script(call("send", text="Hooray"), call("end_turn", reason="said"))

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=500)
        sent = await house.text("I won")
        await out_of_doubt(house)
        [turn] = await house.settled(turns=1)
        assert played.told() == ["m2: nobody knows whether it arrived. Do not send it again."]
        assert turn.outcome == "answered"
        assert (await house.screen(sent.conversation_id)).outbound == []

    run(story, played, clock=HeldClock())


def test_a_second_send_in_the_turn_of_an_unknown_one_is_held_back():
    sends = [call("send", text="One"), call("send", text="Two")]
    played = script(sends, call("end_turn", reason="said"))

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=500)
        sent = await house.text("count")
        await out_of_doubt(house)
        screen = await house.screen(sent.conversation_id)
        assert screen.outbound == []
        assert [b.state for b in await house.bubbles()] == ["unconfirmed", "cancelled"]

    run(story, played, clock=HeldClock())


class Unplugged(httpx.AsyncBaseTransport):
    """A wire that refuses the first so many sends before a byte has left."""

    def __init__(self, wire: httpx.AsyncBaseTransport, *, times: int) -> None:
        self._wire = wire
        self._left = times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == ("POST", SEND) and self._left:
            self._left -= 1
            raise httpx.ConnectError("Connection refused", request=request)
        return await self._wire.handle_async_request(request)


def test_what_certainly_never_left_is_sent_when_the_line_is_back():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.waits_to_send("not_sent")
        await house.pass_time(30)
        screen = await house.answered(sent.conversation_id)
        assert screen.bodies == ["hello"]
        [bubble] = await house.bubbles()
        assert (bubble.state, bubble.attempt) == ("confirmed", 4)

    run(
        story,
        script("hello"),
        clock=HeldClock(),
        wire=lambda wire: Unplugged(wire, times=3),
    )


class PowerCut(httpx.AsyncBaseTransport):
    """A wire that keeps what a crash would leave of the database just as the first text leaves."""

    def __init__(self, wire: httpx.AsyncBaseTransport, *, database: Path, kept: Path) -> None:
        self._wire = wire
        self._database = database
        self._kept = kept
        self.is_cut = asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == ("POST", SEND) and not self.is_cut.is_set():
            with (
                closing(sqlite3.connect(self._database)) as now,
                closing(sqlite3.connect(self._kept)) as kept,
            ):
                now.backup(kept)
            self.is_cut.set()
        return await self._wire.handle_async_request(request)


def test_a_crash_at_the_moment_a_text_leaves_does_not_send_it_again(tmp_path: Path):
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    cuts: list[PowerCut] = []

    def wire(sound: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        kept = after / "phone.db"
        cuts.append(PowerCut(sound, database=before / "phone.db", kept=kept))
        return cuts[0]

    async def until_it_leaves(house: House) -> None:
        await house.text("hi")
        async with asyncio.timeout(PATIENCE):
            await cuts[0].is_cut.wait()

    asyncio.run(crash(until_it_leaves, script("hello").model, folder=before, wire=wire))
    with closing(sqlite3.connect(after / "phone.db")) as kept:
        left = kept.execute("select state, attempt from bubble").fetchall()
    assert left == [("dispatched", 1)], "what dies now has to be known as having left, perhaps"

    async def afterwards(house: House) -> None:
        await house.settled(turns=1)
        assert await house.calls("POST", SEND) == []
        assert [bubble.state for bubble in await house.bubbles()] == ["unconfirmed"]

    run(afterwards, script(), folder=after)


def test_what_the_carrier_could_not_deliver_later_is_not_sent_again():
    async def story(house: House) -> None:
        await house.fail("POST", SEND, undelivered="The recipient cannot be reached.")
        sent = await house.text("hi")
        await house.settled(turns=1)
        clock = house.clock
        assert isinstance(clock, HeldClock)
        clock.advance(5)
        screen = await house.screen(sent.conversation_id)
        assert [m["status"] for m in screen.outbound] == ["failed"]
        assert len(await house.calls("POST", SEND)) == 1

    run(story, script("hello"), clock=HeldClock())


@pytest.mark.parametrize("status", ["failed", "undelivered"])
def test_a_yes_that_says_it_failed_is_told_to_the_agent_and_not_sent_again(status: str):
    played = script("hello", call("end_turn", reason="it cannot be delivered"))
    answer = {"id": "msg_lost", "status": status, "channel": "imessage"}

    async def story(house: House) -> None:
        await house.fail("POST", SEND, status=200, body=answer)
        await house.text("hi")
        await house.settled(turns=1)
        [bubble] = await house.bubbles()
        assert (bubble.state, bubble.code) == ("rejected", "undelivered")
        assert len(await house.calls("POST", SEND)) == 1
        await house.text("?")
        await house.settled(turns=2)
        assert "m2 “hello” was not delivered" in played.context()

    run(story, played)
