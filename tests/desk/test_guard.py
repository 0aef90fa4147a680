"""The desk answers to its own page on this machine, and to nobody else's."""

from __future__ import annotations

import pytest

from tests.desk.conftest import Desk


@pytest.mark.parametrize(
    ("path", "headers", "words"),
    [
        ("/desk", {"Host": "rebound.example"}, "not to the name 'rebound.example'"),
        ("/console/api/turns", {"Host": "rebound.example:8000"}, "open it at 127.0.0.1"),
        ("/desk/branches", {"Origin": "https://elsewhere.example"}, "only to its own page"),
        ("/desk/prompts", {"Origin": "null"}, "only to its own page"),
    ],
)
def test_other_names_and_other_pages_are_refused(
    desk: Desk, path: str, headers: dict[str, str], words: str
):
    answer = desk.http.get(path, headers=headers)
    assert answer.status_code == 403
    assert words in answer.json()["detail"]


def test_its_own_page_and_a_command_line_are_answered(desk: Desk):
    assert desk.http.get("/desk", headers={"Origin": desk.url}).status_code == 200
    assert desk.http.get("/desk").status_code == 200
    localhost = desk.url.replace("127.0.0.1", "localhost").removeprefix("http://")
    assert desk.http.get("/desk", headers={"Host": localhost}).status_code == 200
