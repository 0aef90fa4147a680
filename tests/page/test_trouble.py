"""Trouble on demand: set in the panel, played by the line, shown where it bites; and the clock."""

from __future__ import annotations

import re
import threading

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.page.conftest import YOU, Line, Opened
from tests.page.looks import ANA, SEEN, box, bubble, choose, row, typing, write


def panel(page: Page) -> Locator:
    opened = page.get_by_role("dialog", name="Trouble")
    if not opened.is_visible():
        page.get_by_role("button", name=re.compile("^Trouble")).click()
    return opened


def ask_for(page: Page, name: str) -> None:
    panel(page).get_by_role("button", name=re.compile(rf"^{re.escape(name)}(,|$)")).click()
    expect(panel(page).get_by_role("button", name=f"{name}, 1 to come")).to_be_visible()


def sends(line: Line, body: str, **fields: object) -> int:
    """The agent sends, and is refused or not; the status, 0 for a cut connection."""
    message = {"from_number": line.number, "to_number": YOU, "body": body, **fields}
    key = {"Authorization": "Bearer sk_twin"}
    with httpx.Client(base_url=line.url, trust_env=False, headers=key) as client:
        try:
            return client.post("/v1/messages", json=message).status_code
        except httpx.RemoteProtocolError:
            return 0


def bites(page: Page, text: str) -> Locator:
    return row(page, text).locator(".bite")


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_the_panel_adds_counts_and_clears(line: Line, open_page: Opened, width: int, scheme: str):
    page = open_page(width=width, color_scheme=scheme)
    ask_for(page, "429 throttled")
    ask_for(page, "Lost")
    panel(page).get_by_role("checkbox", name="Webhook down").check()
    expect(page.get_by_role("button", name="Trouble, 3 set")).to_be_visible()
    assert [fault["code"] for fault in line.get("/handset/faults")] == ["RATE_LIMIT_EXCEEDED"]
    assert [fault["action"] for fault in line.get("/handset/webhook-faults")] == ["drop"]
    assert line.get("/handset/switches")["webhook_down"] is True
    composer = box(page.get_by_role("textbox", name="Message"))
    assert box(panel(page))["y"] + box(panel(page))["height"] < composer["y"] or width > 760
    panel(page).get_by_role("button", name="Clear all").click()
    expect(page.get_by_role("button", name="Trouble", exact=True)).to_be_visible()
    assert line.get("/handset/faults") == line.get("/handset/webhook-faults") == []
    assert line.get("/handset/switches")["webhook_down"] is False
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Trouble")).to_be_hidden()
    expect(page.get_by_role("button", name="Trouble", exact=True)).to_be_focused()


@pytest.mark.parametrize(
    ("chip", "status", "words"),
    [
        ("429 throttled", 429, "Refused with 429, Rate limit exceeded"),
        ("500 before", 500, "Refused with 500"),
        ("Cut off", 0, "Connection cut before it was sent: “nobody hears this”"),
    ],
)
def test_a_text_that_was_not_sent_is_told_where_it_would_have_stood(
    line: Line, open_page: Opened, chip: str, status: int, words: str
):
    line.writes("hello?")
    page = open_page()
    ask_for(page, chip)
    assert sends(line, "nobody hears this") == status
    expect(bites(page, "hello?")).to_contain_text(words)
    expect(bites(page, "hello?")).to_contain_text("nobody hears this")
    expect(page.get_by_role("button", name="Trouble", exact=True)).to_be_visible()
    page.reload()
    expect(bites(page, "hello?")).to_contain_text(words)


def test_a_500_after_sending_is_told_under_the_bubble_that_went(line: Line, open_page: Opened):
    line.writes("hello?")
    page = open_page()
    ask_for(page, "500 after sending")
    assert sends(line, "it went") == 500
    expect(bites(page, "it went")).to_contain_text("Sent, but the agent was told 500")
    assert sends(line, "all is well") == 200
    expect(bubble(page, "all is well")).to_be_visible()
    expect(bites(page, "all is well")).to_have_count(0)


def test_a_slow_answer_follows_the_clock_and_says_how_slow(line: Line, open_page: Opened):
    line.writes("hello?")
    page = open_page()
    ask_for(page, "Slow answer")
    sending = threading.Thread(target=sends, args=(line, "at last"))
    sending.start()
    while line.get("/handset/faults"):
        assert sending.is_alive()
    line.post("/handset/clock", {"advance": 10})
    sending.join()
    expect(bites(page, "at last")).to_contain_text(re.compile(r"Slow: the answer took 1\d s"))


