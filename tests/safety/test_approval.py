"""What counts as a yes, and to what."""

from __future__ import annotations

import pytest

from safety.approval import answer_in, digest


@pytest.mark.parametrize(
    "text",
    ["YES", "yes", " Yes! ", "“yes”", "Yes, please.", "\uff39es", "confirm", "Sí", "да", "はい"],
)
def test_a_bare_yes_is_a_yes(text: str):
    assert answer_in(text) is True


@pytest.mark.parametrize("text", ["no", "No.", "No, thanks", "don't", "don’t", "nein"])  # noqa: RUF001
def test_a_bare_no_is_a_no(text: str):
    assert answer_in(text) is False


@pytest.mark.parametrize(
    "text",
    [
        *("ok", "sure", "👍", "yes but not now", "yes, and the other one too", "yesterday"),
        *("no idea", "", "yes " * 20, "not yes", "y?n"),
    ],
)
def test_anything_else_is_conversation(text: str):
    assert answer_in(text) is None


def test_another_argument_is_another_call():
    assert digest("pay", {"to": "Ana", "usd": 5}) == digest("pay", {"usd": 5, "to": "Ana"})
    others = [("pay", {"to": "Ana", "usd": 50}), ("pay", {"to": "Ana"}), ("tip", {"usd": 5})]
    assert len({digest(*other) for other in [("pay", {"to": "Ana", "usd": 5}), *others]}) == 4
