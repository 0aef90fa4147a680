"""The static words that the law asks for say what they have to, in every language there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.prompts import Prompts
from agent.settings import HOME, Settings
from safety.disclosure import QUESTIONS, admits, denies

SHIPPED = HOME / "prompts"
CRISIS = sorted(path.stem for path in SHIPPED.glob("crisis*.md"))


def words(prompt: str, folder: Path = SHIPPED) -> str:
    return Prompts(folder, shipped=SHIPPED).text(prompt, name="Cleo")


def test_stop_is_confirmed_with_our_name_and_the_way_back():
    assert "Cleo" in words("opted_out") and "START" in words("opted_out")


def test_the_way_back_is_confirmed_with_our_name_and_the_way_out():
    assert "Cleo" in words("opted_in") and "STOP" in words("opted_in")


def test_help_says_who_we_are_what_it_costs_and_how_to_stop():
    assert all(part in words("help") for part in ("Cleo", "AI", "STOP", "rates may apply"))


def test_the_first_sms_names_us_says_that_an_ai_writes_and_how_to_stop():
    assert all(part in words("introduction_sms") for part in ("Cleo", "AI", "HELP", "STOP"))
    assert len(words("introduction_sms")) <= 80  # half a segment is left for the answer


def test_the_first_imessage_names_us_and_says_that_an_ai_writes():
    assert all(part in words("introduction_imessage") for part in ("Cleo", "AI"))


@pytest.mark.parametrize("language", sorted(QUESTIONS))
def test_the_truth_is_told_in_every_language_the_question_is_heard_in(language: str):
    truth = words("truth" if language == "en" else f"truth_{language}")
    assert "Cleo" in truth and admits(truth) and not denies(truth)


@pytest.mark.parametrize("prompt", CRISIS)
def test_the_words_for_a_crisis_name_us_and_a_number_and_promise_nothing(prompt: str):
    said = words(prompt)
    assert "Cleo" in said
    assert any(char.isdigit() for char in said) or "findahelpline.com" in said
    assert len(said) <= 320
    assert not any(promise in said.lower() for promise in ("on its way", "is coming", "we called"))


def test_a_child_is_told_by_whom_to_be_helped_and_nothing_else():
    assert all(part in words("under_13") for part in ("Cleo", "AI", "under 13", "grown-up"))
    assert len(words("under_13")) <= 320


def test_the_reminder_says_that_an_ai_writes_and_speaks_of_a_break():
    assert all(part in words("reminder") for part in ("Cleo", "AI", "not a person", "break"))


def test_a_companion_that_does_not_mind_minors_starts_no_server():
    with pytest.raises(ValidationError, match="THREEDOTS_PROFILE is companion"):
        Settings(threedots_profile="companion", threedots_minors="off")
    assert Settings().ears.ages and not Settings(threedots_minors="off").ears.ages


def test_every_country_with_words_of_its_own_is_one_we_know():
    assert {"crisis", "crisis_us", "crisis_us_es", "crisis_gb", "crisis_es"} <= set(CRISIS)


def test_words_of_the_owners_own_come_before_ours(tmp_path: Path):
    (tmp_path / "crisis_us.md").write_text("Call our clinic, $name.\n")
    prompts = Prompts(tmp_path, shipped=SHIPPED)
    said = prompts.first(["crisis_us_fr", "crisis_us", "crisis_fr", "crisis"], name="Cleo")
    assert said == "Call our clinic, Cleo."
