"""`docs/live.md` is whole, and the defaults it names are those of the code."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from typer.main import get_command

from agent.settings import Settings
from phone.emulator.switches import Switches
from tests.command_line import commands_of
from threedots import app

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "live.md").read_text()

ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith(("| ---", "| question"))
]
QUOTED = re.findall(r"`([^`\n]+)`", PAGE)
PLACES = sorted({each for each in QUOTED if re.fullmatch(r"[a-z_]+(?:\.[a-z_]+)*\.\w+", each)})
"""`memory.confirming.FAILED` and its like."""


def test_every_question_says_what_the_twin_does_and_what_we_do_until_it_is_answered():
    assert len(ROWS) > 45
    assert [row for row in ROWS if len(row) != 4 or not all(row)] == []
    assert [row[0] for row in ROWS if not row[0].endswith("?")] == []


@pytest.mark.parametrize("place", PLACES)
def test_a_default_that_is_named_stands_in_the_code(place: str):
    module, _, name = place.rpartition(".")
    assert (ROOT / f"{module.replace('.', '/')}.py").exists(), f"{place} is no place of ours"
    assert hasattr(importlib.import_module(module), name)


def test_settings_and_commands_that_are_named_exist():
    named = set(re.findall(r"\b(?:AGENTPHONE|THREEDOTS|DATABASE)_[A-Z_]+\b", PAGE))
    assert len(named) > 3
    assert named <= {name.upper() for name in Settings.model_fields}
    rooms = commands_of(get_command(app))
    told = {each.split()[1] for each in QUOTED if each.startswith("threedots ")}
    assert len(told) > 3
    assert told <= set(rooms)


def test_each_choice_the_twin_can_take_either_way_is_a_question():
    asked = " ".join(cell for row in ROWS for cell in row)
    assert [
        name for name in Switches.model_fields if f"`{name}`" not in asked and name != "profile"
    ] == []
    assert "profile" in asked


def test_every_metric_that_is_named_is_measured():
    from agent.metrics import Gauges
    from tools.meters import Meters

    counted = [*Meters().registry.collect(), *Gauges().registry.collect()]
    known = {family.name for family in counted}
    told = {name.removesuffix("_total") for name in re.findall(r"\bthreedots_[a-z_]+", PAGE)}
    assert len(told) > 4
    assert told <= known


def test_the_page_of_the_twin_names_every_switch_and_its_own_choice():
    page = (ROOT / "docs" / "twin.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| `?(\w+)", page, re.MULTILINE))
    shown = {True: "on", False: "off"}
    own = {
        name: shown.get(field.default, field.default)
        for name, field in Switches.model_fields.items()
    }
    assert rows == own
