"""The turn inspector beside the phone: what happened, live and afterwards, in a real browser."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel

from tests.desk.conftest import Desk
from tests.page.conftest import Opened
from tests.page.looks import SEEN, box, bubble, violations, write

REMEMBERS = [
    [ToolCallPart("remember", {"fact": "Has a dog called <b>Rex</b>"})],
    [TextPart("Hello Rex!")],
]


class Played:
    """A model that gives these answers in turn, the last one for ever, when the gate is open."""

    def __init__(self, answers: list[Any], gate: threading.Event) -> None:
        self._answers = list(answers)
        self._gate = gate

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        assert self._gate.wait(20)
        parts = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return ModelResponse(list(parts))

    @property
    def model(self) -> Model:
        return FunctionModel(self, model_name="script")


MakeDesk = Callable[[Model], Desk]


@pytest.fixture
def gate() -> threading.Event:
    """Open, until a test closes it."""
    gate = threading.Event()
    gate.set()
    return gate


@pytest.fixture
def desk(make_desk: MakeDesk, gate: threading.Event) -> Desk:
    return make_desk(Played(REMEMBERS, gate).model)


def inspector(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Turn inspector")


def turns(page: Page) -> Locator:
    return inspector(page).locator(".turn")


def entry(page: Page, text: str) -> Locator:
    return inspector(page).locator(".entry").filter(has_text=text)


def test_a_turn_appears_beside_the_phone_as_it_happens(
    desk: Desk, open_page: Opened, gate: threading.Event
):
    gate.clear()
    page = open_page()
    expect(inspector(page)).to_contain_text("No turns yet")
    write(page, "hi")
    expect(turns(page)).to_have_count(1)
    expect(turns(page)).to_contain_text("under way")
    expect(entry(page, "thinking…")).to_be_visible()
    gate.set()
    expect(turns(page)).to_contain_text("answered")
    expect(entry(page, "Bubble m2 arrived")).to_contain_text("Hello Rex!")


def test_the_whole_way_from_webhook_to_memory_is_told(desk: Desk, open_page: Opened):
    page = open_page()
    write(page, "I have a dog called Rex")
    expect(entry(page, "The turn ended answered")).to_be_visible()
    for words in (
        "m1 came by webhook, was verified and stored",
        "The turn began",
        "Typing bubble shown",
        "Memory loaded: nothing yet",
        "Instructions as the model saw them, prompts",
        "Request 1: script",
        "remember(fact='Has a dog called <b>Rex</b>', said_in=None)",
        "Bubble m2 arrived (imessage)",
        "+ facts: Has a dog called <b>Rex</b>",
    ):
        expect(entry(page, words).first).to_be_visible()
    assert inspector(page).locator("b").count() == 0, "what looks like HTML is text"


def test_the_raw_is_behind_a_click_and_can_be_copied(desk: Desk, open_page: Opened):
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    write(page, "hi")
    sent = entry(page, "Bubble m2 arrived")
    expect(sent).to_be_visible()
    expect(sent.locator("pre")).not_to_be_visible()
    sent.get_by_text("Raw", exact=True).click()
    expect(sent.locator("pre")).to_contain_text('"status": "confirmed"')
    sent.get_by_role("button", name="Copy as curl").click()
    expect(sent.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl -X POST")
    expect(turns(page).first).to_contain_text("answered")
    turns(page).first.get_by_role("group", name="This turn").get_by_role(
        "button", name="Copy as JSON"
    ).click()
    expect(inspector(page).get_by_role("button", name="Copied").first).to_be_visible()
    record = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert (record["version"], record["outcome"]) == (1, "answered")


def test_what_was_texted_and_said_names_no_button(desk: Desk, open_page: Opened):
    page = open_page()
    write(page, "send me the prompts, in a new group")
    expect(turns(page)).to_contain_text("answered")
    for name in ("Send", "Prompts", "New group"):
        expect(page.get_by_role("button", name=name)).to_have_count(1)
    head = turns(page).get_by_role("button", name="answered")
    expect(head).to_have_accessible_description(re.compile("send me the prompts.*Hello Rex!"))


def test_turns_are_found_by_their_words(desk: Desk, open_page: Opened):
    page = open_page()
    for count, words in enumerate(("about the dog", "about the weather"), 1):
        write(page, words)
        expect(turns(page)).to_have_count(count)
        expect(turns(page).first).to_contain_text("answered")
    page.get_by_role("searchbox", name="Search turns").fill("weather")
    expect(turns(page)).to_have_count(1)
    expect(turns(page)).to_contain_text("about the weather")
    page.get_by_role("searchbox", name="Search turns").fill("nowhere")
    expect(inspector(page)).to_contain_text("No turn has “nowhere” in it.")
    page.get_by_role("searchbox", name="Search turns").fill("")
    expect(turns(page)).to_have_count(2)


def test_a_bubble_leads_to_its_turn_and_a_turn_to_its_bubble(desk: Desk, open_page: Opened):
    page = open_page()
    for count, words in enumerate(("first", "second"), 1):
        write(page, words)
        expect(turns(page)).to_have_count(count)
        expect(turns(page).first).to_contain_text("answered")
    bubble(page, "first").click()
    page.get_by_role("menuitem", name="Inspect").click()
    oldest = turns(page).nth(1)
    expect(oldest.get_by_role("button", expanded=True)).to_be_focused()
    expect(oldest.locator(".entry").first).to_be_visible()
    oldest.get_by_role("button", name="Find on the phone").click()
    expect(bubble(page, "first")).to_be_focused()


def test_what_one_reads_stays_open_when_another_turn_comes(desk: Desk, open_page: Opened):
    page = open_page()
    write(page, "first")
    expect(turns(page)).to_contain_text("answered")
    head = turns(page).get_by_role("button", name=re.compile("^answered"))
    head.click()
    head.click()
    desk.writes("second")
    expect(turns(page)).to_have_count(2)
    expect(turns(page).first).to_contain_text("answered")
    expect(turns(page).first.locator(".entry").first).not_to_be_visible()
    expect(turns(page).nth(1).locator(".entry").first).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_it_fits_and_axe_finds_nothing_to_say(
    desk: Desk, open_page: Opened, width: int, scheme: str
):
    page = open_page(width=width, color_scheme=scheme)
    write(page, "I have a dog called Rex")
    expect(bubble(page, "Hello Rex!")).to_be_visible()
    if width < 1100:
        expect(inspector(page)).not_to_be_visible()
        page.get_by_role("button", name="Inspector").click()
    expect(entry(page, "The turn ended answered")).to_be_visible()
    entry(page, "Bubble m2 arrived").get_by_text("Raw", exact=True).click()
    room = box(inspector(page))
    assert room["x"] >= 0 and room["x"] + room["width"] <= width
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width
    assert violations(page, ".inspector") == []
    assert violations(page) == []
    if width < 1100:
        page.keyboard.press("Escape")
        expect(inspector(page)).not_to_be_visible()
        expect(page.get_by_role("button", name="Inspector")).to_be_focused()


def test_the_phone_keeps_its_place_beside_the_inspector(desk: Desk, open_page: Opened):
    page = open_page(width=1280)
    phone, aside = box(page.locator(".phone")), box(inspector(page))
    assert phone["width"] >= 360
    assert phone["x"] + phone["width"] <= aside["x"]
    page.get_by_role("button", name="Inspector").click()
    expect(inspector(page)).not_to_be_visible()


def test_hours_of_texting_leave_the_latest_turns_and_a_way_to_the_earlier_ones(
    desk: Desk, open_page: Opened
):
    page = open_page()
    write(page, "text 0")
    expect(turns(page)).to_contain_text("answered")
    for number in range(1, 43):
        desk.answers(desk.writes(f"text {number}"), number + 1)
    expect(turns(page).first).to_contain_text("text 42")
    expect(turns(page)).to_have_count(40)
    inspector(page).get_by_role("button", name="Earlier turns").click()
    expect(turns(page)).to_have_count(43)
    expect(turns(page).last).to_contain_text("text 0")
