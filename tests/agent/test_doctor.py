"""`threedots doctor`: one line each for what is set up and what is not, with the fix."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from agent.doctor import ROOMS, examine, modules
from agent.doctor_settings import unknown_settings
from agent.findings import Finding
from agent.settings import HOME, Settings
from phone.clock import HeldClock
from phone.emulator.app import create_app
from phone.emulator.twin import Twin

SECRET = "whsec_doctor_0123456789"
KEY = "sk_doctor"


def settings(folder: Path, **changes: Any) -> Settings:
    """Everything right, but for these."""
    right: dict[str, Any] = {
        "agentphone_api_key": KEY,
        "agentphone_base_url": "http://127.0.0.1:8000",
        "agentphone_webhook_secret": SECRET,
        "database_url": f"sqlite:///{folder / 'threedots.db'}",
        "threedots_model": "openai:gpt-5-mini",
        "openai_api_key": "sk-test",
        "threedots_public_url": "https://example.com",
        "threedots_alert_url": "https://pager.example",
    }
    return Settings(**(right | changes))


def found(given: Settings, twin: Twin | None = None) -> dict[str, Finding]:
    """What the doctor says, by name."""
    twin = twin or registered()

    async def ask() -> list[Finding]:
        async with twin:
            app = create_app(twin, run_twin=False)
            wire = Dated(httpx.ASGITransport(app=app))
            return await examine(given, transport=wire, path=[str(HOME)])

    return {finding.name: finding for finding in asyncio.run(ask())}


def registered(**changes: Any) -> Twin:
    """A line whose webhook points at us."""
    hook = {
        "webhook_url": "https://example.com/webhooks/agentphone",
        "webhook_secret": SECRET,
        "api_keys": (KEY,),
        "transport": listening(),
    }
    return Twin(**(hook | changes))


def listening(database: Path | None = None, *, status: int = 200) -> httpx.MockTransport:
    """A server that AgentPhone's test reaches, and which keeps it in this database."""

    def take(request: httpx.Request) -> httpx.Response:
        if database is not None:
            row = ("del_1", "agent.message", request.content, "test", "2026-01-01 00:00:00")
            with closing(sqlite3.connect(database)) as connection, connection:
                connection.execute(
                    "INSERT INTO event (webhook_id, event, body, why, received_at)"
                    " VALUES (?, ?, ?, ?, ?)",
                    row,
                )
        return httpx.Response(status, json={"ok": status == 200})

    return httpx.MockTransport(take)


