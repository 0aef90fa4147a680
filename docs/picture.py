"""Make the README's picture: `make picture`. The real phone page, texting the offline demo."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "phone.png"

TEXTS = [
    "hi, my name is Ana",
    "set a background",
    "what's my name?",
    "haha",
    "send me a picture",
    "thank you!",
]


def main() -> None:
    """Start the phone on an empty line, text it, and look."""
    with tempfile.TemporaryDirectory() as folder:
        phone = subprocess.Popen(
            [Path(sys.executable).parent / "threedots", "phone", "--port", "0", "--no-open"],
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONUNBUFFERED": "1", "PATH": "/usr/bin:/bin"},
        )
        try:
            line = next(line for line in phone.stdout or [] if "http://" in line)
            take(line[line.index("http://") :].strip())
        finally:
            phone.terminate()
            phone.wait(30)


def take(address: str) -> None:
    """Text the demo in the page and keep the picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
            ],
        )
        page = browser.new_page(viewport={"width": 1180, "height": 860}, device_scale_factor=1.5)
        page.goto(address)
        for text in TEXTS:
            say(page, text)
        page.wait_for_timeout(4_000)  # the effect has passed
        page.screenshot(path=PICTURE)
        browser.close()


def say(page: Page, text: str) -> None:
    """Text, and wait until the agent has stopped typing."""
    page.get_by_role("textbox", name="Message").fill(text)
    page.keyboard.press("Enter")
    page.wait_for_timeout(1_000)
    expect(page.get_by_role("status", name="Agent is typing")).to_have_count(0, timeout=15_000)


if __name__ == "__main__":
    main()
