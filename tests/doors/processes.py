"""The real commands as real processes, and the handset to text them with."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

THREEDOTS = Path(sys.executable).parent / "threedots"
SECRET = "whsec_doors_0123456789"
KEY = "sk_test_doors"
ANA = "+14155550123"
PATIENCE = 30.0
"""Seconds until a test that waits for a process gives up."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**changes: str) -> dict[str, str]:
    """An almost empty environment: nothing of this machine's settings gets in."""
    wanted = ("PATH", "HOME", "LANG", "TMPDIR")
    kept = {name: os.environ[name] for name in wanted if name in os.environ}
    return kept | {"PYTHONUNBUFFERED": "1", "THREEDOTS_QUIET_FOR": "0"} | changes


def run(
    *arguments: str, cwd: Path, typed: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    return subprocess.run(
        [THREEDOTS, *arguments],
        cwd=cwd, env=environment(**env), input=typed, capture_output=True, text=True,
        timeout=PATIENCE * 2, check=False,
    )  # fmt: skip


@dataclass
class Process:
    """A command that goes on until it is told to stop."""

    popen: subprocess.Popen[str]
    log: Path
    url: str = ""
    phones: list[Phone] = field(default_factory=list)

    @property
    def output(self) -> str:
        return self.log.read_text()

    def ready(self, path: str = "/healthz") -> None:
        """Wait until it answers."""
        eventually(lambda: self._answers(path), what=f"{self.url}{path}", also=lambda: self.output)

    def _answers(self, path: str) -> bool:
        if self.popen.poll() is not None:
            raise AssertionError(f"it ended with {self.popen.returncode}:\n{self.output}")
        try:
            return httpx.get(self.url + path, timeout=2).is_success
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        self.popen.send_signal(signal.SIGKILL)
        self.popen.wait(PATIENCE)

    def stop(self) -> int:
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(PATIENCE * 2)


@contextmanager
def started(*arguments: str, cwd: Path, url: str = "", **env: str) -> Iterator[Process]:
    """A command in the background; it ends with the block, whatever happens in it."""
    log = cwd / f"{arguments[0]}-{time.monotonic_ns()}.log"
    with log.open("w") as out:
        popen = subprocess.Popen(
            [THREEDOTS, *arguments],
            cwd=cwd, env=environment(**env), stdout=out, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
    process = Process(popen, log, url)
    try:
        yield process
    finally:
        for phone in process.phones:
            phone.http.close()
        if popen.poll() is None:
            process.kill()


def serve(port: int, cwd: Path, **env: str) -> AbstractContextManager[Process]:
    """`threedots serve` on this port."""
    url = f"http://127.0.0.1:{port}"
    return started("serve", "--port", str(port), cwd=cwd, url=url, **env)


@contextmanager
def twin_for(port: int, cwd: Path) -> Iterator[Process]:
    """AgentPhone's twin, its webhook pointed at a server on this port."""
    arguments = (
        "emulator", "--port", "0", "--webhook-url", f"http://127.0.0.1:{port}/webhooks/agentphone",
        "--webhook-secret", SECRET, "--api-key", KEY, "--time-scale", "0.001",
    )  # fmt: skip
    with started(*arguments, cwd=cwd) as twin:
        found = eventually(
            lambda: re.search(r"http://127\.0\.0\.1:\d+", twin.output), what="the twin's address"
        )
        twin.url = found[0]
        twin.ready("/handset/line")
        yield twin


def serving(twin: Process, port: int, **env: str) -> dict[str, str]:
    """The settings of `serve` for this twin; its first words stand alone unless a test asks."""
    base = {
        "THREEDOTS_INTRODUCTION": "off",
        "AGENTPHONE_API_KEY": KEY,
        "AGENTPHONE_BASE_URL": twin.url,
        "AGENTPHONE_WEBHOOK_SECRET": SECRET,
    }
    return base | env


class Phone:
    """The handset of one person."""

    def __init__(self, twin: Process) -> None:
        self.http = httpx.Client(base_url=twin.url, timeout=10)
        twin.phones.append(self)

    def text(self, body: str, **fields: Any) -> str:
        """Text the line; the conversation's id."""
        message = {"from_handle": ANA, "body": body, **fields}
        answer = self.http.post("/handset/messages", json=message)
        assert answer.is_success, answer.text
        return str(answer.json()["conversation_id"])

    def answers(self, conversation_id: str) -> list[str]:
        screen = self.http.get(f"/handset/conversations/{conversation_id}").json()
        return [m["body"] for m in screen["messages"] if m["direction"] == "outbound"]

    def answered(self, conversation_id: str, count: int = 1) -> list[str]:
        """The answers, once there are so many."""
        eventually(lambda: len(self.answers(conversation_id)) >= count, what=f"{count} answers")
        return self.answers(conversation_id)

    def screen(self, conversation_id: str) -> dict[str, Any]:
        return self.http.get(f"/handset/conversations/{conversation_id}").json()

    def fail(self, **fault: Any) -> None:
        self.http.put("/handset/faults", json=[fault]).raise_for_status()

    def calls(self, method: str, path: str) -> list[dict[str, Any]]:
        events = self.http.get("/handset/events", params={"after": 0, "wait": 0}).json()["events"]
        calls = [event for event in events if event["type"] == "api_call"]
        return [call for call in calls if (call["method"], call["path"]) == (method, path)]


def eventually(ask: Callable[[], Any], *, what: str, also: Callable[[], str] = lambda: "") -> Any:
    """Ask until the answer is true. Real processes have no clock one could hold."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"no {what} within {PATIENCE:.0f} s\n{also()}")
