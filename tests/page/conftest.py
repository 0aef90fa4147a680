"""A twin on a free port, an agent that speaks AgentPhone's API to it, and a browser to look on."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import uvicorn
from playwright.sync_api import ConsoleMessage, Page, expect, sync_playwright

from phone.clock import SystemClock
from phone.emulator.app import create_app
from phone.emulator.switches import Switches
from phone.emulator.twin import Twin

CHROMIUM = Path("/usr/bin/chromium")

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""What keeps Chromium from asking anything of anybody but the page's own origin."""

YOU = "+15555550123"
"""Whom the page introduces on an empty line."""

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""A PNG of one pixel."""


class Line:
    """A twin behind a real server, and both sides of it: the people's phones and the agent."""

    def __init__(self) -> None:
        self.webhooks: list[Any] = []
        listener = httpx.MockTransport(self._listen)
        self.twin = Twin(seed=7, webhook_url="http://127.0.0.1:1/hook", transport=listener)
        self.port = 0
        self.start()
        self._client = httpx.Client(base_url=self.url, trust_env=False)
        self.number = self.get("/handset/line")["numbers"][0]["phone_number"]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve; on the same port as before when this is not the first time."""
        config = uvicorn.Config(
            create_app(self.twin),
            host="127.0.0.1",
            port=self.port,
            log_level="error",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the twin could not be served"
            time.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]
        self._loop = self._server.servers[0].get_loop()

    def _listen(self, request: httpx.Request) -> httpx.Response:
        self.webhooks.append(json.loads(request.content))
        return httpx.Response(200)

    def heard(self, count: int) -> list[str]:
        """The texts of the webhooks that came, once there are so many."""
        until = time.monotonic() + 5
        while len(self.webhooks) < count and time.monotonic() < until:
            self.get("/handset/line")
        return [hook["data"]["message"] for hook in self.webhooks]

    def clear(self) -> None:
        """An empty line, as it was in the beginning."""
        self.put("/handset/switches", Switches().model_dump())
        cast(SystemClock, self.twin.clock).ahead = 0.0
        self.post("/handset/reset", {})
        self.webhooks.clear()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def in_its_thread(self, act: Callable[[], None]) -> None:
        """Do something with the line between two of its requests, and wait for it."""
        done = threading.Event()

        def do() -> None:
            act()
            done.set()

        self._loop.call_soon_threadsafe(do)
        assert done.wait(30)

    def close(self) -> None:
        self._client.close()
        self.stop()

    def get(self, path: str) -> Any:
        return self._checked(self._client.get(path))

    def post(self, path: str, body: object) -> Any:
        return self._checked(self._client.post(path, json=body))

    def put(self, path: str, body: object) -> Any:
        return self._checked(self._client.put(path, json=body))

    def writes(self, body: str, from_handle: str = YOU, **fields: object) -> str:
        """A person texts by some other means than the page; the conversation's id."""
        sent = self.post("/handset/messages", {"from_handle": from_handle, "body": body, **fields})
        return str(sent["conversation_id"])

    def screen(self, conversation_id: str) -> Any:
        return self.get(f"/handset/conversations/{conversation_id}?peek=true")

    def newest(self) -> Any:
        """The newest message of the conversation written in last."""
        conversations = self.get("/handset/conversations")["conversations"]
        return self.screen(conversations[0]["id"])["messages"][-1] if conversations else None

    def agent(self, method: str, path: str, body: object = None) -> Any:
        key = {"Authorization": "Bearer sk_twin"}
        return self._checked(self._client.request(method, f"/v1{path}", json=body, headers=key))

    def texts(self, body: str, to_number: str = YOU, **fields: object) -> str:
        """The agent sends a bubble; its id."""
        message = {"from_number": self.number, "to_number": to_number, "body": body, **fields}
        return str(self.agent("POST", "/messages", message)["id"])

    def _checked(self, answer: httpx.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def served() -> Iterator[Line]:
    """One served line for a module."""
    line = Line()
    yield line
    line.close()


@pytest.fixture
def line(served: Line) -> Line:
    served.clear()
    return served


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    """One browser with one tab for a module. It must be gone before other tests begin: while
    Playwright's own event loop lives, `asyncio.run` refuses to work in this thread."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed, so the page cannot be looked at")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        tab = browser.new_page()
        tab.set_default_timeout(10_000)
        yield tab
        browser.close()


Opened = Callable[..., Page]


@pytest.fixture
def open_page(tab: Page, line: Line) -> Iterator[Opened]:
    """Opens the page, 1280 wide and light unless told; fails the test when a script of the page
    failed, or when it asked for something its content policy forbids."""
    troubles: list[str] = []

    def note(error: object) -> None:
        troubles.append(str(error))

    def open_page(*, width: int = 1280, height: int = 800, **look: Any) -> Page:
        tab.set_viewport_size({"width": width, "height": height})
        tab.emulate_media(**{"color_scheme": "light", "reduced_motion": "no-preference"} | look)
        tab.goto(line.url)
        expect(tab.get_by_role("textbox", name="Message")).to_be_focused()
        return tab

    def overhear(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            note(said.text)

    tab.on("pageerror", note)
    tab.on("console", overhear)
    yield open_page
    tab.remove_listener("pageerror", note)
    tab.remove_listener("console", overhear)
    tab.goto("about:blank")
    assert troubles == []
