"""`threedots connect`: reads first, registers only what differs, never loses a secret."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.connecting import CannotConnect, Connected, address, connect
from agent.secret_place import NAME, Place, keyring_of, place_of
from agent.settings import Settings
from phone.client import AgentPhoneClient
from phone.emulator.app import create_app
from phone.emulator.records import PROJECT
from phone.emulator.twin import Twin
from phone.keyring import FORMER_FOR, Key, read_keys
from phone.webhook import TRIAL

NOW = 1_800_000_000.0
URL = "https://texts.example.com/webhooks/agentphone"
SECRET = "whsec_before_0123456789"
KEY = "sk_connect"


class Desk:
    """An account at AgentPhone, a `.env`, and a server that answers the test."""

    def __init__(self, folder: Path, *, env: str | None = f"A=1\n{NAME}={SECRET}\n") -> None:
        self.env = folder / ".env"
        if env is not None:
            self.env.write_text(env)
        self.heard: list[bytes] = []
        self.status: int | None = 200
        self.registrations = 0
        self.twin = Twin(api_keys=(KEY,), transport=httpx.MockTransport(self._listen))

    def _listen(self, request: httpx.Request) -> httpx.Response:
        if self.status is None:
            raise httpx.ConnectError("nobody there")
        self.heard.append(request.content)
        return httpx.Response(self.status, json={"ok": True})

    @property
    def place(self) -> Place:
        return Place(self.env, in_env=True)

    @property
    def kept(self) -> list[Key]:
        return self.place.read() or []

    def secret(self, key: str = PROJECT) -> str:
        return self.twin.line.hooks[key].secret

    def connect(self, url: str = URL, **options: Any) -> Connected:
        chosen: dict[str, Any] = {
            "agent_id": None, "kept": self.kept, "place": self.place, "rotate": False,
            "dry_run": False, "now": NOW,
        } | options  # fmt: skip

        async def run() -> Connected:
            async with self.twin:
                app = httpx.ASGITransport(app=create_app(self.twin, run_twin=False))
                wire = chosen.pop("wire", lambda inner: inner)(Counted(app, self))
                async with AgentPhoneClient(
                    KEY, base_url="http://127.0.0.1:8000", transport=wire
                ) as phone:
                    return await connect(phone, url=url, **chosen)

        return asyncio.run(run())


class Counted(httpx.AsyncBaseTransport):
    """Counts the registrations that reach AgentPhone."""

    def __init__(self, inner: httpx.AsyncBaseTransport, desk: Desk) -> None:
        self.inner, self.desk = inner, desk

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        is_one = request.url.path.endswith(("/webhooks", "/webhook"))
        self.desk.registrations += is_one and request.method == "POST"
        return await self.inner.handle_async_request(request)


def said(done: Connected) -> str:
    return "\n".join(str(finding) for finding in done.findings)


def test_a_webhook_that_is_not_there_is_registered_and_its_secret_kept(tmp_path: Path):
    desk = Desk(tmp_path, env=None)
    done = desk.connect()
    assert desk.twin.line.hooks[PROJECT].url == URL
    assert desk.kept == [Key(desk.secret())]
    assert "none is registered" in said(done) and "answered 200" in said(done)
    assert desk.secret() not in said(done), "it is in the file, and nowhere else"
    assert TRIAL.encode() in desk.heard[0]


def test_what_is_right_already_is_left_alone(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.twin.set_webhook(URL, secret=SECRET)
    before = desk.env.stat().st_mtime_ns
    done = desk.connect()
    assert (desk.secret(), done.why) == (SECRET, "")
    assert desk.env.stat().st_mtime_ns == before
    assert desk.registrations == 0


def test_another_address_is_registered_and_the_former_secret_counts_for_a_day(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.twin.set_webhook("https://old.example.com/webhooks/agentphone", secret=SECRET)
    hook = desk.twin.line.hooks[PROJECT]
    hook.context_limit, hook.timeout = 3, 77
    done = desk.connect()
    new, former = desk.kept
    assert new == Key(desk.secret()) and desk.secret() != SECRET
    assert former == Key(SECRET, NOW + FORMER_FOR)
    assert desk.env.read_text().startswith("A=1\n")
    hook = desk.twin.line.hooks[PROJECT]
    assert (hook.context_limit, hook.timeout) == (3, 77), "registering resets what is left out"
    assert "it points to https://old.example.com" in said(done)


def test_a_second_run_changes_nothing_and_a_day_later_the_former_secret_goes(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.connect()
    first = desk.env.read_text()
    desk.connect(now=NOW + 600)
    assert (desk.env.read_text(), desk.registrations) == (first, 1)
    desk.connect(now=NOW + FORMER_FOR + 1)
    assert desk.kept == [Key(desk.secret())]


def test_a_secret_that_somebody_else_changed_is_taken_over_without_another_one(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.twin.set_webhook(URL)
    theirs = desk.secret()
    desk.connect()
    assert desk.secret() == theirs
    assert desk.kept == [Key(theirs), Key(SECRET, NOW + FORMER_FOR)]


def test_a_rotation_makes_a_new_secret_although_nothing_differs(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.twin.set_webhook(URL, secret=SECRET)
    desk.connect(rotate=True)
    assert desk.secret() != SECRET
    assert [key.secret for key in desk.kept] == [desk.secret(), SECRET]


@pytest.mark.parametrize("rotate", [True, False])
def test_a_dry_run_says_it_and_changes_nothing(tmp_path: Path, rotate: bool):
    desk = Desk(tmp_path)
    desk.twin.set_webhook(URL)
    before = (desk.env.read_text(), desk.secret())
    done = desk.connect(dry_run=True, rotate=rotate)
    assert (desk.env.read_text(), desk.secret(), desk.heard) == (*before, [])
    assert "would" in said(done)
    assert done.as_json()["registers"] is rotate
    assert desk.secret() not in said(done) + str(done.as_json())


def test_an_agents_own_webhook_leaves_the_projects_secret_in_force(tmp_path: Path):
    desk = Desk(tmp_path)
    [agent_id] = desk.twin.line.agents
    desk.twin.set_webhook(URL, secret=SECRET)
    desk.connect(agent_id=agent_id)
    assert desk.secret() == SECRET
    assert desk.kept == [Key(desk.secret(agent_id)), Key(SECRET)], "both sign what comes here"


def test_an_agent_whose_messages_go_elsewhere_is_named(tmp_path: Path):
    desk = Desk(tmp_path)
    [agent_id] = desk.twin.line.agents
    desk.twin.set_webhook("https://crm.example.com/in", key=agent_id)
    done = desk.connect()
    assert f"--agent {agent_id}" in said(done)
    assert desk.twin.line.hooks[agent_id].url == "https://crm.example.com/in"


def test_an_agent_that_does_not_exist_is_said_with_those_that_do(tmp_path: Path):
    desk = Desk(tmp_path)
    [agent_id] = desk.twin.line.agents
    with pytest.raises(CannotConnect, match=agent_id):
        desk.connect(agent_id="agt_gone")


def test_a_secret_that_cannot_be_kept_is_printed_with_what_to_do(tmp_path: Path):
    desk = Desk(tmp_path)
    nowhere = Place(tmp_path / "gone" / ".env", in_env=True)
    done = desk.connect(place=nowhere)
    assert done.unsaved.startswith(desk.secret())
    assert f"{NAME}={desk.secret()},{SECRET}@" in said(done)
    assert any(finding.is_trouble for finding in done.findings)
    other = Desk(tmp_path)
    assert other.connect(place=None).unsaved.startswith(other.secret())


class Loses(httpx.AsyncBaseTransport):
    """Lets the registration happen, and its answer get lost."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, reads: bool) -> None:
        self.inner, self.reads, self.lost = inner, reads, False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        if request.method == "POST" and request.url.path.endswith("webhooks"):
            self.lost = True
            raise httpx.ReadError("cut off")
        return httpx.Response(400, json={}) if self.lost and not self.reads else answer


