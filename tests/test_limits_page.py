"""`docs/limits.md` says what the settings say; its table is written from them: run this file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.guard import guard_of
from agent.settings import Settings
from agent.settings_limits import LimitSettings, setting_of, whose_and_what
from safety.limits import Limit, Rate

PAGE = Path(__file__).parent.parent / "docs" / "limits.md"

BEGIN, END = "<!-- from the settings -->\n", "<!-- until here -->\n"


def table() -> str:
    """Every limit with its default and what happens at its end."""
    lines = ["| setting | default | at 100 % |", "| --- | --- | --- |"]
    for name in LimitSettings().window_names:
        default = LimitSettings.model_fields[name].default
        scope, measure = whose_and_what(name)
        end = Limit(scope, measure, Rate(1, "day")).at_the_end  # type: ignore[arg-type]
        shown = "none" if default == "0" else f"`{default}`"
        lines.append(f"| `{name.upper()}` | {shown} | {end} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_limits_is_written_from_the_settings():
    page = PAGE.read_text()
    assert page.split(BEGIN)[1].split(END)[0] == table(), "run: python -m tests.test_limits_page"


def test_the_page_names_only_settings_there_are_and_all_of_these():
    named = set(re.findall(r"\bTHREEDOTS_[A-Z_]+\b", PAGE.read_text()))
    themes = {name.upper() for name in LimitSettings.model_fields}
    assert named >= themes
    assert named <= {name.upper() for name in Settings.model_fields}


def test_each_limit_is_one_line_and_zero_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("THREEDOTS_LIMIT_SENDER_TURNS", "5/hour, 9 / day")
    monkeypatch.setenv("THREEDOTS_LIMIT_DEPLOYMENT_COST", "0")
    limits = Settings().limits
    mine = [str(limit) for limit in limits.of(("sender",), ("turns",))]
    assert mine == ["sender turns 5/hour", "sender turns 9/day"]
    assert {setting_of(limit) for limit in limits.of(("sender",), ("turns",))} == {
        "THREEDOTS_LIMIT_SENDER_TURNS"
    }
    assert list(limits.of(("deployment",), ("cost_usd",))) == []


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("THREEDOTS_LIMIT_SENDER_TURNS", "30", "write 30/hour, 150/day"),
        ("THREEDOTS_LIMIT_SENDER_TURNS", "30/minute", "write 30/hour, 150/day"),
        ("THREEDOTS_COUNTRIES", "own,America", "which is no country; write codes of two letters"),
    ],
)
def test_a_limit_that_is_none_is_explained(
    monkeypatch: pytest.MonkeyPatch, name: str, written: str, told: str
):
    monkeypatch.setenv(name, written)
    with pytest.raises(ValidationError, match=re.escape(told)):
        Settings()


def test_on_a_real_line_every_default_holds():
    guard = guard_of(Settings(), "live")
    assert len(guard.limits.standing) > 15
    assert guard.breaks_loops and guard.senders.countries == ("own",)
    assert not guard.senders.answer_machines
    assert guard_of(Settings(), "local").limits.standing == ()


def write() -> None:
    """Write the table anew."""
    page = PAGE.read_text()
    before, _, after = page.partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + after.partition(END)[2])


if __name__ == "__main__":
    write()
