"""A whole phone on the desk: in this process for its API, or behind a real server for a browser."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import ConsoleMessage, Page, expect
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from evals.desk.app import PARTS, Phone
from evals.local import Local, local_settings
from tests.house import PATIENCE, House, Script
from tests.page.conftest import YOU

ADDRESS = "http://127.0.0.1:8000"


class Desk(House):
    """A house whose phone stands on the desk, and the desk's API."""

    def __init__(self, phone: Phone, http: httpx.AsyncClient) -> None:
        super().__init__(phone.local, http)
        self.phone = phone

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A call that has to succeed; what it answers."""
        answer = await self.http.request(method, path, json=body)
        assert answer.is_success, f"{answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """A call that has to fail; with what and why."""
        answer = await self.http.request(method, path, json=body)
        assert answer.is_error, answer.text
        return answer.status_code, str(answer.json()["detail"])

    async def branch(self, conversation_id: str, message_id: str, **wish: Any) -> Branch:
        """A branch from a bubble."""
        body = {"conversation_id": conversation_id, "message_id": message_id, **wish}
        return Branch(self, await self.ask("POST", "/desk/branches", body))


class Branch:
    """A branch, with the hands of the people in it."""

    def __init__(self, desk: Desk, told: dict[str, Any]) -> None:
        self.desk = desk
        self.told = told
        self.id = told["id"]
        self.conversation_id = told["conversation_id"]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        return await self.desk.ask(method, f"{self.told['address']}{path}", body)

    async def text(self, body: str, **fields: Any) -> Any:
        screen = await self.screen()
        people = [person["handle"] for person in screen["participants"]]
        message = {"from_handle": people[0], "body": body, **fields}
        return await self.ask("POST", "handset/messages", message)

    async def screen(self) -> Any:
        return await self.ask("GET", f"handset/conversations/{self.conversation_id}?peek=true")

    async def bodies(self) -> list[str]:
        return [message["body"] for message in (await self.screen())["messages"]]

    async def says(self, body: str) -> None:
        """Wait until the agent has said this here last."""
        async with asyncio.timeout(PATIENCE):
            while (await self.bodies())[-1] != body:  # noqa: ASYNC110  # seen by asking
                await asyncio.sleep(0.01)


@asynccontextmanager
async def desk(model: FunctionModel, folder: Path, **options: Any) -> AsyncIterator[Desk]:
    """A phone on the desk in this process, its database in this folder."""
    settings = local_settings(ADDRESS, database=folder / "phone.db")
    chosen = settings.model_copy(update={"threedots_quiet_for": 0.0})
    phone = Phone(Local(chosen, model, in_process=True, parts=PARTS), **options)
    transport = httpx.ASGITransport(app=phone)
    async with (
        phone.running(),
        httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http,
    ):
        yield Desk(phone, http)


def play(
    story: Callable[[Desk], Awaitable[None]], played: Script, folder: Path, **options: Any
) -> None:
    """Play a story at a desk, and see that the whole script was used."""

    async def at_the_desk() -> Exception | None:
        async with desk(played.model, folder, **options) as found:
            try:
                await story(found)
            except Exception as error:
                return error  # raised outside, or it would come wrapped in task groups
        return None

    if (failed := asyncio.run(at_the_desk())) is not None:
        raise failed
    assert played.is_played, "the script has answers the model was never asked for"


def echo(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """Says what was said; what is to be remembered is remembered first."""
    last = messages[-1].parts[-1]
    if isinstance(last, ToolReturnPart):
        return ModelResponse(parts=[TextPart("Noted.")])
    words = str(getattr(last, "content", "")).partition("]\n")[2]
    if words.startswith("remember "):
        fact = {"fact": words.removeprefix("remember ")}
        return ModelResponse(parts=[ToolCallPart("remember", fact)])
    return ModelResponse(parts=[TextPart(f"You said {words}")])


class Served:
    """A phone on the desk behind a real server, and what the person at the other end does."""

    def __init__(self, folder: Path) -> None:
        listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = local_settings(self.url, database=folder / "phone.db")
        chosen = settings.model_copy(update={"threedots_quiet_for": 0.0})
        model = FunctionModel(echo, model_name="echo")
        self.phone = Phone(Local(chosen, model, parts=PARTS))
        config = uvicorn.Config(
            self.phone, log_level="error", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the phone could not be served"
            time.sleep(0.01)
        self._client = httpx.Client(base_url=self.url, trust_env=False)

    def close(self) -> None:
        self._client.close()
        self._server.should_exit = True
        self._thread.join()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        answer = self._client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def clear(self) -> None:
        """An empty phone without branches."""
        for branch in self.ask("GET", "/desk/branches")["branches"]:
            self.ask("DELETE", f"/desk/branches/{branch['id']}")
        self.ask("POST", "/handset/reset", {})

    def talk(self, body: str, answer: str, **fields: object) -> dict[str, Any]:
        """Somebody texts and the agent answers; the answer's bubble."""
        message = {"from_handle": YOU, "body": body, **fields}
        conversation = self.ask("POST", "/handset/messages", message)["conversation_id"]
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            screen = self.ask("GET", f"/handset/conversations/{conversation}?peek=true")
            if screen["messages"][-1]["body"] == answer:
                return dict(screen["messages"][-1]) | {"conversation_id": conversation}
        raise AssertionError(f"the agent never said {answer!r}")


@pytest.fixture(scope="module")
def on_a_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One served phone for a module."""
    served = Served(tmp_path_factory.mktemp("desk"))
    yield served
    served.close()


@pytest.fixture
def served(on_a_server: Served) -> Served:
    on_a_server.clear()
    return on_a_server


Opened = Callable[..., Page]


@pytest.fixture
def open_desk(tab: Page, served: Served) -> Iterator[Opened]:
    """Opens the page, 1180 wide and light unless told; fails the test when a script of it did."""
    troubles: list[str] = []

    def note(error: object) -> None:
        troubles.append(str(error))

    def overhear(said: ConsoleMessage) -> None:
        if "Content Security Policy" in said.text:
            note(said.text)

    def open_desk(path: str = "/", *, width: int = 1180, height: int = 800, **look: Any) -> Page:
        tab.set_viewport_size({"width": width, "height": height})
        tab.emulate_media(**{"color_scheme": "light", "reduced_motion": "reduce"} | look)
        tab.goto(f"{served.url}{path}")
        expect(tab.get_by_role("textbox", name="Message")).to_be_focused()
        expect(tab.get_by_role("button", name="Branches")).to_be_visible()
        return tab

    tab.on("pageerror", note)
    tab.on("console", overhear)
    yield open_desk
    tab.remove_listener("pageerror", note)
    tab.remove_listener("console", overhear)
    tab.goto("about:blank")
    assert troubles == []
