"""Branches in the browser: begun at a bubble, walked as a tree, named, deleted, and left again."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.desk.branching import Opened, Served
from tests.page.conftest import YOU
from tests.page.looks import SEEN, bubble, violations, write


def branch_from(page: Page, words: str) -> None:
    """Choose it in the menu of a bubble, and wait until the branch is there."""
    bubble(page, words).click()
    page.get_by_role("menuitem", name="Branch from here").click()
    page.wait_for_url(re.compile("/branches/"))
    expect(page.get_by_role("textbox", name="Message")).to_be_focused()


def tree(page: Page) -> Locator:
    page.get_by_role("button", name="Branches").click()
    dialog = page.get_by_role("dialog", name="Branches")
    expect(dialog).to_be_visible()
    return dialog


def test_from_a_bubble_of_the_agents_one_texts_on_in_a_branch(served: Served, open_desk: Opened):
    served.talk("hi", "You said hi")
    served.talk("later", "You said later")
    page = open_desk()
    branch_from(page, "You said hi")
    expect(bubble(page, "You said hi")).to_be_visible()
    expect(bubble(page, "later")).to_have_count(0)
    expect(page.get_by_role("banner").first).to_contain_text("Branch You said hi of the phone")
    write(page, "another way")
    expect(bubble(page, "You said another way")).to_be_visible()
    page.get_by_role("link", name="the phone").click()
    expect(bubble(page, "You said later")).to_be_visible()
    expect(bubble(page, "another way")).to_have_count(0)
    expect(page.locator(".branch-line")).to_have_count(0)


def test_from_a_bubble_of_ones_own_one_writes_it_otherwise(served: Served, open_desk: Opened):
    served.talk("hi", "You said hi")
    served.talk("a typpo", "You said a typpo")
    page = open_desk()
    bubble(page, "a typpo").first.click()
    page.get_by_role("menuitem", name="Branch from here").click()
    page.wait_for_url(re.compile("/branches/"))
    field = page.get_by_role("textbox", name="Message")
    expect(field).to_have_value("a typpo")
    expect(bubble(page, "a typpo")).to_have_count(0)
    field.fill("a typo")
    page.keyboard.press("Enter")
    expect(bubble(page, "You said a typo")).to_be_visible()
    page.reload()
    expect(bubble(page, "You said a typo")).to_be_visible()
    expect(field).to_have_value("")


def test_in_a_group_the_words_go_back_to_who_had_written_them(served: Served, open_desk: Opened):
    ana = "+15555550124"
    for handle, name in [(YOU, "Mia"), (ana, "Ana")]:
        served.ask("POST", "/handset/people", {"handle": handle, "name": name})
    group = served.ask("POST", "/handset/groups", {"members": [YOU, ana], "name": "Two"})
    words = "Threedots, well?"
    served.talk(words, f"You said {words}", from_handle=ana, group_id=group["group_id"])
    page = open_desk()
    bubble(page, words).first.click()
    page.get_by_role("menuitem", name="Branch from here").click()
    expect(page.get_by_role("textbox", name="Message")).to_have_value(words)
    expect(page.get_by_role("combobox", name="Write as")).to_have_value(ana)


def test_the_tree_is_walked_named_and_cut_by_keyboard(served: Served, open_desk: Opened):
    served.talk("hi", "You said hi")
    page = open_desk()
    branch_from(page, "You said hi")
    write(page, "deeper")
    expect(bubble(page, "You said deeper")).to_be_visible()
    branch_from(page, "You said deeper")
    dialog = tree(page)
    here = dialog.get_by_role("link", name="You said deeper")
    expect(here).to_be_focused()
    expect(here).to_have_attribute("aria-current", "page")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Name").fill("<b>Leaf</b>")
    page.keyboard.press("Enter")
    leaf = dialog.get_by_role("link", name="<b>Leaf</b>")
    expect(leaf).to_be_focused()
    assert leaf.locator("xpath=ancestor::li").count() == 3
    page.keyboard.press("ArrowUp")
    expect(dialog.get_by_role("link", name="You said hi")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".branch-line")).to_contain_text("Branch You said hi")
    dialog = tree(page)
    dialog.get_by_role("button", name="Delete You said hi").click()
    page.get_by_role("dialog", name="Delete the branch").get_by_role(
        "button", name="Delete"
    ).click()
    expect(page.locator(".branch-line")).to_have_count(0)
    dialog = tree(page)
    expect(dialog.get_by_role("link")).to_have_text(["The phone", "<b>Leaf</b>"])
    expect(dialog).to_contain_text("branch · from “You said deeper”")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_axe_finds_nothing_to_say_of_a_branch_and_the_tree(
    served: Served, open_desk: Opened, width: int, scheme: str
):
    served.talk("hi", "You said hi")
    page = open_desk(width=width, color_scheme=scheme)
    assert violations(page) == []
    dialog = tree(page)
    expect(dialog).to_contain_text("No branches yet")
    assert violations(page, ".branches") == []
    page.keyboard.press("Escape")
    branch_from(page, "You said hi")
    back = page.get_by_role("link", name="the phone").bounding_box()
    assert back is not None and back["x"] + back["width"] <= width, "nobody finds the way back"
    assert violations(page) == []
    wide = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wide, "the page is wider than its window"
    tree(page)
    assert violations(page, ".branches") == []
    box = page.locator(".branches").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= width
