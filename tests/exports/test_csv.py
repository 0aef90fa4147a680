"""A table, as a spreadsheet reads it."""

from __future__ import annotations

import csv

from memory.transcript import Heard
from tests.exports.conftest import FORMULA, Export, has_no_number


def table(export: Export, *arguments: str) -> list[dict[str, str]]:
    """The rows, read."""
    path = export("csv", *arguments)
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_turn_is_a_row(export: Export):
    noted, thanked, *_ = table(export)
    assert (noted["outcome"], noted["said"], noted["tools"]) == (
        "answered", "Noted!", "remember, react",
    )  # fmt: skip
    assert thanked["parent_turn_id"] == noted["turn_id"]
    assert int(noted["input_tokens"]) > 0 and noted["not_confirmed"] == "0"
    assert noted["cost_usd"] == "", "a price that is not known is no price"
    assert len(table(export)) == 5


def test_a_photo_without_words_is_not_an_empty_cell():
    photo = Heard.model_construct(text="", reaction=None, media=["m3.1", "m3.2"])
    assert photo.words == "[m3.1] [m3.2]"


def test_words_that_look_like_a_formula_are_words(export: Export):
    [ben] = table(export, "--text", "hi from ben")
    assert ben["heard"] == "'+hi from ben"
    assert ben["said"] == f"'{FORMULA}"
    [kept] = table(export, "--text", "hi from ben", "--with-numbers")
    assert kept["participant"].startswith("'+")


def test_excel_is_told_that_it_is_utf8(export: Export):
    written = export("csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbfturn_id,")
    assert has_no_number(written.decode("utf-8-sig"))


def test_no_turns_are_a_head_alone(export: Export):
    assert table(export, "--conversation", "nobody") == []
