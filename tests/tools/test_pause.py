"""Have they finished? Examples of texts after which more is coming, and of texts that end."""

from __future__ import annotations

import pytest

from tools.pause import UNFINISHED_FOR, looks_unfinished, pause_after


@pytest.mark.parametrize(
    "text",
    [
        "wait", "Hold on", "ok wait", "one sec", "just a moment", "let me check", "actually",
        "I want to book a table,", "can you book a table and", "it's just that…",
        "I was thinking...",
        "two things:", "I like it but", "because", "I wonder if", "and my",
        "here's a photo", "look at this pic", "check out this screenshot",
    ],
)  # fmt: skip
def test_a_text_that_goes_on_holds_our_first_word_longer(text: str):
    assert looks_unfinished(text, has_media=False)
    assert pause_after(text, has_media=False, quiet_for=1.0) == UNFINISHED_FOR


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "thanks!", "I'll wait for you", "what's the plan for tomorrow?",
        "see you then",
        "I think so", "nice photo", "I like the picture you sent", "that's it", "who are you with",
        "stop by at six", "👍", "android", "Can you hold on to it for me?", "https://example.com/b",
    ],
)  # fmt: skip
def test_a_text_that_ends_holds_it_for_the_usual_pause(text: str):
    assert not looks_unfinished(text, has_media=False)
    assert pause_after(text, has_media=False, quiet_for=1.0) == 1.0


def test_an_announced_picture_that_came_along_is_not_waited_for():
    assert not looks_unfinished("here's a photo", has_media=True)


def test_a_longer_pause_that_the_owner_chose_is_not_shortened():
    assert pause_after("wait", has_media=False, quiet_for=5.0) == 5.0


def test_a_photo_without_words_holds_it_two_seconds_for_others_may_follow():
    assert pause_after("", has_media=True, quiet_for=1.0) == 2.0
    assert pause_after("look!", has_media=True, quiet_for=1.0) == 1.0
    assert pause_after("", has_media=True, quiet_for=2.5) == 2.5