class Dated(httpx.AsyncBaseTransport):
    """A server that says what time it is, as servers do."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, off: float = 0.0) -> None:
        self._inner = inner
        self._off = off

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        import time
        from email.utils import formatdate

        response = await self._inner.handle_async_request(request)
        response.headers["date"] = formatdate(time.time() + self._off, usegmt=True)
        return response


def test_all_is_well_when_everything_is_set_up(tmp_path: Path):
    findings = found(settings(tmp_path), registered(transport=listening(tmp_path / "threedots.db")))
    assert {finding.verdict for finding in findings.values()} == {"good"}, findings
    assert set(findings) == {
        *("model", "prompts", "modules", "secret", "database", "key", "line", "10dlc", "webhook"),
        *("test", "clock", "pictures", "live", "settings", "pager", "campaign"),
    }
    assert "+15550100001" in findings["line"].found
    assert all(SECRET not in str(f) and KEY not in str(f) for f in findings.values())


def test_a_crisis_in_which_nobody_is_called_is_said(tmp_path: Path):
    pager = found(settings(tmp_path, threedots_alert_url=None))["pager"]
    assert pager.verdict == "warning" and "THREEDOTS_ALERT_URL" in pager.fix


def test_a_setting_that_is_misspelt_is_named_with_the_one_that_is_meant():
    right = ["THREEDOTS_ALLOW", "AGENTPHONE_API_KEY_FILE", "THREEDOTS_HOST", "PATH"]
    assert unknown_settings(right).verdict == "good"
    told = unknown_settings([*right, "THREEDOTS_ALOW", "AGENTPHONE_KEYS_OF_MINE"])
    assert told.verdict == "warning"
    assert "THREEDOTS_ALOW may be THREEDOTS_ALLOW" in told.fix
    assert "AGENTPHONE_KEYS_OF_MINE" in told.found and ".env.example" in told.fix


@pytest.mark.parametrize("url", ["pager", "ftp://pager.example", "https://", "mailto:me@a.example"])
def test_a_pager_that_could_never_be_called_is_refused_at_the_start(tmp_path: Path, url: str):
    with pytest.raises(ValidationError, match="nobody would be called"):
        settings(tmp_path, threedots_alert_url=url)


def test_what_only_the_live_service_can_tell_is_open_until_it_came_in(tmp_path: Path):
    live = found(settings(tmp_path))["live"]
    assert live.found.startswith("0 of ")
    assert "STOP by SMS" in live.fix and "docs/live.md" in live.fix


@pytest.mark.parametrize(
    ("changes", "name", "fix"),
    [
        ({"threedots_model": None, "openai_api_key": None}, "model", "OPENAI_API_KEY"),
        ({"threedots_model": "nonsense:x"}, "model", "nonsense:x"),
        ({"agentphone_webhook_secret": None}, "secret", "AGENTPHONE_WEBHOOK_SECRET"),
        ({"agentphone_webhook_secret": "short"}, "secret", "AGENTPHONE_WEBHOOK_SECRET"),
        ({"agentphone_api_key": None}, "key", "AGENTPHONE_API_KEY"),
        ({"agentphone_api_key": "sk_wrong"}, "key", "fresh key"),
        (
            {"agentphone_webhook_secret": "whsec_another_one"},
            "drift",
            "threedots connect --url https://example.com",
        ),
        (
            {"agentphone_webhook_secret": f"whsec_another_one,{SECRET}@2020-01-01T00:00Z"},
            "drift",
            "threedots connect --url https://example.com",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_fix(
    tmp_path: Path, changes: dict[str, Any], name: str, fix: str
):
    finding = found(settings(tmp_path, **changes))[name]
    assert finding.is_trouble
    assert fix in finding.fix
    assert str(finding).startswith("✗")


def test_a_secret_in_rotation_is_fine(tmp_path: Path):
    both = found(settings(tmp_path, agentphone_webhook_secret=f"whsec_brand_new,{SECRET}"))
    assert both["webhook"].verdict == "good"
    assert "drift" not in both
    assert "2" in both["secret"].found


def test_no_webhook_at_all_is_trouble(tmp_path: Path):
    finding = found(settings(tmp_path), registered(webhook_url=None, webhook_secret=None))[
        "webhook"
    ]
    assert finding.is_trouble and "threedots connect" in finding.fix


def test_the_demo_model_is_a_warning_and_no_trouble(tmp_path: Path):
    finding = found(settings(tmp_path, threedots_model="scripted"))["model"]
    assert finding.verdict == "warning"


@pytest.mark.parametrize(
    ("changes", "verdict", "told"),
    [
        ({}, "good", "neither links nor phone numbers nor an age gate; an SMS beyond that is held"),
        (
            {"threedots_sms_campaign": "links,phone_numbers"},
            "good",
            "declares links, phone numbers;",
        ),
        ({"threedots_sms_content": "warn"}, "good", "beyond that leaves"),
        ({"threedots_sms_content": "off"}, "warning", "nobody looks at the words of an SMS"),
    ],
)
def test_what_may_leave_by_sms_is_said(tmp_path: Path, changes: Any, verdict: str, told: str):
    finding = found(settings(tmp_path, **changes))["campaign"]
    assert (finding.verdict, told in finding.found) == (verdict, True), finding


def test_pictures_that_nobody_could_fetch_are_said(tmp_path: Path):
    finding = found(settings(tmp_path, threedots_public_url=None))["pictures"]
    assert finding.verdict == "warning" and "THREEDOTS_PUBLIC_URL" in finding.fix
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "media.toml").write_text("[cake")
    broken = found(settings(tmp_path, threedots_prompts_dir=folder))["pictures"]
    assert broken.is_trouble and "media.toml" in broken.fix


def test_a_broken_prompt_is_named(tmp_path: Path):
    folder = tmp_path / "prompts"
    folder.mkdir()
    (folder / "instructions.md").write_text("You are $nobody.")
    finding = found(settings(tmp_path, threedots_prompts_dir=folder))["prompts"]
    assert finding.is_trouble
    assert "instructions.md" in finding.fix and "$nobody" in finding.fix


def test_a_database_that_cannot_be_opened_is_trouble(tmp_path: Path):
    (tmp_path / "folder.db").mkdir()
    finding = found(settings(tmp_path, database_url=f"sqlite:///{tmp_path / 'folder.db'}"))[
        "database"
    ]
    assert finding.is_trouble and "DATABASE_URL" in finding.fix


def test_a_clock_far_from_agentphones_is_trouble(tmp_path: Path):
    async def ask() -> list[Finding]:
        twin = registered(clock=HeldClock())
        async with twin:
            app = create_app(twin, run_twin=False)
            wire = Dated(httpx.ASGITransport(app=app), off=-120.0)
            return await examine(settings(tmp_path), transport=wire)  # on Python's own path

    clock = {finding.name: finding for finding in asyncio.run(ask())}["clock"]
    assert clock.is_trouble and "NTP" in clock.fix
    assert clock.found.startswith("+12")


@pytest.mark.parametrize(
    ("status", "verdict", "fix"),
    [(401, "trouble", "another secret"), (404, "trouble", "Is it Threedots"), (502, "trouble", "")],
)
def test_a_live_test_that_comes_back_with_an_error_is_explained(
    tmp_path: Path, status: int, verdict: str, fix: str
):
    finding = found(settings(tmp_path), registered(transport=listening(status=status)))["test"]
    assert finding.verdict == verdict
    assert str(status) in finding.found and fix in finding.fix


def test_a_test_that_somebody_else_answered_is_noticed(tmp_path: Path):
    finding = found(settings(tmp_path))["test"]
    assert finding.verdict == "warning"
    assert "DATABASE_URL" in finding.fix


def test_an_agents_own_webhook_elsewhere_is_shown(tmp_path: Path):
    twin = registered()
    [agent_id] = twin.line.agents
    twin.set_webhook("https://crm.example.com/in", key=agent_id)
    finding = found(settings(tmp_path), twin)["webhook"]
    assert finding.verdict == "warning"
    assert "https://crm.example.com/in" in finding.found and agent_id in finding.found


def test_a_line_without_10dlc_is_trouble(tmp_path: Path):
    twin = registered()
    twin.switches.sms_registered = False
    assert found(settings(tmp_path), twin)["10dlc"].is_trouble


def test_a_line_without_imessage_says_what_it_cannot_do(tmp_path: Path):
    twin = registered()
    for number in twin.line.numbers.values():
        number.type = "sms"
    finding = found(settings(tmp_path), twin)["line"]
    assert "(sms)" in finding.found and "tapbacks" in finding.fix


@pytest.mark.parametrize("first", [True, False])
def test_a_package_of_somebody_elses_by_one_of_our_names_is_noticed(tmp_path: Path, first: bool):
    package = tmp_path / "site-packages"
    (package / "tools").mkdir(parents=True)
    (package / "tools" / "__init__.py").write_text("")
    path = [str(package), str(HOME)] if first else [str(HOME), str(package)]
    finding = modules(path)
    assert finding.verdict == ("trouble" if first else "warning")
    assert str(package / "tools") in finding.found
    assert modules([str(HOME)]).verdict == "good"
    assert all((HOME / room).is_dir() for room in ROOMS)