def test_a_lost_answer_is_looked_up(tmp_path: Path):
    desk = Desk(tmp_path)
    desk.connect(wire=lambda inner: Loses(inner, reads=True))
    assert [key.secret for key in desk.kept] == [desk.secret(), SECRET]
    assert desk.registrations == 1


def test_an_answer_that_stays_lost_is_found_by_the_next_run(tmp_path: Path):
    desk = Desk(tmp_path)
    with pytest.raises(CannotConnect, match="once more"):
        desk.connect(wire=lambda inner: Loses(inner, reads=False))
    desk.connect()
    assert [key.secret for key in desk.kept] == [desk.secret(), SECRET]
    assert desk.registrations == 1


@pytest.mark.parametrize(
    ("status", "verdict", "says"),
    [
        (401, "trouble", "another secret"),
        (404, "trouble", "Is it Threedots"),
        (503, "warning", "Start threedots serve"),
        (None, "warning", "Start threedots serve"),
    ],
)
def test_what_came_back_from_the_test_is_explained(
    tmp_path: Path, status: int | None, verdict: str, says: str
):
    desk = Desk(tmp_path)
    desk.status = status
    [finding] = [one for one in desk.connect().findings if one.name == "test"]
    assert (finding.verdict, says in finding.fix) == (verdict, True)


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        ("https://a.example", "https://a.example/webhooks/agentphone"),
        ("https://a.example/", "https://a.example/webhooks/agentphone"),
        ("https://a.example/under", "https://a.example/under/webhooks/agentphone"),
        ("https://a.example/webhooks/agentphone", "https://a.example/webhooks/agentphone"),
    ],
)
def test_an_address_is_where_the_server_listens(given: str, becomes: str):
    assert address(given) == becomes


