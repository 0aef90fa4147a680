"""The real command in a real browser: what a newcomer does in the first minute."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, Request, expect

from tests.doors.processes import free_port, started
from tests.page.looks import bubble, write


def test_the_first_minute_with_the_real_command(tmp_path: Path, tab: Page):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    asked: set[str] = set()

    def note(request: Request) -> None:
        asked.add(request.url)

    tab.set_viewport_size({"width": 1280, "height": 800})
    with started("phone", "--no-open", "--port", str(port), cwd=tmp_path, url=url) as process:
        process.ready()
        tab.on("request", note)
        tab.goto(url)
        write(tab, "hi <b>there</b>")
        expect(bubble(tab, "This is Threedots, the offline demo")).to_be_visible()
        inspector = tab.get_by_role("complementary", name="Turn inspector")
        expect(inspector).to_contain_text("The turn ended answered")
        expect(inspector).to_contain_text("hi <b>there</b>")
        assert inspector.locator("b").count() == 0
        tab.get_by_role("button", name="Prompts", exact=True).click()
        expect(tab.get_by_role("textbox", name="instructions.md")).to_be_visible()
        tab.goto("about:blank")
        tab.remove_listener("request", note)
        assert process.stop() == 0
    strangers = [one for one in asked if not one.startswith((url, "data:", "blob:", "about:"))]
    assert strangers == []
