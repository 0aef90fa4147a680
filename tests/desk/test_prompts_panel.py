"""The Prompts panel: one edits, saves, and the next text is answered under the new words."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.desk.conftest import Desk
from tests.page.conftest import Opened
from tests.page.looks import SEEN, box, bubble, style, violations, write

MINUS = "\N{MINUS SIGN}"


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Prompts")


def open_panel(page: Page) -> Locator:
    page.get_by_role("button", name="Prompts", exact=True).click()
    expect(words(page)).to_be_focused()
    return panel(page)


def words(page: Page, name: str = "instructions.md") -> Locator:
    return page.get_by_role("textbox", name=name)


def save(page: Page) -> None:
    panel(page).get_by_role("button", name="Save").click()


def said(page: Page) -> Locator:
    return panel(page).get_by_role("status")


def alert(page: Page) -> Locator:
    return panel(page).get_by_role("alert")


def changes(page: Page) -> Locator:
    return page.get_by_role("group", name="Changes against disk")


def test_the_next_reply_after_a_save_is_given_under_the_new_words(desk: Desk, open_page: Opened):
    file = desk.tell_the_word("plum")
    page = open_page()
    write(page, "what is the word?")
    expect(bubble(page, "plum")).to_be_visible()
    open_panel(page)
    expect(words(page)).to_have_value("The word is plum.\n")
    words(page).fill("The word is pear.\n")
    expect(changes(page).locator("del")).to_have_text(f"{MINUS}The word is plum.")
    expect(changes(page).locator("ins")).to_have_text("+The word is pear.")
    before = desk.get("/desk/prompts")["version"]
    save(page)
    expect(said(page)).to_contain_text("Saved instructions.md.")
    now = desk.get("/desk/prompts")["version"]
    expect(said(page)).to_have_text(f"Saved instructions.md. Version {before} is now {now}.")
    expect(panel(page)).to_contain_text(f"Version {now}")
    expect(changes(page)).to_be_hidden()
    assert file.read_text() == "The word is pear.\n"
    write(page, "and now?")
    expect(bubble(page, "pear")).to_be_visible()


@pytest.mark.parametrize("key", ["Control+s", "Meta+s"])
def test_it_saves_by_key_and_says_when_there_is_nothing_to_save(
    desk: Desk, open_page: Opened, key: str
):
    file = desk.tell_the_word("plum")
    page = open_page()
    open_panel(page)
    page.keyboard.press(key)
    expect(said(page)).to_have_text("There is nothing to save.")
    words(page).fill("The word is fig.")
    page.keyboard.press(key)
    expect(said(page)).to_contain_text("Saved instructions.md")
    assert file.read_text() == "The word is fig."


def test_what_another_editor_writes_is_seen_while_nothing_is_edited(desk: Desk, open_page: Opened):
    desk.tell_the_word("plum")
    page = open_page()
    open_panel(page)
    expect(words(page)).to_have_value("The word is plum.\n")
    desk.tell_the_word("quince")
    expect(words(page)).to_have_value("The word is quince.\n")
    version = desk.get("/desk/prompts")["version"]
    expect(panel(page)).to_contain_text(f"Version {version}")


def test_the_files_are_looked_at_only_while_the_panel_is_open(desk: Desk, open_page: Opened):
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_panel(page)
    with page.expect_request("**/desk/prompts"), page.expect_request("**/desk/prompts"):
        pass
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(page.get_by_role("button", name="Prompts", exact=True)).to_be_focused()
    page.clock.install()
    asked.clear()
    page.clock.run_for(10_000)
    assert [url for url in asked if url.endswith("/desk/prompts")] == []


@pytest.mark.parametrize("choice", ["Take theirs", "Keep mine"])
def test_two_editors_of_one_file_are_told_and_one_decides(
    desk: Desk, open_page: Opened, choice: str
):
    file = desk.tell_the_word("plum")
    page = open_page()
    open_panel(page)
    words(page).fill("The word is mine.\n")
    desk.tell_the_word("theirs")
    expect(said(page)).to_have_text("instructions.md changed on disk while you edit it.")
    save(page)
    expect(alert(page)).to_contain_text("It was not saved")
    expect(changes(page).locator("del")).to_have_text(f"{MINUS}The word is theirs.")
    assert file.read_text() == "The word is theirs.\n"
    page.get_by_role("button", name=choice).click()
    expect(alert(page)).to_be_empty()
    kept = "theirs" if choice == "Take theirs" else "mine"
    expect(words(page)).to_have_value(f"The word is {kept}.\n")
    expect(words(page)).to_be_focused()
    expect(changes(page)).to_be_hidden()
    assert file.read_text() == f"The word is {kept}.\n"


def test_a_file_deleted_while_it_is_edited_can_be_written_again(desk: Desk, open_page: Opened):
    file = desk.prompts / "mine.md"
    file.write_text("A prompt of my own.")
    page = open_page()
    open_panel(page).get_by_role("button", name="mine.md").click()
    words(page, "mine.md").fill("A better prompt of my own.")
    file.unlink()
    save(page)
    expect(alert(page)).to_contain_text("mine.md was deleted while you edited it")
    page.get_by_role("button", name="Keep mine").click()
    expect(said(page)).to_contain_text("Saved mine.md")
    assert file.read_text() == "A better prompt of my own."


def test_an_edit_outlives_the_panel_and_another_file_and_leaving_is_warned_of(
    desk: Desk, open_page: Opened
):
    desk.tell_the_word("plum")
    page = open_page()
    open_panel(page)
    words(page).press_sequentially("Never guess. ")
    files = page.get_by_role("list", name="Prompt files")
    files.get_by_role("button", name="texting.md").click()
    expect(words(page, "texting.md")).to_have_value(re.compile("^How you text"))
    expect(files.get_by_role("button", name="instructions.md, edited")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Prompts", exact=True).click()
    files.get_by_role("button", name="instructions.md").click()
    expect(words(page)).to_have_value("Never guess. The word is plum.\n")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.evaluate("() => { location.href = 'about:blank#left'; }")
    page.wait_for_function("() => document.readyState === 'complete'")
    assert asked == ["beforeunload"]
    expect(words(page)).to_have_value("Never guess. The word is plum.\n")
    panel(page).get_by_role("button", name="Revert").click()
    expect(words(page)).to_have_value("The word is plum.\n")
    expect(words(page)).to_be_focused()
    page.reload()
    expect(page.get_by_role("textbox", name="Message")).to_be_visible()


def test_a_blank_nobody_fills_is_refused_with_the_reason(desk: Desk, open_page: Opened):
    file = desk.tell_the_word("plum")
    page = open_page()
    open_panel(page)
    words(page).fill("You are $nmae.")
    save(page)
    expect(alert(page)).to_contain_text("has the blank $nmae, which has no value")
    assert file.read_text() == "The word is plum.\n"
    words(page).fill("You are $name.")
    expect(alert(page)).to_be_empty()
    save(page)
    expect(said(page)).to_contain_text("Saved instructions.md")


def test_the_line_ends_of_a_file_stay_as_they_are(desk: Desk, open_page: Opened):
    file = desk.prompts / "instructions.md"
    file.write_bytes(b"One.\r\nTwo.\r\n")
    page = open_page()
    open_panel(page)
    expect(changes(page)).to_be_hidden()
    words(page).fill("One.\nTwo.\nThree.\n")
    expect(changes(page).locator("ins, del")).to_have_text("+Three.")
    save(page)
    expect(said(page)).to_contain_text("Saved instructions.md")
    assert file.read_bytes() == b"One.\r\nTwo.\r\nThree.\r\n"


def test_text_that_looks_like_html_stays_text(desk: Desk, open_page: Opened):
    html = "<img src=x onerror=alert(1)> & <b>bold</b>"
    page = open_page()
    open_panel(page)
    words(page).fill(html)
    expect(changes(page).locator("ins")).to_have_text(f"+{html}")
    save(page)
    expect(words(page)).to_have_value(html)


def test_a_shipped_prompt_says_so_and_saving_makes_an_own_file(desk: Desk, open_page: Opened):
    (desk.prompts / "texting.md").unlink()
    page = open_page()
    open_panel(page).get_by_role("button", name="texting.md").click()
    expect(panel(page)).to_contain_text("shipped; saving makes your own")
    words(page, "texting.md").fill("Text as I do.")
    save(page)
    expect(panel(page)).not_to_contain_text("shipped; saving makes your own")
    assert (desk.prompts / "texting.md").read_text() == "Text as I do."


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_axe_finds_nothing_to_say_of_the_panel(
    desk: Desk, open_page: Opened, width: int, scheme: str
):
    desk.tell_the_word("plum")
    page = open_page(width=width, color_scheme=scheme)
    open_panel(page)
    assert violations(page) == []
    words(page).fill("The word is mine.\n\n\n\n\n$oops")
    save(page)
    expect(alert(page)).to_contain_text("$oops")
    assert violations(page, "#prompts-panel") == []
    words(page).fill("The word is mine.")
    desk.tell_the_word("theirs")
    save(page)
    expect(page.get_by_role("button", name="Keep mine")).to_be_visible()
    assert violations(page, "#prompts-panel") == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    added, removed = (changes(page).locator(tag).first for tag in ("ins", "del"))
    assert style(added, "background-color") != style(removed, "background-color")


@pytest.mark.parametrize("height", [640, 800])
def test_the_panel_stands_over_the_thread_on_a_phone_and_beside_it_on_a_desk(
    desk: Desk, open_page: Opened, height: int
):
    page = open_page(width=360, height=height)
    over = box(open_panel(page))
    assert (over["x"], over["width"]) == (0, 360)
    assert box(words(page))["height"] >= 150
    button = page.get_by_role("button", name="Prompts", exact=True)
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    expect(panel(page)).to_be_hidden()
    page = open_page(width=1180, height=height)
    beside = box(open_panel(page))
    phone = box(page.locator(".phone"))
    assert phone["x"] + phone["width"] <= beside["x"]
    assert beside["x"] + beside["width"] <= 1180
    assert beside["width"] >= 360
    assert box(words(page))["height"] >= beside["height"] * 0.35, "the words have most of the room"


def test_it_and_the_inspector_take_turns_beside_the_phone(desk: Desk, open_page: Opened):
    page = open_page()
    inspector = page.get_by_role("complementary", name="Turn inspector")
    expect(inspector).to_be_visible()
    open_panel(page)
    expect(inspector).to_be_hidden()
    page.get_by_role("button", name="Inspector").click()
    expect(inspector).to_be_visible()
    expect(panel(page)).to_be_hidden()
    open_panel(page)
    page.get_by_role("button", name="Close prompts").click()
    expect(inspector).to_be_visible()
    expect(page.get_by_role("button", name="Prompts", exact=True)).to_be_focused()


def test_the_panel_says_which_version_answered_last(desk: Desk, open_page: Opened):
    desk.tell_the_word("plum")
    before = desk.get("/desk/prompts")["version"]
    page = open_page()
    open_panel(page)
    expect(panel(page)).not_to_contain_text("answered under")
    write(page, "what is the word?")
    expect(panel(page)).to_contain_text(f"Version {before} · last answered under {before}")
    desk.tell_the_word("pear")
    now = desk.get("/desk/prompts")["version"]
    expect(panel(page)).to_contain_text(f"Version {now} · last answered under {before}")
    write(page, "and now?")
    expect(panel(page)).to_contain_text(f"Version {now} · last answered under {now}")


def test_the_texts_that_are_sent_as_they_stand_are_folded_behind_the_models_prompts(
    desk: Desk, open_page: Opened
):
    page = open_page()
    open_panel(page)
    files = page.get_by_role("list", name="Prompt files")
    expect(files.get_by_role("button", name="texting.md")).to_be_visible()
    expect(files.get_by_role("button", name="help.md")).to_have_count(0)
    fixed = page.get_by_role("list", name="Fixed texts").get_by_role("button", name="help.md")
    expect(fixed).to_be_hidden()
    page.get_by_text("Sent as they stand").click()
    fixed.click()
    expect(words(page, "help.md")).to_be_visible()
