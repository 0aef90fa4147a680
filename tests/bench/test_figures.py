"""Figures become tables that say no more than was measured."""

from __future__ import annotations

import pytest

from bench.figures import Result, markdown, percentiles, put_between_marks, ratios, spread
from bench.scenes import SCENES
from bench.texts import marked, marks
from tools.pause import looks_unfinished


def test_a_spread_is_the_median_with_the_smallest_and_the_largest():
    assert spread([9.0, 1.0, 2.0]) == "2 (1…9)"


def test_one_run_has_no_spread():
    assert spread([3.14159]) == "3.14"


def test_numbers_have_the_digits_that_count():
    assert [spread([value]) for value in (0.0512, 1.234, 12.34, 1234.5)] == [
        "0.05", "1.23", "12.3", "1,234",
    ]  # fmt: skip


def test_ratios_are_taken_pair_by_pair():
    # The medians alone, 2 and 5, would say 2.5.
    assert ratios([1.0, 10.0, 2.0], [2.0, 5.0, 8.0]) == [2.0, 0.5, 4.0]


def test_a_pair_without_a_measure_says_nothing():
    assert ratios([0.0, 2.0], [1.0, 1.0]) == [0.5]
    assert spread(ratios([0.0], [0.0])) == "-"


def test_a_pair_that_lost_a_run_is_refused():
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_percentiles_never_leave_what_was_measured():
    found = percentiles("wait", [1.0, 2.0, 3.0], "s")
    assert found["wait p50, s"] == 2.0
    assert max(found.values()) <= 3.0


def test_two_sides_are_compared_and_one_is_not():
    one = Result("Idle", "One run.", {"SQLite": [{"calls": 2.0}]})
    two = Result("Idle", "One run.", {"SQLite": [{"calls": 2.0}], "Postgres": [{"calls": 3.0}]})
    assert markdown(one).splitlines()[-1] == "| calls | 2 |"
    assert markdown(two).splitlines()[4] == "| figure | SQLite | Postgres | Postgres ÷ SQLite |"
    assert markdown(two).splitlines()[-1] == "| calls | 2 | 3 | 1.50 |"


def test_results_replace_the_old_ones_and_nothing_else():
    page = "before\n<!-- results -->\nold\n<!-- end of results -->\nafter\n"
    written = put_between_marks(page, "new")
    assert written.startswith("before\n") and written.endswith("\nafter\n")
    assert "new" in written and "old" not in written
    assert put_between_marks(written, "new") == written


def test_a_page_without_marks_is_left_alone():
    with pytest.raises(ValueError, match="results"):
        put_between_marks("<!-- end of results --> <!-- results -->", "new")


def test_a_text_says_whose_and_which_it_is():
    texts = [marked("Hi", "+15551000007", 1), marked("Day 3?", "+15551000007", 12)]
    assert marks(texts) == {"+15551000007": {1, 12}}


def test_no_text_of_a_scene_asks_for_a_longer_pause():
    texts = [marked(text, "+15551000007", 1) for scene in SCENES for text in scene.texts]
    assert [text for text in texts if looks_unfinished(text, has_media=False)] == []
