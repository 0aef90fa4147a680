"""Two machines are told by their pace and their words; a person in a hurry is not one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from safety.loops import Heard, no_loop
from safety.verdicts import Refused

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def talk(*texts: str, every: float = 30.0, after: float | None = 20.0) -> list[Heard]:
    """Texts so many seconds apart, each so long after a bubble of ours; None: we said nothing."""
    times = [NOON + timedelta(seconds=every * number) for number in range(len(texts))]
    return [
        Heard(text, at, at - timedelta(seconds=after) if after is not None and nth else None)
        for nth, (text, at) in enumerate(zip(texts, times, strict=True))
    ]


def is_loop(heard: list[Heard], *, later: float = 0.0) -> bool:
    now = heard[-1].at + timedelta(seconds=later)
    return isinstance(no_loop(heard, now=now), Refused)


def words(count: int) -> list[str]:
    """Texts that have nothing to do with each other."""
    return ["abcdefghijklmnopqrstuvwxyz"[n] * (n + 2) for n in range(count)]


def test_more_than_eight_texts_each_within_five_seconds_of_an_answer_are_a_machine():
    assert not is_loop(talk(*words(9), after=2.0))
    assert is_loop(talk(*words(10), after=2.0))
    assert not is_loop(talk(*words(20), after=6.0))


def test_a_burst_without_answers_of_ours_between_is_a_person():
    assert not is_loop(talk(*words(20), every=1.0, after=None))


def test_nine_photos_at_once_are_a_person():
    album = [Heard("", NOON, NOON - timedelta(seconds=2))] * 9
    assert not is_loop(album)


def test_what_is_ten_minutes_old_counts_no_more():
    assert not is_loop(talk(*words(10), after=2.0), later=400)


AWAY = "I am away until Monday {}. For urgent matters call the office."


@pytest.mark.parametrize(
    ("texts", "looped"),
    [
        ([AWAY.format(n) for n in range(3)], True),
        ([AWAY.format(n) for n in range(2)], False),
        (["hello?", "Hello?", "hello"], False),
        (["ok", "ok", "ok", "ok"], False),
        (["what are your opening hours", "and where are you exactly", "open on sunday?"], False),
    ],
)
def test_the_same_sentence_three_times_over_is_a_machine(texts: list[str], looped: bool):
    assert is_loop(talk("hi", *texts)) is looped


def test_even_a_short_word_is_one_when_it_comes_at_once_each_time():
    assert is_loop(talk("hi", "ok", "ok", "ok", after=1.0))


def test_one_text_sent_three_times_in_a_row_is_no_loop():
    again = talk(*["Please send me the list"] * 3, every=1.0, after=None)
    assert not is_loop(again)
