"""The report of an evaluation: one file that needs nothing else and says what the runs say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from typer.testing import CliRunner

from evals.reports.plots import Row, plot
from evals.verdicts.statistics import Interval
from tests.page.conftest import tab
from threedots import app

__all__ = ["tab"]

SCENARIOS = Path(__file__).parents[2] / "evals" / "scenarios"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenarios played, as a page and as lines; in a second file one of them has failed."""
    folder = tmp_path_factory.mktemp("report")
    files = [str(SCENARIOS / f"{name}.yaml") for name in ("lone-message", "burst-of-three")]
    arguments = ["--model", "scripted", "--out", str(folder / "a.jsonl"), "--html"]
    done = CliRunner().invoke(app, ["eval", *files, *arguments, str(folder / "a.html")])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in (folder / "a.jsonl").read_text().splitlines()]
    lines[0]["passed"] = False
    lines[0]["verdicts"][0] |= {"passed": False, "found": "<b>nothing</b> & more"}
    (folder / "b.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    pair = [str(folder / name) for name in ("a.jsonl", "b.jsonl")]
    done = CliRunner().invoke(app, ["compare", *pair, "--html", str(folder / "ab.html")])
    assert done.exit_code == 0, done.output
    return folder


def test_a_report_tells_each_scenario_with_its_talk(played: Path):
    page = (played / "a.html").read_text()
    assert "2 of 2 scenarios passed" in page
    assert page.count('<details class="scenario">') == 2
    assert "scripted" in page and re.search("prompts [0-9a-f]{8}", page)
    assert '<li class="heard">' in page and '<li class="said">' in page
    assert "Share of runs that passed" in page and "<svg" in page


def test_two_files_stand_side_by_side_with_what_fell_first(played: Path):
    page = (played / "ab.html").read_text()
    assert page.index("Fell (1)") < page.index("As before (1)")
    assert "These runs show no difference" in page or "B is worse" in page
    assert "&lt;b&gt;nothing&lt;/b&gt; &amp; more" in page, "what was found is text"
    assert page.count("<h3>A: ") == page.count("<h3>B: ") == 2


@pytest.mark.parametrize("name", ["a.html", "ab.html"])
def test_it_needs_nothing_from_anywhere(played: Path, name: str):
    page = (played / name).read_text()
    assert not any(it in page for it in ("<script", "src=", "href=", "url(", "@import"))


@pytest.mark.parametrize("name", ["a.html", "ab.html"])
@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1180, "dark")])
def test_axe_finds_nothing_to_say(played: Path, tab: Page, name: str, width: int, scheme: str):
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    tab.goto((played / name).as_uri())
    tab.evaluate("() => document.querySelectorAll('details').forEach((each) => (each.open = true))")
    found = Axe().run(tab).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= width


def test_a_plot_says_its_figures_in_words():
    drawn = plot("Score", [Row("A", 0.5, Interval(0.25, 0.75)), Row("B", 1.0, None)])
    assert 'aria-label="Score: A: 0.5 (95 % interval 0.25 to 0.75) · B: 1"' in drawn
    assert drawn.count("<circle") == 2
