"""`threedots limits`: every limit, what is used of it, and what happens at its end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from threedots import app


def test_every_limit_is_shown_with_what_happens_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/threedots.db")
    monkeypatch.setenv("THREEDOTS_LIMIT_SENDER_TURNS", "7/hour")
    monkeypatch.setenv("THREEDOTS_LIMIT_TURN_TOOL_CALLS", "0")
    shown = CliRunner().invoke(app, ["limits", "--json"])
    assert shown.exit_code == 0, shown.output
    told = json.loads(shown.output)
    first = told["limits"][0]
    assert (first["limit"], first["used"], first["allowed"]) == ("sender turns 7/hour", 0, 7)
    assert first["setting"] == "THREEDOTS_LIMIT_SENDER_TURNS"
    assert first["at_the_end"].startswith("One static notice, then silence")
    assert first["ends_at"].endswith(":00:00+00:00")
    assert (told["turn"]["tool_calls"], told["turn"]["bubbles"]) == (None, 12)
    table = CliRunner().invoke(app, ["limits"]).output
    assert "one notice, then silence" in table and "In one turn: 12 bubbles" in table
