"""A line made of what is told of a conversation shows that conversation."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from phone.clock import HeldClock
from phone.emulator.app import create_app
from phone.emulator.restoring import NUMBER, Said, Talk, Tapped, line_with
from phone.emulator.twin import Twin
from tests.house import ANA, BEN

THEN = datetime(2026, 3, 3, 18, 0, tzinfo=UTC)


def talk(**fields: Any) -> Talk:
    said = [
        Said("c1", ANA, "hello", "imessage", THEN, tapbacks=[
            Tapped("like", None, THEN), Tapped("love", None, THEN + timedelta(seconds=1)),
        ]),
        Said("c2", None, "Hi Ana!", "imessage", THEN + timedelta(seconds=5), send_style="loud",
             reply_to_message_id="c1", tapbacks=[Tapped("laugh", ANA, THEN)]),
        Said("c3", None, "lost", "sms", THEN + timedelta(seconds=9), failed="no such number"),
    ]  # fmt: skip
    told = {"people": {ANA: "Ana", BEN: None}, "said": said, "channel": "imessage"}
    return Talk(conversation_id="ctalk", at=THEN + timedelta(minutes=1), **told | fields)


def see(told: Talk, *paths: str) -> list[Any]:
    return asyncio.run(_see(told, *paths))


async def _see(told: Talk, *paths: str) -> list[Any]:
    """What the restored line answers; it lives on, and nothing in it changes by itself."""
    twin = Twin(
        clock=HeldClock(told.at.timestamp()), load=lambda: line_with(told, agent_name="Dot")
    )
    web = httpx.ASGITransport(app=create_app(twin, run_twin=False))
    headers = {"Authorization": "Bearer sk_twin"}
    async with (
        twin,
        httpx.AsyncClient(transport=web, base_url="http://twin", headers=headers) as http,
    ):
        return [(await http.get(path)).json() for path in paths]


def test_the_screen_shows_what_was_said_and_how_it_arrived():
    screen, line = see(talk(metadata={"crm": 1}), "/handset/conversations/ctalk", "/handset/line")
    hello, hi, lost = screen["messages"]
    assert (hello["direction"], hello["from_handle"], hello["sent_at"]) == (
        "inbound", ANA, "2026-03-03T18:00:00.000Z",
    )  # fmt: skip
    assert hello["reactions"] == [{"reaction": "love", "from_handle": NUMBER}]
    assert (hi["send_style"], hi["reply_to_message_id"], hi["status"]) == ("loud", "c1", "read")
    assert hi["reactions"] == [{"reaction": "laugh", "from_handle": ANA}]
    assert (lost["status"], lost["failure_reason"]) == ("failed", "no such number")
    assert (screen["metadata"], screen["typing"], screen["is_group"]) == ({"crm": 1}, False, False)
    assert line["agents"][0]["name"] == "Dot"
    assert [number["type"] for number in line["numbers"]] == ["imessage", "sms"]


def test_the_api_tells_the_same_and_knows_the_contact():
    conversation, contacts = see(talk(), "/v1/conversations/ctalk", "/v1/contacts")
    assert conversation["participant"] == ANA
    assert [contact["name"] for contact in contacts["data"]] == ["Ana"]


def test_a_group_is_one():
    said = [Said("c1", BEN, "hello", "imessage", THEN)]
    told = talk(said=said, group_id="grp_1", group_name="Market")
    [screen] = see(told, "/handset/conversations/ctalk")
    assert (screen["group_id"], screen["group_name"]) == ("grp_1", "Market")
    assert [each["handle"] for each in screen["participants"]] == [ANA, BEN]
    assert screen["messages"][0]["from_handle"] == BEN


def test_the_same_talk_is_the_same_rows():
    assert line_with(talk(), agent_name="Dot") == line_with(talk(), agent_name="Dot")
