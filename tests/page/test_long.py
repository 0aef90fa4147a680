"""Ten thousand messages open and scroll at once; thousands of new ones leave the page at ease."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from phone.emulator.receiving import Writing, receive
from phone.emulator.sending import Sending, send
from tests.page.conftest import YOU, Line, Opened
from tests.page.looks import ANA, bubble, choose, write

MANY = 10_000

MOST_DRAWN = 400
"""Rows that may be in the document at a time, however long the conversation is."""

AT_ONCE = 1000
"""Milliseconds in which a long conversation must be there."""

SETTLED = """async (name) => {
  const shown = () => [...document.querySelectorAll('.row')].map((row) => row.innerText);
  const done = () => shown().some((text) => text.includes(name));
  const start = performance.now();
  while (!done()) await new Promise(requestAnimationFrame);
  return performance.now() - start;
}"""

WATCH = """() => {
  window.gaps = [];
  let last = performance.now();
  setInterval(() => {
    window.gaps.push(performance.now() - last);
    last = performance.now();
  }, 16);
}"""
"""Notes for how long the page did nothing else."""

SCROLL_TO_THE_TOP = """async () => {
  const scroller = document.querySelector('#scroller');
  const steps = [];
  let last = performance.now();
  for (let step = 0; step < 40; step += 1) {
    scroller.scrollTop = 0;
    await new Promise(requestAnimationFrame);
    steps.push(performance.now() - last);
    last = performance.now();
  }
  return steps.sort((one, other) => one - other);
}"""


def talk(line: Line, numbers: range) -> None:
    """A person and the agent, in turns. Only while the line is not served: it has one thread."""
    for number in numbers:
        if number % 2:
            sending = Sending(from_number=line.number, to_number=YOU, body=f"message {number}")
            send(line.twin.line, sending)
        else:
            receive(line.twin.line, Writing(from_handle=YOU, body=f"message {number}"))


@pytest.fixture
def long(line: Line) -> Iterator[Line]:
    line.post("/handset/people", {"handle": YOU, "name": "You"})
    line.post("/handset/people", {"handle": ANA, "name": "Ana"})
    line.stop()
    talk(line, range(MANY))
    line.start()
    line.post("/handset/clock", {"advance": 60})
    yield line


def drawn(page: Page) -> int:
    return page.locator(".row").count()


def test_ten_thousand_messages_open_and_scroll_in_under_a_second(long: Line, open_page: Opened):
    page = open_page(width=360, height=780)
    expect(bubble(page, f"message {MANY - 1}")).to_be_in_viewport()
    choose(page, "Ana")
    page.get_by_role("button", name="Back to conversations").click()
    page.get_by_role("navigation").get_by_role("button", name="You").click()
    assert page.evaluate(SETTLED, f"message {MANY - 1}") < AT_ONCE
    expect(bubble(page, f"message {MANY - 1}")).to_be_in_viewport()
    steps = page.evaluate(SCROLL_TO_THE_TOP)
    assert steps[-1] < AT_ONCE
    assert drawn(page) < MOST_DRAWN
    highest = page.locator(".row .words").first.text_content() or ""
    assert int(highest.removeprefix("message ")) < MANY - 1000
    expect(bubble(page, f"message {MANY - 1}")).to_have_count(0)


def test_a_reader_far_above_comes_back_down_page_by_page_or_at_once(long: Line, open_page: Opened):
    first = long.get("/handset/conversations")["conversations"][0]["id"]
    asked = long.screen(first)["messages"][100]["id"]
    long.texts("an answer to long ago", reply_to_message_id=asked)
    page = open_page()
    page.get_by_role("button", name="In reply to You").click()
    expect(bubble(page, "message 100")).to_be_focused()
    expect(bubble(page, "message 100")).to_be_in_viewport()
    assert drawn(page) < MOST_DRAWN
    page.locator("#scroller").hover()
    for _ in range(3):
        page.mouse.wheel(0, 10_000)
    expect(bubble(page, "message 200")).to_be_attached()
    long.texts("news at the end")
    page.get_by_role("button", name="New messages").click()
    expect(bubble(page, "news at the end")).to_be_in_viewport()


def test_the_readers_place_is_kept_while_others_write(line: Line, open_page: Opened):
    line.stop()
    talk(line, range(600))
    line.start()
    line.post("/handset/clock", {"advance": 60})
    page = open_page()
    expect(bubble(page, "message 599")).to_be_in_viewport()
    page.locator("#scroller").hover()
    page.mouse.wheel(0, -30_000)
    expect(bubble(page, "message 480")).to_be_attached()
    before = page.locator("#scroller").evaluate("(node) => node.scrollTop")
    line.texts("news at the end")
    page.get_by_role("button", name="New messages").wait_for()
    assert page.locator("#scroller").evaluate("(node) => node.scrollTop") == before
    page.get_by_role("button", name="New messages").click()
    expect(bubble(page, "news at the end")).to_be_in_viewport()


def test_two_thousand_texts_by_script_leave_the_page_at_ease(line: Line, open_page: Opened):
    line.writes("before")
    page = open_page(width=360, height=780)
    page.evaluate(WATCH)
    line.in_its_thread(lambda: talk(line, range(2000)))
    expect(bubble(page, "message 1999")).to_be_in_viewport(timeout=30_000)
    assert drawn(page) < MOST_DRAWN
    write(page, "still at ease?")
    expect(bubble(page, "still at ease?")).to_be_in_viewport()
    assert page.evaluate("() => Math.max(...window.gaps)") < 2 * AT_ONCE
