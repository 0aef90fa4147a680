"""Acting as anybody: bursts, photos, groups, from the keyboard alone where one likes."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import YOU, Line, Opened
from tests.page.looks import ANA, bubble, choose


def begin_burst(page: Page, *texts: str, pause: str) -> None:
    page.get_by_role("button", name="Burst").click()
    page.get_by_label("Texts, one on each line").fill("\n".join(texts))
    page.get_by_label("Seconds between them").fill(pause)
    page.get_by_role("dialog", name="Burst").get_by_role("button", name="Send").click()


@pytest.mark.parametrize("width", [360, 1180])
def test_a_burst_goes_out_text_by_text_while_one_looks_elsewhere(
    line: Line, open_page: Opened, width: int
):
    line.post("/handset/people", {"handle": ANA, "name": "Ana"})
    line.post("/handset/people", {"handle": YOU, "name": "You"})
    line.writes("from Ana", from_handle=ANA)
    conversation = line.writes("from me")
    page = open_page(width=width)
    begin_burst(page, "one", "two", "", "three", pause="0.8")
    expect(page.get_by_role("status", name="Burst")).to_contain_text("1 of 3")
    choose(page, "Ana")
    expect(bubble(page, "from Ana")).to_be_visible()
    expect(page.get_by_role("status", name="Burst")).to_be_hidden()
    messages = line.screen(conversation)["messages"]
    assert [message["body"] for message in messages] == ["from me", "one", "two", "three"]
    assert {message["from_handle"] for message in messages} == {YOU}


def test_a_burst_can_be_stopped(line: Line, open_page: Opened):
    page = open_page()
    begin_burst(page, "one", "two", pause="60")
    expect(bubble(page, "one")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status", name="Burst")).to_be_hidden()
    begin_burst(page, "other", pause="0")
    expect(bubble(page, "other")).to_be_visible()
    expect(bubble(page, "two")).to_have_count(0)


def test_an_empty_burst_is_explained(line: Line, open_page: Opened):
    page = open_page()
    begin_burst(page, " ", pause="1")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("at least one text")
