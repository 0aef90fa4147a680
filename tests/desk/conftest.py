"""`threedots phone` on a free port, with a scripted model and prompts of its own, and a browser."""

from __future__ import annotations

import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Page
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel
from starlette.types import ASGIApp

from evals.desk.app import PARTS, Phone
from evals.local import Local, local_settings
from tests.desk.branching import on_a_server, open_desk, served
from tests.page.conftest import YOU, Opened, tab
from tests.page.conftest import open_page as open_phone

__all__ = ["on_a_server", "open_desk", "open_phone", "served", "tab"]

ROOT = Path(__file__).parent.parent.parent

PATIENCE = 20.0
"""Seconds until a test that waits for something gives up."""


def says_the_word(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A model that does what its instructions say: `The word is plum.` makes it answer `plum`."""
    told = [m.instructions for m in messages if isinstance(m, ModelRequest) and m.instructions]
    word = re.search(r"The word is (\w+)", told[-1])
    return ModelResponse([TextPart(word[1] if word else "I know no word")])


Front = Callable[[Phone], ASGIApp]
"""What stands before a phone when it is served."""


class Desk:
    """A served phone, its people and its files.

    Attributes:
        prompts: Its prompts folder, a copy of ours.
    """

    def __init__(self, folder: Path, model: Model, front: Front = lambda phone: phone) -> None:
        self.prompts = folder / "prompts"
        shutil.copytree(ROOT / "prompts", self.prompts)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        settings = local_settings(self.url, database=folder / "phone.db").model_copy(
            update={"threedots_prompts_dir": self.prompts, "threedots_quiet_for": 0.0}
        )
        self.phone = Phone(Local(settings, model, parts=PARTS))
        config = uvicorn.Config(
            front(self.phone), log_level="error", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],))
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the phone could not be served"
            time.sleep(0.01)
        self.http = httpx.Client(base_url=self.url, trust_env=False)

    def close(self) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: object) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def writes(self, body: str, from_handle: str = YOU, **fields: Any) -> str:
        """A person texts; the conversation's id."""
        told = {"from_handle": from_handle, "body": body, **fields}
        sent = self.post("/handset/messages", told)
        return str(sent["conversation_id"])

    def answers(self, conversation_id: str, count: int = 1) -> list[str]:
        """The agent's texts in a conversation, once there are so many."""
        until = time.monotonic() + PATIENCE
        while True:
            newest = self.get("/handset/events/last")["last"]
            screen = self.get(f"/handset/conversations/{conversation_id}?peek=true")
            said = [m["body"] for m in screen["messages"] if m["direction"] == "outbound"]
            if len(said) >= count:
                return said
            assert time.monotonic() < until, f"only {said} after {PATIENCE} s"
            self.get(f"/handset/events?after={newest}&wait=1")

    def tell_the_word(self, word: str) -> Path:
        """Edit the instructions as an editor does; the file."""
        file = self.prompts / "instructions.md"
        file.write_text(f"The word is {word}.\n", encoding="utf-8")
        return file


@pytest.fixture
def make_desk(tmp_path: Path) -> Iterator[Callable[[Model], Desk]]:
    """Serves a phone with this model."""
    made: list[Desk] = []

    def make(model: Model) -> Desk:
        made.append(Desk(tmp_path, model))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def desk(make_desk: Callable[[Model], Desk]) -> Desk:
    """A phone whose agent says the word of its instructions."""
    return make_desk(FunctionModel(says_the_word, model_name="script"))


@pytest.fixture
def line(desk: Desk) -> Desk:
    """What `open_page` opens."""
    return desk


@pytest.fixture
def open_page(open_phone: Opened) -> Opened:
    """Opens the phone with everything beside it."""

    def opened(**look: Any) -> Page:
        page = open_phone(**look)
        page.locator("body[data-beside]").wait_for()
        return page

    return opened
