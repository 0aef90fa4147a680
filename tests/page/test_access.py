"""Axe looks at every view, on a phone and on a desk, by day and by night."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.page.conftest import YOU, Line, Opened
from tests.page.looks import ANA, BO, bubble, choose, contrasts, typing, violations

SEA = {"image_url": "https://pictures.example/sea.jpg"}


def furnish(line: Line) -> tuple[str, str]:
    """One of everything that can stand in a conversation; the conversation and a group."""
    for handle, name in [(YOU, "Mia"), (ANA, "Ana Ruiz"), (BO, "Bo")]:
        line.post("/handset/people", {"handle": handle, "name": name})
    line.writes("from Ana", from_handle=ANA)
    line.texts("unread", to_number=ANA)
    members = {"members": [YOU, ANA, BO], "name": "Market"}
    group = str(line.post("/handset/groups", members)["group_id"])
    line.writes("who brings bread?", from_handle=ANA, group_id=group)
    line.writes("not me", from_handle=BO, group_id=group)
    line.texts("Bo does.", to_number=group, reply_to_message_id=line.newest()["id"])
    conversation = line.writes("hello? https://example.com")
    line.writes("by sms", channel="sms")
    line.writes("and back", channel="imessage")
    asked = line.newest()["id"]
    line.agent("POST", f"/messages/{asked}/reactions", {"reaction": "love"})
    line.texts("Answer", reply_to_message_id=asked, send_style="loud")
    line.texts("The menu:\nhttps://example.com/menu")
    line.texts("ink", send_style="invisible")
    line.texts("", media_urls=["https://pictures.example/a.jpg", "https://pictures.example/b.jpg"])
    lost = {"method": "POST", "path": "/v1/messages", "undelivered": "The carrier said no."}
    line.put("/handset/faults", [lost])
    line.texts("will not arrive")
    line.put("/handset/switches", {"webhook_down": True})
    line.writes("nobody hears")
    line.put("/handset/switches", {"webhook_down": False})
    line.post("/handset/clock", {"advance": 3})
    return conversation, group


def look(page: Page, view: str, inside: str | None = None) -> list[str]:
    return [f"{view}: {found}" for found in violations(page, inside)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1180])
def test_axe_finds_nothing_to_say_of_any_view(
    line: Line, open_page: Opened, width: int, scheme: str
):
    conversation, _ = furnish(line)
    page = open_page(width=width, color_scheme=scheme, reduced_motion="reduce")
    expect(bubble(page, "nobody hears")).to_be_visible()
    expect(page.locator(".bite, .not-delivered")).to_have_count(2)
    line.agent("POST", f"/conversations/{conversation}/typing")
    expect(typing(page)).to_be_visible()
    measured = " ".join(contrasts(page))
    for words in ("Not delivered", "Webhook not answered", "Replay Loud"):
        assert words in measured, f"axe could not see {words}"
    found = look(page, "thread")
    bubble(page, "Answer").click()
    found += look(page, "menu", ".menu")
    page.keyboard.press("Escape")
    bubble(page, "Answer").click()
    page.get_by_role("menuitem", name="Reply").click()
    found += look(page, "replying", "#composer")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Photo from Threedots").first.click()
    expect(page.get_by_role("dialog")).to_contain_text("1 of 2")
    found += look(page, "photo", ".lightbox")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Trouble").click()
    page.get_by_role("button", name="429 throttled").click()
    expect(page.get_by_role("button", name="429 throttled, 1 to come")).to_be_visible()
    found += look(page, "trouble", "#trouble-panel")
    page.get_by_role("button", name="Clear all").click()
    page.keyboard.press("Escape")
    for name in ("Burst", "About this conversation"):
        page.get_by_role("button", name=name).click()
        found += look(page, name, ".sheet")
        page.keyboard.press("Escape")
    line.agent("POST", f"/conversations/{conversation}/background", SEA)
    expect(page.locator("#backdrop")).not_to_have_css("background-image", "none")
    found += look(page, "background")
    choose(page, "Market")
    expect(bubble(page, "Bo does.")).to_be_visible()
    found += look(page, "group")
    page.get_by_role("button", name="About this conversation").click()
    found += look(page, "about the group", ".sheet")
    page.keyboard.press("Escape")
    if width == 360:
        page.get_by_role("button", name="Back to conversations").click()
        found += look(page, "list")
    for form in ("New person", "New group"):
        page.get_by_role("button", name=form).click()
        found += look(page, form, ".sheet")
        page.keyboard.press("Escape")
    assert found == []