def test_a_carriers_refusal_is_a_failed_bubble(line: Line, open_page: Opened):
    line.writes("hello?")
    page = open_page()
    ask_for(page, "Carrier error")
    assert sends(line, "lost on the way") == 200
    failed = row(page, "lost on the way").locator(".not-delivered")
    expect(failed).to_have_text("Not delivered: The carrier rejected the message.")


def test_without_10dlc_an_sms_is_refused_and_an_imessage_is_not(line: Line, open_page: Opened):
    line.writes("by bus", channel="sms")
    page = open_page()
    panel(page).get_by_role("checkbox", name="No 10DLC registration").check()
    expect(page.get_by_role("button", name="Trouble, 1 set")).to_be_visible()
    assert sends(line, "an answer") == 403
    expect(bites(page, "by bus")).to_contain_text("10DLC")


def test_a_reply_target_that_is_gone_refuses_answers_in_thread(line: Line, open_page: Opened):
    line.writes("which one?")
    page = open_page()
    panel(page).get_by_role("checkbox", name="Reply targets gone").check()
    expect(page.get_by_role("button", name="Trouble, 1 set")).to_be_visible()
    assert sends(line, "that one", reply_to_message_id=line.newest()["id"]) == 404
    expect(bites(page, "which one?")).to_contain_text("Reply target not found")


@pytest.mark.parametrize(
    ("chip", "words", "times"),
    [("Twice", "delivered twice", 2), ("Lost", "lost", 0), ("Out of order", "overtaken", 0)],
)
def test_a_webhooks_trouble_is_told_under_its_message(
    line: Line, open_page: Opened, chip: str, words: str, times: int
):
    page = open_page()
    ask_for(page, chip)
    write(page, "hello?")
    expect(bites(page, "hello?")).to_contain_text(words)
    assert line.heard(times) == ["hello?"] * times


def test_a_webhook_out_of_order_arrives_after_the_next(line: Line, open_page: Opened):
    page = open_page()
    ask_for(page, "Out of order")
    write(page, "first")
    expect(bites(page, "first")).to_be_visible()
    write(page, "second")
    expect(bubble(page, "second")).to_be_visible()
    assert line.heard(2) == ["second", "first"]


def test_a_webhook_that_is_down_says_when_it_is_tried_again_and_the_clock_brings_it(
    line: Line, open_page: Opened
):
    page = open_page()
    panel(page).get_by_role("checkbox", name="Webhook down").check()
    expect(page.get_by_role("button", name="Trouble, 1 set")).to_be_visible()
    write(page, "anybody there?")
    expect(bites(page, "anybody there?")).to_contain_text("tried again at")
    panel(page).get_by_role("checkbox", name="Webhook down").uncheck()
    expect(page.get_by_role("button", name="Trouble", exact=True)).to_be_visible()
    panel(page).get_by_role("button", name="+5 min").click()
    expect(bites(page, "anybody there?")).to_have_text("Webhook taken at attempt 2")
    assert line.heard(1) == ["anybody there?"]


def test_the_clock_moves_the_days_the_list_and_the_typing_dots(line: Line, open_page: Opened):
    conversation = line.writes("hello?")
    page = open_page()
    line.agent("POST", f"/conversations/{conversation}/typing")
    expect(typing(page)).to_be_visible()
    expect(page.locator(".row time")).to_contain_text("Today")
    panel(page).get_by_role("button", name="+1 day").click()
    expect(typing(page)).to_have_count(0)
    expect(page.locator(".row time")).to_contain_text("Yesterday")
    expect(page.get_by_role("navigation", name="Conversations")).to_contain_text("Yesterday")


def test_trouble_elsewhere_waits_in_its_own_conversation(line: Line, open_page: Opened):
    line.post("/handset/people", {"handle": ANA, "name": "Ana"})
    line.writes("from Ana", from_handle=ANA)
    line.writes("from me")
    page = open_page()
    ask_for(page, "429 throttled")
    sends(line, "for Ana", to_number=ANA)
    expect(page.get_by_role("button", name="Trouble", exact=True)).to_be_visible()
    expect(page.locator(".bite")).to_have_count(0)
    choose(page, "Ana")
    expect(bites(page, "from Ana")).to_contain_text("429")
