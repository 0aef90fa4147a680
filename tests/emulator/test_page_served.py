"""The page is served with what a browser needs to trust it, and nothing beside it is."""

from __future__ import annotations

import pytest

from phone.emulator.app import PAGE
from tests.emulator.stage import Stage, staged


@staged()
async def test_the_page_is_at_the_root_and_may_load_nothing_from_elsewhere(stage: Stage):
    page = await stage.try_call("GET", "/")
    assert page.content == (PAGE / "index.html").read_bytes()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == (
        "default-src 'self'; img-src 'self' data: blob:"
    )
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["x-content-type-options"] == "nosniff"


@staged()
async def test_its_files_have_the_types_browsers_insist_on(stage: Stage):
    kinds = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}
    files = [file for file in PAGE.iterdir() if file.suffix in kinds]
    assert files
    for file in files:
        answer = await stage.try_call("GET", f"/page/{file.name}")
        assert answer.headers["content-type"] == kinds[file.suffix]
        assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["nothing.js", "..%2ftwin.py", "%2e%2e/app.py", "/etc/passwd", ""])
@staged()
async def test_nothing_else_can_be_reached_that_way(stage: Stage, path: str):
    answer = await stage.try_call("GET", f"/page/{path}")
    assert answer.status_code == 404 or answer.content == (PAGE / "index.html").read_bytes()
    assert b"import" not in answer.content or path == ""
