"""`threedots doctor`: one line each for what is set up and what is not, with the fix."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent.doctor import Finding, examine
from agent.settings import Settings
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
    }
    return Settings(**(right | changes))


def found(given: Settings, twin: Twin | None = None) -> dict[str, Finding]:
    """What the doctor says, by name."""
    twin = twin or registered()

    async def ask() -> list[Finding]:
        async with twin:
            app = create_app(twin, run_twin=False)
            return await examine(given, transport=Dated(httpx.ASGITransport(app=app)))

    return {finding.name: finding for finding in asyncio.run(ask())}


def registered(**changes: Any) -> Twin:
    """A line whose webhook points at us."""
    hook = {
        "webhook_url": "https://example.com/webhooks/agentphone",
        "webhook_secret": SECRET,
        "api_keys": (KEY,),
    }
    return Twin(**(hook | changes))


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
    findings = found(settings(tmp_path))
    assert {finding.verdict for finding in findings.values()} == {"good"}, findings
    assert set(findings) == {
        "model", "prompts", "secret", "database", "key", "line", "webhook", "clock",
    }  # fmt: skip
    assert "+15550100001" in findings["line"].found
    assert all(SECRET not in str(f) and KEY not in str(f) for f in findings.values())


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
            "webhook",
            "AGENTPHONE_WEBHOOK_SECRET",
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
    assert "2" in both["secret"].found


def test_no_webhook_at_all_is_trouble(tmp_path: Path):
    finding = found(settings(tmp_path), registered(webhook_url=None, webhook_secret=None))[
        "webhook"
    ]
    assert finding.is_trouble and "/webhooks/agentphone" in finding.fix


def test_the_demo_model_is_a_warning_and_no_trouble(tmp_path: Path):
    finding = found(settings(tmp_path, threedots_model="scripted"))["model"]
    assert finding.verdict == "warning"


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
            return await examine(settings(tmp_path), transport=wire)

    clock = {finding.name: finding for finding in asyncio.run(ask())}["clock"]
    assert clock.is_trouble and "NTP" in clock.fix
    assert clock.found.startswith("+12")
