"""Replay on the desk: this phone's turns, or an export's, under its present prompts."""

from __future__ import annotations

import json
from pathlib import Path

from tests.desk.conftest import Desk
from tests.desk.turns import ended


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
