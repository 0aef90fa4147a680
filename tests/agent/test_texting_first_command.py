"""`threedots text-first`: the words are the operator's, and what they may cost is said."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from threedots import app

ANA = "+14155550123"


def threedots(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def in_daylight() -> str:
    """A zone in which it is two in the afternoon."""
    return f"Etc/GMT{datetime.now(UTC).hour - 14:+d}"


def test_words_that_carriers_filter_leave_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'threedots.db'}")
    monkeypatch.setenv("THREEDOTS_TEXT_FIRST", "on")
    agreed = ("--purpose", "offers", "--text", "I agree", "--evidence", "form 7")
    assert threedots("consents", "record", ANA, *agreed).exit_code == 0
    order = ("text-first", ANA, "--purpose", "offers", "--from", "+14155550100")
    for say, told in (("Two-for-one beers tonight!", True), ("See you at six?", False)):
        done = threedots(*order, "--zone", in_daylight(), "--say", say)
        assert done.exit_code == 0, done.output
        assert ("Mind that the carriers filter it by SMS: alcohol." in done.output) is told
