"""What one reads: bubbles as Messages draws them, on a phone and on a desk, by day and by night."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.page.conftest import YOU, Line, Opened
from tests.page.looks import (
    ANA,
    BO,
    SEEN,
    bottom,
    box,
    bubble,
    choose,
    contrast,
    row,
    style,
    typing,
)

everywhere = pytest.mark.parametrize(("width", "scheme"), SEEN)


def introduce(line: Line, *people: tuple[str, str]) -> None:
    for handle, name in people:
        line.post("/handset/people", {"handle": handle, "name": name})


@everywhere
def test_mine_are_on_the_right_theirs_on_the_left_and_sms_is_green(
    line: Line, open_page: Opened, width: int, scheme: str
):
    line.writes("by iMessage")
    line.texts("from the agent")
    line.writes("by SMS", channel="sms")
    page = open_page(width=width, color_scheme=scheme)
    log = box(page.locator("#scroller"))
    mine, theirs = box(bubble(page, "by iMessage")), box(bubble(page, "from the agent"))
    assert theirs["x"] - log["x"] < 20
    assert log["x"] + log["width"] - mine["x"] - mine["width"] < 20
    blue, green = {"light": ("#006fe6", "#1b8239"), "dark": ("#0a6cf0", "#1b8239")}[scheme]
    assert colour(blue) == style(
        bubble(page, "by iMessage").locator(".balloon"), "background-color"
    )
    assert colour(green) == style(bubble(page, "by SMS").locator(".balloon"), "background-color")
    for text in ("by iMessage", "by SMS", "from the agent"):
        balloon = bubble(page, text).locator(".balloon")
        assert contrast(style(balloon, "color"), style(balloon, "background-color")) >= 4.5
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def colour(code: str) -> str:
    red, green, blue = (int(code[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


def test_a_run_stands_close_and_only_its_last_bubble_has_a_tail(line: Line, open_page: Opened):
    line.writes("first of mine")
    line.writes("second of mine")
    line.texts("the answer")
    page = open_page()
    first, second, answer = (
        bubble(page, text) for text in ("first of mine", "second of mine", "the answer")
    )
    assert box(second)["y"] - bottom(first) < 4
    assert box(answer)["y"] - bottom(second) > 8
    tails = [
        style(each.locator(".balloon"), "content", "::before") for each in (first, second, answer)
    ]
    assert tails == ["none", '""', '""']


def test_a_silence_is_parted_by_day_and_time_and_a_day_by_its_name(line: Line, open_page: Opened):
    line.writes("one")
    line.post("/handset/clock", {"advance": 24 * 3600})
    line.writes("a day later")
    line.writes("at once")
    page = open_page()
    times = page.locator(".time:has(time)")
    expect(times).to_have_text([re.compile("^Yesterday "), re.compile("^Today ")])
    assert bottom(times.last) <= box(bubble(page, "a day later"))["y"]
    expect(row(page, "at once").locator("time")).to_have_count(0)


def test_a_change_of_channel_in_the_middle_is_announced(line: Line, open_page: Opened):
    line.writes("one")
    line.writes("two", channel="sms")
    line.writes("three", channel="sms")
    page = open_page()
    expect(page.locator(".channel-line")).to_have_text(["iMessage", "Text Message · SMS"])
    line.writes("four", channel="imessage")
    expect(row(page, "four").locator(".channel-line")).to_have_text("iMessage")


def test_what_did_not_arrive_has_a_red_mark_and_the_reason(line: Line, open_page: Opened):
    line.writes("hello?")
    page = open_page()
    line.post("/handset/people", {"handle": YOU, "name": "You", "reachable": False})
    line.texts("lost on the way")
    failed = row(page, "lost on the way")
    expect(failed.get_by_text("Not delivered: The recipient cannot be reached.")).to_be_visible()
    assert style(bubble(page, "lost on the way"), "content", "::after") == '"!"'


@everywhere
def test_an_answer_hangs_on_its_question_by_a_line(
    line: Line, open_page: Opened, width: int, scheme: str
):
    line.writes("which bridge?")
    asked = line.newest()["id"]
    line.texts("The old one.", reply_to_message_id=asked)
    line.writes("sure?", reply_to_message_id=line.newest()["id"])
    line.writes("my own question", reply_to_message_id=asked)
    page = open_page(width=width, color_scheme=scheme)
    for text in ("The old one.", "sure?", "my own question"):
        answer, line_drawn = row(page, text).last, row(page, text).last.locator(".thread-line")
        assert bottom(answer.locator(".quote")) == pytest.approx(box(line_drawn)["y"], abs=1)
        assert bottom(line_drawn) == pytest.approx(box(answer.locator(".bubble"))["y"], abs=1)
        sides = ("border-left-width", "border-right-width")
        assert "2px" in [style(line_drawn, side, "::before") for side in sides]
    expect(row(page, "which bridge?").first.get_by_role("button", name="2 Replies")).to_be_visible()


def test_the_answers_to_a_message_are_counted_as_they_come_and_lead_to_the_latest(
    line: Line, open_page: Opened
):
    line.writes("which bridge?")
    asked = line.newest()["id"]
    page = open_page()
    line.texts("The old one.", reply_to_message_id=asked)
    page.get_by_role("button", name="1 Reply").click()
    expect(bubble(page, "The old one.")).to_be_focused()


@everywhere
def test_in_a_group_everybody_has_a_name_a_colour_and_a_face(
    line: Line, open_page: Opened, width: int, scheme: str
):
    introduce(line, (YOU, "Mia"), (ANA, "Ana Ruiz"), (BO, "Bo"))
    members = {"members": [YOU, ANA, BO], "name": "Market"}
    group = line.post("/handset/groups", members)["group_id"]
    for handle, text in [(ANA, "from Ana"), (ANA, "Ana again"), (BO, "from Bo"), (YOU, "from me")]:
        line.writes(text, from_handle=handle, group_id=group)
    page = open_page(width=width, color_scheme=scheme)
    expect(page.get_by_role("heading", name="Market")).to_be_visible()
    expect(page.locator(".sender")).to_have_text(["Ana Ruiz", "Bo"])
    anas, bos = (style(page.locator(".sender", has_text=name), "color") for name in ("Ana", "Bo"))
    assert anas != bos
    face = bubble(page, "Ana again").locator(".face")
    expect(face).to_have_text("AR")
    assert box(face)["x"] + box(face)["width"] < box(bubble(page, "Ana again"))["x"]
    expect(bubble(page, "from Ana").locator(".face")).to_be_hidden()
    expect(bubble(page, "from me").locator(".face")).to_have_count(0)


def test_an_address_on_a_line_of_its_own_is_a_card(line: Line, open_page: Opened):
    line.writes("where?")
    line.texts(
        "The menu:\nhttps://example.com/autumn?day=1\nAnything else? https://example.com/more"
    )
    page = open_page()
    card = bubble(page, "The menu").locator("a.link-card")
    expect(card).to_have_count(1)
    expect(card).to_have_attribute("href", "https://example.com/autumn?day=1")
    words = bubble(page, "The menu").locator(".balloon")
    expect(words).to_have_text(["The menu:", "Anything else? https://example.com/more"])
    assert bottom(words.first) < box(card)["y"] < bottom(card) < box(words.last)["y"]


def test_one_to_three_emoji_stand_large_without_a_balloon(line: Line, open_page: Opened):
    line.writes("🎉🎉")
    page = open_page()
    large = bubble(page, "🎉🎉").locator(".balloon")
    assert style(large, "background-color") == "rgba(0, 0, 0, 0)"
    assert float(style(large, "font-size").removesuffix("px")) > 40


@everywhere
def test_photos_sent_at_once_are_a_carousel_to_leaf_through(
    line: Line, open_page: Opened, width: int, scheme: str
):
    line.writes("show me")
    page = open_page(width=width, color_scheme=scheme)
    line.texts("", media_urls=[f"https://pictures.example/{name}.jpg" for name in "abc"])
    carousel = page.get_by_role("group", name="Carousel of 3 photos from Threedots")
    expect(carousel.get_by_role("article")).to_have_count(3)
    first, second = (carousel.locator("img").nth(at) for at in (0, 1))
    expect(first).to_have_js_property("naturalWidth", 320)
    assert box(first)["y"] == box(second)["y"] and box(first)["height"] == 200
    assert box(first)["x"] + box(first)["width"] < box(second)["x"]
    carousel.get_by_role("button", name="Photo from Threedots").first.click()
    screen = page.get_by_role("dialog", name="Photo from Threedots")
    for key, place in [(None, "1 of 3"), ("ArrowRight", "2 of 3"), ("ArrowRight", "3 of 3")]:
        page.keyboard.press(key) if key else None
        expect(screen).to_contain_text(place)
    page.keyboard.press("ArrowRight")
    expect(screen.get_by_role("button", name="Next photo")).to_be_hidden()
    screen.get_by_role("button", name="Previous photo").click()
    expect(screen).to_contain_text("2 of 3")
    assert box(screen)["width"] == width
    page.keyboard.press("Escape")
    expect(screen).to_have_count(0)


def test_each_photo_of_a_carousel_can_be_tapped_back_on(line: Line, open_page: Opened):
    line.writes("show me")
    line.texts("", media_urls=["https://pictures.example/a.jpg", "https://pictures.example/b.jpg"])
    second = line.newest()["id"]
    page = open_page()
    line.post("/handset/reactions", {"from_handle": YOU, "message_id": second, "reaction": "love"})
    photos = page.get_by_role("log").get_by_role("article").filter(has=page.locator("img"))
    expect(photos.nth(1).get_by_role("img", name="You: love")).to_be_visible()
    expect(photos.nth(0).get_by_role("img", name="You: love")).to_have_count(0)


def test_what_ink_hides_a_first_tap_shows_and_a_second_enlarges(line: Line, open_page: Opened):
    line.writes("show me")
    line.texts("", media_urls=["https://pictures.example/a.jpg"], send_style="invisible")
    page = open_page()
    photo = page.get_by_role("button", name="Photo from Threedots")
    assert "blur" in style(photo.locator("img"), "filter")
    photo.click()
    expect(photo.locator("img")).to_have_css("filter", "none")
    expect(page.get_by_role("dialog")).to_have_count(0)
    photo.click()
    expect(page.get_by_role("dialog", name="Photo from Threedots")).to_be_visible()


def test_an_effect_stays_in_its_own_conversation(line: Line, open_page: Opened):
    introduce(line, (YOU, "You"), (ANA, "Ana"))
    line.writes("hello", from_handle=ANA)
    line.writes("show me")
    page = open_page()
    line.texts("ta-da", send_style="confetti")
    expect(page.locator(".effect-layer")).to_have_count(1)
    choose(page, "Ana")
    expect(page.locator(".effect-layer")).to_have_count(0)


def test_the_dots_stand_where_the_next_bubble_will_and_move(line: Line, open_page: Opened):
    conversation = line.writes("hello?")
    page = open_page()
    line.agent("POST", f"/conversations/{conversation}/typing")
    dots = typing(page).locator(".dots")
    assert box(dots)["y"] > bottom(bubble(page, "hello?"))
    assert style(dots.locator("i").first, "animation-name") == "dot"
    line.texts("there")
    expect(typing(page)).to_have_count(0)
