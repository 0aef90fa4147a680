"""Which texts ask to be forgotten, and which only sound like it."""

from __future__ import annotations

import pytest

from safety.forgetting import asks_to_be_forgotten


@pytest.mark.parametrize(
    "text",
    [
        *("Forget me", "forget me!", "Please forget me.", "FORGET EVERYTHING", "forget us"),
        *("forget everything you know about me", "Forget what you know about me please"),
        *("can you forget everything about me", "forget all of it", "forget all you remember"),
        *("vergiss mich bitte", "Olvídame", "oublie-moi"),
    ],
)
def test_who_asks_to_be_forgotten_is(text: str):
    assert asks_to_be_forgotten(text)


@pytest.mark.parametrize(
    "text",
    [
        *("forget it", "forget that", "forget about it", "forget me not", "don't forget me"),
        *("did you forget me?", "forget everything and dance", "I forget", "", "forgive me"),
        *("please forget my ex", "x" * 500),
    ],
)
def test_conversation_is_not_forgotten(text: str):
    assert not asks_to_be_forgotten(text)
