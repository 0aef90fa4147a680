"""The operator's page in a real browser: logged in with a token, by keyboard, at every width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pydantic_ai.models.function import FunctionModel
from starlette.types import ASGIApp, Receive, Scope, Send

from console.api import create_app
from console.doorway import Doorway
from evals.desk.app import Phone
from safety.roles import Role
from tests.desk.conftest import Desk, says_the_word
from tests.page.conftest import tab
from tests.page.looks import SEEN, violations

__all__ = ["tab"]

ROOT = Path(__file__).resolve().parents[2]

TOKEN = "a-token-of-sixteen-characters-or-more"

VIEWERS = TOKEN[::-1]

MARKUP = "<img src=x onerror=alert(1)> when?"


def guarded(phone: Phone) -> ASGIApp:
    """A phone whose console stands behind the doorway, as in production."""

    def of() -> Any:
        return phone.local.deployment

    tokens = {Role.ADMIN: TOKEN, Role.VIEWER: VIEWERS}
    door = Doorway(create_app(of), of, tokens=tokens, bound_to="127.0.0.1", public_url=None)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        is_console = scope["type"] == "http" and scope["path"].startswith("/console")
        await (door if is_console else phone)(scope, receive, send)

    return app


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path, FunctionModel(says_the_word, model_name="script"), guarded)
    yield desk
    desk.close()


@pytest.fixture
def page(tab: Page) -> Iterator[Page]:
    """A tab that fails the test when a script broke or asked for what its policy forbids."""
    troubles: list[str] = []

    def overhear(said: Any) -> None:
        if "Content Security Policy" in said.text:
            troubles.append(said.text)

    def broke(error: Any) -> None:
        troubles.append(str(error))

    tab.on("pageerror", broke)
    tab.on("console", overhear)
    tab.context.clear_cookies()
    yield tab
    tab.remove_listener("pageerror", broke)
    tab.remove_listener("console", overhear)
    tab.goto("about:blank")
    assert troubles == []


def look(page: Page, view: str) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found = [f"{view}: {each}" for each in violations(page)]
    return found + ([f"{view} is {wide} px too wide"] if wide > 0 else [])


def log_in(page: Page, desk: Desk, token: str = TOKEN) -> None:
    page.goto(f"{desk.url}/console")
    expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    page.get_by_label("Token").fill(token)
    page.get_by_label("Your name").fill("Mia")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Threedots", exact=True)).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_a_person_takes_over_by_keyboard_and_axe_finds_nothing_to_say(
    desk: Desk, page: Page, width: int, scheme: Any
):
    desk.tell_the_word("plum")
    conversation = desk.writes(MARKUP)
    assert desk.answers(conversation) == ["plum"]
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{desk.url}/console")
    expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    found = look(page, "login")
    log_in(page, desk)

    row = page.get_by_role("link", name="plum")
    expect(row).to_be_visible()
    found += look(page, "list")
    row.focus()
    page.keyboard.press("Enter")
    log = page.get_by_role("log", name="Messages")
    expect(log).to_contain_text(MARKUP)
    expect(page.get_by_role("textbox", name="Write as a person")).to_be_hidden()
    take_over = page.get_by_role("button", name="Take over")
    take_over.focus()
    page.keyboard.press("Enter")
    words = page.get_by_role("textbox", name="Write as a person")
    words.fill("At six, says Mia.")
    page.keyboard.press("Enter")
    expect(log.get_by_role("article").filter(has_text="says Mia")).to_contain_text("Sent")
    assert desk.answers(conversation, 2) == ["plum", "At six, says Mia."]
    found += look(page, "taken over")

    desk.writes("and the cake?")
    expect(log).to_contain_text("and the cake?")
    expect(log).to_contain_text("handed over")
    page.get_by_role("button", name="Hand back").click()
    expect(log).to_contain_text("Handed back to the agent by Mia")
    expect(page.get_by_role("button", name="Take over")).to_be_focused()
    if width < 1100:
        page.get_by_role("button", name="Inspector", exact=True).click()
    expect(page.get_by_role("complementary", name="Turn inspector")).to_contain_text("answered")
    found += look(page, "inspector")
    page.keyboard.press("Escape")
    assert found == []


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_everything_is_paused_at_once_and_every_place_can_be_read(
    desk: Desk, page: Page, width: int, scheme: Any
):
    refusal = [{"method": "POST", "path": "/v1/messages", "status": 400}]
    desk.http.put("/handset/faults", json=refusal).raise_for_status()
    conversation = desk.writes("hi")
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    log_in(page, desk)
    page.get_by_role("button", name="Pause everything").click()
    found = look(page, "asked")
    page.get_by_role("dialog").get_by_role("button", name="Pause everything").click()
    expect(page.get_by_text("The agent is paused everywhere")).to_be_visible()
    desk.writes("is anybody there?")
    expect(page.get_by_role("link", name="is anybody there?")).to_contain_text("dropped")
    found += look(page, "paused")
    for place, words in [
        ("Approvals", "Nothing waits"),
        ("Outbox", "Refused"),
        ("Dead letters", "None. Everything"),
        ("Opt-outs", "Record an opt-out"),
        ("Spend", "In one turn"),
        ("Audit", "pause all"),
    ]:
        page.get_by_role("link", name=place).click()
        expect(page.get_by_role("region", name="Ledger")).to_contain_text(words)
        found += look(page, place)
    page.get_by_role("button", name="Let it speak again").click()
    expect(page.get_by_text("The agent is paused everywhere")).to_be_hidden()
    assert len(desk.answers(conversation)) == 1, "the answer to the second text was held back"
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("button", name="Log in")).to_be_enabled()
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This is not the token")
    assert found == []


def test_a_viewer_is_offered_nothing_to_change_and_sees_a_picture_when_they_ask(
    desk: Desk, page: Page
):
    picture = (ROOT / "docs" / "phone.png").read_bytes()
    headers = {"Content-Type": "image/png"}
    kept = desk.http.post("/handset/media", content=picture, headers=headers).json()
    desk.tell_the_word("plum")
    conversation = desk.writes("look", media_urls=[kept["url"]])
    assert desk.answers(conversation) == ["plum"]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 360, "height": 800})
    log_in(page, desk, VIEWERS)
    page.get_by_role("link", name="plum").click()
    expect(page.get_by_text("You are logged in as a viewer")).to_be_visible()
    for name in ("Take over", "Pause the agent here", "Pause everything", "Opt out…", "Erase…"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("link", name="Export")).to_have_count(0)
    page.get_by_role("button", name="Show m1.1").click()
    expect(page.get_by_role("img", name="m1.1, a picture")).to_be_visible()
    assert look(page, "a picture") == []
    assert [url for url in asked if not url.startswith((desk.url, "blob:", "data:"))] == []
