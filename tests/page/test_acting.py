"""Acting as anybody: bursts, photos, groups, from the keyboard alone where one likes."""

from __future__ import annotations

import io
import re

import httpx
import pytest
from PIL import Image
from pillow_heif import register_heif_opener
from playwright.sync_api import Page, expect

from tests.page.conftest import DOT, YOU, Line, Opened
from tests.page.looks import ANA, box, bubble, choose, row

register_heif_opener()


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


def heic(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, "HEIF")
    return file.getvalue()


@pytest.mark.parametrize("width", [360, 1180])
def test_a_photo_as_an_iphone_takes_it_is_shown_and_sent_as_it_is(
    line: Line, open_page: Opened, width: int
):
    page = open_page(width=width)
    photo = heic(64, 48)
    page.locator("#files").set_input_files(
        [{"name": "IMG_0001.HEIC", "mimeType": "", "buffer": photo}]
    )
    pending = page.get_by_role("list", name="Photos to send").get_by_role("img")
    expect(pending).to_have_js_property("naturalWidth", 64)
    page.get_by_role("button", name="Send", exact=True).click()
    sent = page.get_by_role("log").locator(".photo img")
    expect(sent).to_have_js_property("naturalWidth", 64)
    assert box(sent)["height"] >= 48
    url = line.newest()["media_urls"][0]
    assert url.endswith(".heic")
    assert httpx.get(url, trust_env=False).content == photo


def test_photos_dropped_on_the_phone_wait_there_and_are_sent_at_once(line: Line, open_page: Opened):
    page = open_page()
    drop = """(screen, [bytes, names]) => {
      const carried = new DataTransfer();
      for (const name of names) {
        const type = name.endsWith('.txt') ? 'text/plain' : 'image/png';
        carried.items.add(new File([new Uint8Array(bytes)], name, {type}));
      }
      const given = {dataTransfer: carried, bubbles: true, cancelable: true};
      screen.dispatchEvent(new DragEvent('dragover', given));
      screen.dispatchEvent(new DragEvent('drop', given));
    }"""
    page.locator("#screen").evaluate(drop, [list(DOT), ["one.png", "two.png", "notes.txt"]])
    expect(page.get_by_role("alert").filter(has_text="Only photos")).to_be_visible()
    expect(page.get_by_role("list", name="Photos to send").get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("group", name="Carousel of 2 photos from You")).to_be_visible()
    assert line.heard(2) == ["", ""]


def test_a_group_is_renamed_and_written_in_from_the_keyboard_alone(line: Line, open_page: Opened):
    for handle, name in [(YOU, "You"), (ANA, "Ana")]:
        line.post("/handset/people", {"handle": handle, "name": name})
    line.post("/handset/groups", {"members": [YOU, ANA], "name": "Market"})
    page = open_page()
    page.get_by_role("button", name="About this conversation").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.type("Picnic")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Picnic")).to_be_visible()
    page.get_by_role("combobox", name="Write as").focus()
    page.keyboard.type("Ana")
    page.get_by_role("textbox", name="Message").focus()
    page.keyboard.type("hello from Ana")
    page.keyboard.press("Enter")
    expect(row(page, "hello from Ana")).to_have_class(re.compile(r"\bmine\b"))
    assert line.newest()["from_handle"] == ANA


def test_arrows_walk_the_conversations_and_enter_opens_one(line: Line, open_page: Opened):
    for handle, name in [(ANA, "Ana"), (YOU, "You")]:
        line.post("/handset/people", {"handle": handle, "name": name})
        line.writes(f"from {name}", from_handle=handle)
    page = open_page()
    page.keyboard.press("Alt+ArrowDown")
    expect(bubble(page, "from Ana")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(bubble(page, "from You")).to_be_visible()
    conversations = page.get_by_role("navigation", name="Conversations")
    conversations.get_by_role("button", name="You").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(bubble(page, "from Ana")).to_be_visible()
