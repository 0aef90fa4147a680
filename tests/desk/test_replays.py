"""Replay on the desk: this phone's turns, or an export's, under its present prompts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.desk.conftest import Desk
from tests.desk.turns import ended
from tests.page.conftest import Opened
from tests.page.looks import SEEN, box, violations


def test_a_conversation_is_taken_again_under_the_edited_prompts(desk: Desk, tmp_path: Path):
    desk.tell_the_word("plum")
    conversation = desk.writes("say it")
    ended(tmp_path, 1)
    same = desk.post("/desk/replays", {"conversation_id": conversation})
    assert (same["changed"], same["failed"], same["model"]) == (0, 0, "script")
    desk.tell_the_word("cherry")
    told = desk.post("/desk/replays", {"conversation_id": conversation})
    [turn] = told["turns"]
    found = {each["what"]: each for each in turn["differences"]}
    assert (found["words"]["before"], found["words"]["after"]) == (["plum"], ["cherry"])
    assert turn["after"]["prompts"]["version"] == told["prompts"]
    assert desk.answers(conversation) == ["plum"], "the phone itself is as it was"


def test_records_of_an_export_are_taken_again(desk: Desk, tmp_path: Path):
    desk.tell_the_word("plum")
    desk.writes("say it")
    lines = "\n".join(record for _, record in ended(tmp_path, 1))
    answer = desk.http.post("/desk/replays", content=lines.encode(), timeout=30)
    assert answer.json()["changed"] == 0 and len(answer.json()["turns"]) == 1


def test_what_is_neither_is_refused_with_a_reason(desk: Desk):
    refused = desk.http.post("/desk/replays", content=b'{"turn_id": 3}')
    assert refused.status_code == 422 and "body:1: " in refused.json()["detail"]
    unknown = desk.http.post("/desk/replays", json={"conversation_id": "cnobody"})
    assert unknown.status_code == 404 and "cnobody" in json.dumps(unknown.json())


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_the_page_shows_what_changed_turn_by_turn(
    desk: Desk, tmp_path: Path, open_page: Opened, width: int, scheme: str
):
    desk.tell_the_word("plum")
    desk.writes("say <b>it</b>")
    ended(tmp_path, 1)
    page = open_page(width=width, color_scheme=scheme, reduced_motion="reduce")
    page.get_by_role("button", name="Replay", exact=True).click()
    dialog = page.get_by_role("dialog", name="Replay")
    assert violations(page, ".sheet") == []
    dialog.get_by_role("button", name="This conversation").click()
    expect(dialog.get_by_role("status")).to_contain_text("1 turn: 0 changed. script answered")
    expect(dialog.get_by_role("listitem")).to_contain_text("unchanged (answered)")
    desk.tell_the_word("cherry")
    dialog.get_by_role("button", name="This conversation").click()
    changed = dialog.get_by_role("listitem").filter(has_text="changed")
    expect(dialog.get_by_role("status")).to_contain_text("1 turn: 1 changed")
    expect(changed).to_contain_text("say <b>it</b>")
    assert changed.locator("del").first.inner_text() == "plum"
    assert changed.locator("ins").first.inner_text() == "cherry"
    assert violations(page, ".sheet") == []
    assert box(dialog)["width"] <= width


def test_the_page_takes_a_file_and_says_what_is_wrong_with_it(
    desk: Desk, tmp_path: Path, open_page: Opened
):
    page = open_page()
    page.get_by_role("button", name="Replay", exact=True).click()
    dialog = page.get_by_role("dialog", name="Replay")
    expect(dialog.get_by_role("button", name="This conversation")).to_be_disabled()
    file = dialog.get_by_label("Records, one a line")
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"turn_id": 3}\n')
    file.set_input_files(bad)
    expect(dialog.get_by_role("alert")).to_contain_text("body:1: ")
    desk.tell_the_word("plum")
    desk.writes("say it")
    [(_, record)] = ended(tmp_path, 1)
    good = tmp_path / "good.jsonl"
    good.write_text(record + "\n")
    file.set_input_files(good)
    expect(dialog.get_by_role("status")).to_contain_text("1 turn: 0 changed", timeout=30_000)