@pytest.mark.parametrize(
    "given", ["a.example", "ftp://a", "https://", "https://a/?b=c", "", "http://a.example"]
)
def test_what_is_no_address_is_refused(given: str):
    with pytest.raises(CannotConnect, match="--url"):
        address(given)


def test_a_twin_on_this_machine_is_told_plain_http():
    told = address("http://127.0.0.1:8080", twin=True)
    assert told == "http://127.0.0.1:8080/webhooks/agentphone"
    with pytest.raises(CannotConnect, match="its own machine"):
        address("http://a.example", twin=True)


def test_the_secrets_are_where_they_came_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    env, own = tmp_path / ".env", tmp_path / "secret"
    env.write_text(f"{NAME}={SECRET}\n")
    own.write_text(f"{SECRET}\n")
    assert place_of(Settings(agentphone_webhook_secret=SECRET), env_file=env) == Place(env, True)
    assert place_of(Settings(agentphone_webhook_secret="whsec_of_the_env"), env_file=env) is None
    assert place_of(Settings(), env_file=tmp_path / "none") == Place(tmp_path / "none", True)
    monkeypatch.setenv(f"{NAME}_FILE", str(own))
    assert place_of(Settings(), env_file=env) == Place(own, False)
    place_of(Settings(), env_file=env).write([Key("whsec_newer"), Key(SECRET)])
    assert own.read_text() == f"whsec_newer,{SECRET}\n"


def test_a_server_hears_of_a_secret_that_is_written_while_it_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(f"{NAME}={SECRET}\n")
    ring = keyring_of(Settings(agentphone_webhook_secret=SECRET))
    assert ring.secrets(NOW) == [SECRET]
    Place(tmp_path / ".env", in_env=True).write(read_keys(f"whsec_newer,{SECRET}"))
    assert ring.look_again()
    assert ring.secrets(NOW) == ["whsec_newer", SECRET]
