"""Take the pictures of the main views: `make picture`. The real page, texting the offline demo.

The README shows `phone.png`; the others are in `pictures/`. Needs Debian's `chromium` and
`fonts-noto-color-emoji`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

DOCS = Path(__file__).parent
ROOT = DOCS.parent

TEXTS = [
    "hi, my name is Ana",
    "set a background",
    "what's my name?",
    "haha",
    "send me a picture",
    "thank you!",
]

DESK = {"width": 1400, "height": 880}
PHONE = {"width": 390, "height": 780}

LIMITS = {
    "THREEDOTS_LIMIT_SENDER_TURNS": "10/hour",
    "THREEDOTS_LIMIT_NUMBER_TURNS": "60/hour",
    "THREEDOTS_LIMIT_DEPLOYMENT_TOKENS": "4400/day",
}
"""So that the console has some to show; on a developer's own phone there are none."""

PLAIN = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def main() -> None:
    """Start the phone on an empty line, text it, and look at every view."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        prompts = Path(folder) / "prompts"
        shutil.copytree(ROOT / "prompts", prompts)
        shutil.copytree(ROOT / "prompts", Path(folder) / "prompts-shorter")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=PLAIN)
        with served(Path(folder), prompts) as address:
            for file, take in VIEWS.items():
                take(browser, address, DOCS / file)
        browser.close()


@contextmanager
def served(folder: Path, prompts: Path) -> Iterator[str]:
    """`threedots phone` in that folder; its address."""
    phone = subprocess.Popen(
        [sys.executable, ROOT / "threedots.py", "phone", "--port", "0", "--no-open"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
        env={
            "PYTHONUNBUFFERED": "1",
            "PATH": "/usr/bin:/bin",
            "THREEDOTS_PROMPTS_DIR": str(prompts),
            **LIMITS,
        },
    )
    try:
        line = next(line for line in phone.stdout or [] if "http://" in line)
        yield line[line.index("http://") :].strip()
    finally:
        phone.terminate()
        phone.wait(30)


def talk(browser: Browser, address: str, file: Path) -> None:
    """The phone on a desk, with the turns beside it."""
    page = opened(browser, address, DESK)
    for text in TEXTS:
        say(page, text)
    page.wait_for_timeout(4_000)  # the effect has passed
    kept(page, file)


def narrow(browser: Browser, address: str, file: Path) -> None:
    """The same on a phone."""
    page = opened(browser, address, PHONE, is_dark=True)
    page.wait_for_timeout(4_000)
    kept(page, file)


def group(browser: Browser, address: str, file: Path) -> None:
    """A group, by night."""
    page = opened(browser, address, DESK, is_dark=True)
    page.get_by_role("button", name="New group").click()
    page.get_by_label("Name", exact=True).fill("Weekend trip")
    page.get_by_label("Others").fill("+15555550124, kim@example.com")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Weekend trip")).to_be_visible()
    for who, text in [("+15555550124", "who drives?"), (None, "Threedots, what can you do?")]:
        if who is not None:
            page.get_by_role("combobox", name="Write as").select_option(who)
        say(page, text)
    page.wait_for_timeout(2_000)
    kept(page, file)


def prompts(browser: Browser, address: str, file: Path) -> None:
    """Writing a prompt beside the phone."""
    page = opened(browser, address, DESK)
    page.get_by_role("button", name="Prompts", exact=True).click()
    field = page.get_by_role("textbox", name="instructions.md")
    field.fill(field.input_value() + "\nYou are in a good mood today.\n")
    page.wait_for_timeout(500)
    kept(page, file)


def branches(browser: Browser, address: str, file: Path) -> None:
    """The tree of branches, seen from one of them."""
    page = opened(browser, address, DESK)
    page.locator(".conversation").last.click()
    page.wait_for_timeout(1_500)  # the photos have taken their place
    page.get_by_role("article").filter(has_text="haha").click()
    page.get_by_role("menuitem", name="Branch from here").click()
    page.wait_for_url("**/branches/**")
    page.locator("body[data-beside]").wait_for()
    say(page, "what do you know about me?")
    page.get_by_role("button", name="Branches").click()
    page.wait_for_timeout(500)
    kept(page, file)


def side_by_side(browser: Browser, address: str, file: Path) -> None:
    """One text, two folders of prompts."""
    page = opened(browser, address, {"width": 1400, "height": 1300})
    page.get_by_role("button", name="Side by side").click()
    right = page.get_by_role("combobox", name="Right: prompts folder")
    right.fill(page.locator("#side-folders option").last.get_attribute("value") or "")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("textbox", name="Message to both").fill("what's my name?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("table")).to_contain_text("answered")
    page.wait_for_timeout(2_500)
    kept(page, file, is_flat=True)


def console(browser: Browser, address: str, file: Path) -> None:
    """A person has taken a conversation over; the turns beside it."""
    page = console_at(browser, address, DESK)
    page.locator(".talk-row").filter(has_not_text="Weekend trip").click()
    page.get_by_role("button", name="Take over").click()
    words = page.get_by_role("textbox", name="Write as a person")
    words.fill("Mia here, a person. I have moved your table to seven.")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log")).to_contain_text("Mia here")
    page.wait_for_timeout(1_500)
    kept(page, file, is_flat=True)


def console_narrow(browser: Browser, address: str, file: Path) -> None:
    """The same on a phone, by night."""
    page = console_at(browser, address, PHONE, is_dark=True)
    page.locator(".talk-row").filter(has_not_text="Weekend trip").click()
    expect(page.get_by_role("log")).to_contain_text("Mia here")
    page.wait_for_timeout(500)
    kept(page, file, is_flat=True)


def spend(browser: Browser, address: str, file: Path) -> None:
    """What was spent, and where each limit stands."""
    page = console_at(browser, address, DESK)
    page.get_by_role("link", name="Spend").click()
    expect(page.get_by_role("region", name="Ledger")).to_contain_text("Counted anew")
    kept(page, file, is_flat=True)


VIEWS: dict[str, Callable[[Browser, str, Path], None]] = {
    "phone.png": talk,
    "pictures/narrow.png": narrow,
    "pictures/group.png": group,
    "pictures/prompts.png": prompts,
    "pictures/branches.png": branches,
    "pictures/side-by-side.png": side_by_side,
    "pictures/console.png": console,
    "pictures/console-narrow.png": console_narrow,
    "pictures/spend.png": spend,
}


def opened(browser: Browser, address: str, size: dict[str, int], *, is_dark: bool = False) -> Page:
    """The page, with everything that stands beside it."""
    scheme = "dark" if is_dark else "light"
    page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(address)
    page.locator("body[data-beside]").wait_for()
    return page


def console_at(
    browser: Browser, address: str, size: dict[str, int], *, is_dark: bool = False
) -> Page:
    """The operator's page."""
    scheme = "dark" if is_dark else "light"
    page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{address}/console")
    page.locator(".talk-row").first.wait_for()
    return page


def say(page: Page, text: str) -> None:
    """Text, and wait until the agent has stopped typing."""
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_timeout(1_000)
    expect(page.get_by_role("status", name="Agent is typing")).to_have_count(0, timeout=15_000)


def kept(page: Page, file: Path, *, is_flat: bool = False) -> None:
    """Write the picture, and let go of the page.

    Args:
        is_flat: Whether it has no shades, so that 256 colours do: it is half as large then.
    """
    file.parent.mkdir(exist_ok=True)
    page.screenshot(path=file)
    page.close()
    if is_flat:
        with Image.open(file) as picture:
            few = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        few.save(file, optimize=True)


if __name__ == "__main__":
    main()
