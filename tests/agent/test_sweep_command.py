"""`threedots sweep`, and that a server does the same of itself."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.running import rounds_of
from agent.settings import Settings
from agent.terms import terms
from agent.tidying import TIDY_EVERY
from memory.inbox import bury
from memory.store import Store
from tests.house import House, run, script
from threedots import app


def test_old_data_is_told_and_then_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    url = f"sqlite:///{tmp_path / 'threedots.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("THREEDOTS_KEEP_DEAD_LETTERS_DAYS", "3")

    async def fill() -> None:
        long_ago = time.time() - 4 * 86_400
        async with Store(url) as store:
            await store.write(
                lambda s: bury(s, webhook_id="w", body=b"{", reason="r", now=long_ago) and None
            )

    asyncio.run(fill())
    for arguments, told in (
        (["--dry-run"], "dead_letters  1 would go\n"),
        (["--json"], json.dumps({"dead_letters": 1}, indent=2) + "\n"),
        ([], "Nothing has been kept too long.\n"),
    ):
        done = CliRunner().invoke(app, ["sweep", *arguments])
        assert (done.exit_code, done.stdout) == (0, told)


def test_ids_of_webhooks_cannot_be_kept_too_short():
    with pytest.raises(ValueError, match="greater than or equal to 30"):
        Settings(threedots_keep_dedupe_days=7)
    assert terms(Settings()).webhooks.days == 7


def test_a_live_server_sweeps_every_hour_and_a_phone_at_home_does_not():
    async def story(house: House) -> None:
        deployment = house.local.deployment
        assert deployment is not None
        assert "tidying up" not in [name for name, _, _ in rounds_of(deployment)]
        deployment.session = "live"
        [(_, tidy, every)] = [one for one in rounds_of(deployment) if one[0] == "tidying up"]
        assert every == TIDY_EVERY == 3600
        await tidy()

    run(story, script())
