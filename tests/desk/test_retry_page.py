"""Retry from the inspector: a turn taken again, beside what it was, and the way into its branch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from pydantic_ai.models import Model
from pydantic_ai.models.function import FunctionModel

from tests.desk.conftest import Desk, says_the_word
from tests.page.conftest import Opened
from tests.page.looks import SEEN, bubble, violations, write


@pytest.fixture
def desk(make_desk: Callable[[Model], Desk]) -> Desk:
    """An agent that says the word of its instructions, with a second folder that has another."""
    desk = make_desk(FunctionModel(says_the_word, model_name="script"))
    desk.tell_the_word("plum")
    other = desk.prompts.parent / "other"
    other.mkdir()
    (other / "instructions.md").write_text("The word is cherry.\n")
    return desk


def turn(page: Page) -> None:
    write(page, "say it")
    expect(bubble(page, "plum")).to_be_visible()
    inspector = page.get_by_role("complementary", name="Turn inspector")
    if not inspector.is_visible():
        page.get_by_role("button", name="Inspector").click()
    expect(inspector).to_contain_text("The turn ended answered")


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_a_turn_is_taken_again_with_another_folder_and_shown_beside_what_it_was(
    desk: Desk, open_page: Opened, width: int, scheme: str
):
    page = open_page(width=width, color_scheme=scheme)
    turn(page)
    page.get_by_role("button", name="Retry").click()
    other = str(desk.prompts.parent / "other")
    page.get_by_role("combobox", name="Prompts folder").fill(other)
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    result = page.get_by_role("dialog", name="Taken again")
    expect(result.get_by_role("row").filter(has_text="Reply")).to_contain_text("\N{MINUS SIGN}plum")
    expect(result.get_by_role("row").filter(has_text="Reply")).to_contain_text("+cherry")
    expect(result).to_contain_text("“say it”")
    assert violations(page, ".retried") == []
    result.get_by_role("button", name="Go on there").click()
    expect(bubble(page, "cherry")).to_be_visible()
    expect(bubble(page, "plum")).to_have_count(0)
    write(page, "again")
    expect(bubble(page, "cherry")).to_have_count(2)


def test_what_cannot_answer_is_said_in_the_form(desk: Desk, open_page: Opened):
    page = open_page()
    turn(page)
    page.get_by_role("button", name="Retry").click()
    page.get_by_role("combobox", name="Prompts folder").fill("nowhere")
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("no instructions.md")


def test_a_turn_is_copied_as_a_scenario(desk: Desk, open_page: Opened):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    turn(page)
    page.get_by_role("button", name="Copy as scenario").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text = page.evaluate("navigator.clipboard.readText()")
    assert "turns:" in text and "say it" in text
