"""The iMessage anti-spam caps, off unless switched on."""

from __future__ import annotations

import pytest

from phone.emulator.switches import Switches
from tests.emulator.stage import ANA, CAT, IMESSAGE, Stage, staged

DAY = 86_400
ON = {"switches": Switches(conversation_caps=True)}


async def capped_at(stage: Stage, **more: object) -> tuple[int, str]:
    """How many bubbles go out before one is refused, and with which code."""
    for sent in range(60):
        body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hello"} | more
        answer = await stage.try_call("POST", "/v1/messages", body)
        if answer.is_error:
            assert answer.status_code == 429 and "retry-after" not in answer.headers
            return sent, answer.json()["error"]["code"]
    return 60, ""


@staged()
async def test_without_the_switch_nothing_is_capped(stage: Stage):
    assert (await capped_at(stage))[0] == 60


@staged()
async def test_the_switch_can_be_thrown_on_the_handset(stage: Stage):
    await stage.call("PUT", "/handset/switches", {"conversation_caps": True})
    assert (await capped_at(stage))[0] == 3


@staged(**ON)
async def test_somebody_who_never_answered_gets_three(stage: Stage):
    assert await capped_at(stage) == (3, "CONVERSATION_AWAITING_REPLY")


@pytest.mark.parametrize("more", [{"media_urls": [CAT]}, {"body": "See https://example.com"}])
@staged(**ON)
async def test_and_no_links_or_media(stage: Stage, more: dict):
    assert await capped_at(stage, **more) == (0, "CONVERSATION_AWAITING_REPLY")


@pytest.mark.parametrize(
    ("replies", "days", "cap"), [(1, 1, 4), (2, 2, 4), (3, 2, 6), (9, 9, 6), (10, 8, 8)]
)
@staged(**ON)
async def test_the_better_they_know_us_the_more_may_go_out_in_a_row(stage, replies, days, cap):
    for n in range(replies):
        await stage.text(str(n))
        if n < days - 1:
            await stage.advance(DAY)
    assert await capped_at(stage) == (cap, "CONVERSATION_STREAK_LIMIT")


@staged(**ON)
async def test_a_word_or_a_tapback_of_theirs_lifts_the_cap(stage: Stage):
    await stage.text()
    assert (await capped_at(stage))[0] == 4
    await stage.text()
    assert (await capped_at(stage))[0] == 4
    last = list(stage.twin.line.messages.values())[-1]
    tapback = {"from_handle": ANA, "message_id": last.id, "reaction": "like"}
    await stage.call("POST", "/handset/reactions", tapback)
    assert (await capped_at(stage))[0] == 4


@staged(**ON)
async def test_after_two_weeks_of_silence_one_may_go_out(stage: Stage):
    await stage.text()
    await stage.send()
    await stage.advance(14 * DAY + 1)
    assert await capped_at(stage) == (1, "CONVERSATION_INACTIVE")


@staged(**ON)
async def test_sms_has_no_such_caps(stage: Stage):
    await stage.text(channel="sms")
    assert (await capped_at(stage))[0] == 60


@staged(**ON)
async def test_a_line_writes_first_to_fifty_people_a_day(stage: Stage):
    for n in range(50):
        await stage.send(to=f"+1555556{n:04d}")
    body = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hello"}
    refused = await stage.refused("POST", "/v1/messages", body)
    assert refused[:2] == (429, "NEW_CONVERSATION_LIMIT_REACHED")
    (number, _) = (await stage.call("GET", "/v1/numbers"))["data"]
    assert number["dailyNewContacts"] == {"used": 50, "limit": 50}
    await stage.advance(DAY + 1)
    await stage.send()
