"""What the page's tests look for: bubbles, rows, boxes, what axe says."""

from __future__ import annotations

import re
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

ANA = "+15555550124"
BO = "+15555550125"

SEEN = [(360, "light"), (1180, "dark")]
"""A phone by day and a desk by night: the widths and colour schemes everything is looked at in."""


def bubble(page: Page, text: str) -> Locator:
    return page.get_by_role("log", name="Messages").get_by_role("article").filter(has_text=text)


def row(page: Page, text: str) -> Locator:
    return page.locator(".row").filter(has=page.get_by_role("article").filter(has_text=text))


def write(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message").fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def typing(page: Page) -> Locator:
    return page.get_by_role("status", name="Agent is typing")


def choose(page: Page, name: str) -> None:
    """Open a conversation, from the list that a narrow screen hides behind the open one."""
    back = page.get_by_role("button", name=re.compile("^Back to conversations"))
    if back.is_visible():
        back.click()
    page.get_by_role("navigation", name="Conversations").get_by_role(
        "button", name=re.compile(rf"^{name}(,|$)")
    ).click()


def box(locator: Locator) -> Any:
    """Where something stands and how large it is, as x, y, width and height in pixels."""
    found = locator.bounding_box()
    assert found is not None, "it is not on the screen"
    return found


def bottom(locator: Locator) -> float:
    return float(box(locator)["y"] + box(locator)["height"])


def style(locator: Locator, name: str, pseudo: str | None = None) -> str:
    """What CSS made of it."""
    return str(
        locator.evaluate(
            "(node, [name, pseudo]) => getComputedStyle(node, pseudo).getPropertyValue(name)",
            [name, pseudo],
        )
    )


def violations(page: Page, inside: str | None = None) -> list[str]:
    """What axe has to say of what is on the screen now, or of a part of it."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate(
        "(inside) => axe.run(inside ?? document, {resultTypes: ['violations']})", inside
    )
    return [
        f"{each['id']}: {node['html']}" for each in found["violations"] for node in each["nodes"]
    ]


def contrasts(page: Page) -> dict[str, float]:
    """The contrast of every text axe could measure: what lies under something it cannot."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(Axe().axe_script)
    found = page.evaluate("() => axe.run(document, {runOnly: ['color-contrast']})")
    nodes = [node for rule in found["passes"] + found["violations"] for node in rule["nodes"]]
    data = [(node["html"], (node["any"][0]["data"] or {})) for node in nodes if node["any"]]
    return {html: facts["contrastRatio"] for html, facts in data if "contrastRatio" in facts}


def contrast(text: str, ground: str) -> float:
    """The WCAG contrast of two computed colours such as `rgb(255, 255, 255)`."""
    high, low = sorted((_luminance(text), _luminance(ground)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    shares = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
