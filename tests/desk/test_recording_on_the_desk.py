"""Recording on the phone: a range is marked, named, and a scenario file is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from evals.format.files import load, loads
from tests.desk.conftest import Desk
from tests.desk.turns import ended
from tests.page.conftest import Opened
from tests.page.looks import SEEN, box, bubble, violations


@pytest.fixture
def scenarios(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the files are written."""
    folder = tmp_path / "scenarios"
    monkeypatch.setattr("evals.desk.scenarios.SCENARIOS", folder)
    return folder


@pytest.fixture
def talk(desk: Desk, scenarios: Path, tmp_path: Path) -> str:
    """Three turns of one conversation."""
    desk.tell_the_word("plum")
    for nth, text in enumerate(["one", "two", "three"], start=1):
        conversation = desk.writes(text)
        desk.answers(conversation, nth)
        ended(tmp_path, nth)
    return conversation


def ids(desk: Desk, conversation: str) -> list[str]:
    return [
        m["id"] for m in desk.get(f"/handset/conversations/{conversation}?peek=true")["messages"]
    ]


def choose(page: Page, text: str, item: str) -> None:
    bubble(page, text).last.click()
    page.get_by_role("menuitem", name=item).click()


def recording(page: Page):
    return page.get_by_role("status", name="Recording")


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_from_here_to_here_becomes_a_file(
    desk: Desk, talk: str, scenarios: Path, open_page: Opened, width: int, scheme: str
):
    page = open_page(width=width, color_scheme=scheme, reduced_motion="reduce")
    expect(bubble(page, "three")).to_be_visible()
    bubble(page, "two").click()
    expect(page.get_by_role("menuitem", name="Record to here")).to_have_count(0)
    page.get_by_role("menuitem", name="Record from here").click()
    expect(recording(page)).to_contain_text("Recording 1 message.")
    bubble(page, "three").hover()
    expect(page.locator(".bubble.recorded")).to_have_count(3)
    assert violations(page) == []
    choose(page, "three", "Record to here")
    dialog = page.get_by_role("dialog", name="Record a scenario")
    expect(dialog).to_contain_text("3 messages")
    dialog.get_by_role("textbox", name="Name of the scenario").fill("Two, and three!")
    assert violations(page, ".sheet") == []
    page.keyboard.press("Enter")
    written = page.get_by_role("dialog", name="Recorded")
    expect(written.get_by_role("region", name="The scenario")).to_contain_text("- text: two")
    expect(written).to_contain_text("two-and-three.yaml")
    assert violations(page, ".sheet") == []
    assert box(written)["width"] <= width
    told = load(scenarios / "two-and-three.yaml")
    assert (told.name, [turn.text for turn in told.turns]) == ("Two, and three!", ["two", "three"])
    assert [each.text for each in told.start.history] == ["one", "plum"]
    expect(recording(page)).to_be_hidden()
    expect(page.locator(".bubble.recorded")).to_have_count(0)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    written.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == written.locator("pre").inner_text()
    written.get_by_role("button", name="Done").click()
    expect(written).to_have_count(0)


def test_a_name_that_is_taken_is_said_in_the_form_and_nothing_is_written_over(
    desk: Desk, talk: str, scenarios: Path, open_page: Opened
):
    scenarios.mkdir()
    (scenarios / "mine.yaml").write_text("mine")
    page = open_page()
    choose(page, "one", "Record from here")
    choose(page, "one", "Record to here")
    page.get_by_role("textbox", name="Name of the scenario").fill("Mine")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="is there already")).to_be_visible()
    assert (scenarios / "mine.yaml").read_text() == "mine"
    page.get_by_role("button", name="Cancel").click()
    expect(recording(page)).to_be_visible()


def test_one_gives_up_with_escape_or_with_the_button(talk: str, open_page: Opened):
    page = open_page()
    choose(page, "one", "Record from here")
    bubble(page, "two").click()
    page.keyboard.press("Escape")
    expect(recording(page)).to_be_visible()
    page.keyboard.press("Escape")
    expect(recording(page)).to_be_hidden()
    expect(page.locator(".bubble.recorded")).to_have_count(0)
    choose(page, "one", "Record from here")
    page.get_by_role("button", name="Give up").click()
    expect(recording(page)).to_be_hidden()


def test_it_is_done_by_keyboard_alone(talk: str, scenarios: Path, open_page: Opened):
    page = open_page()
    bubble(page, "three").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(recording(page)).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(recording(page)).to_contain_text("Recording 2 messages.")
    page.keyboard.press("Enter")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("By keys")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Recorded")).to_be_visible()
    told = load(scenarios / "by-keys.yaml")
    assert [turn.text for turn in told.turns] == ["two", "three"], "the turn of the bubble, whole"


def test_the_api_names_what_it_cannot_record(desk: Desk, talk: str):
    first, *_, last = ids(desk, talk)
    body = {"conversation_id": talk, "first_message_id": last, "last_message_id": first}
    unknown = {**body, "last_message_id": "cnobody", "name": "x"}
    refused = desk.http.post("/desk/scenarios", json=unknown)
    assert refused.status_code == 409 and "No turn that has ended" in refused.json()["detail"]
    assert desk.http.post("/desk/scenarios", json={**body, "name": ""}).status_code == 422
    made = desk.post("/desk/scenarios", {**body, "name": "…"})
    assert made["file"].endswith("scenario.yaml")
    assert len(loads(made["text"]).turns) == 3, "in whichever order the two are given"


def test_a_turn_can_be_had_as_a_scenario_without_a_file(
    desk: Desk, talk: str, scenarios: Path, tmp_path: Path
):
    _, (second, _), _ = ended(tmp_path, 3)
    text = desk.get(f"/desk/scenarios/preview?turn_id={second}")["text"]
    assert [turn.text for turn in loads(text).turns] == ["two"]
    assert desk.http.get("/desk/scenarios/preview?turn_id=nope").status_code == 404
    assert not scenarios.exists()
