"""A code is six digits, and only six digits: other numbers are conversation."""

from __future__ import annotations

import pytest

from safety.verification import codes_in, is_right, make_code, sealed, without_codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("123456", ["123456"]),
        ("it's 123 456.", ["123 456"]),
        ("code: 123-456!", ["123-456"]),
        ("111111 or 222222", ["111111", "222222"]),
        ("order A123456, $123,456.00, 1234567, 12345, +14155550123, 2026-11-26", []),
        ("415-555-0123 at 10:30", []),
    ],
)
def test_a_code_is_found_however_it_is_parted_and_nothing_else_is(text: str, codes: list[str]):
    assert codes_in(text) == codes


def test_a_code_is_taken_out_and_the_words_stay():
    assert without_codes("it's 123 456, ok?", instead="[x]") == "it's [x], ok?"


def test_what_is_kept_of_a_code_is_not_the_code_and_differs_for_each_salt():
    kept = sealed("123 456", salt=b"a")
    assert is_right("123456", salt=b"a", kept=kept)
    assert not is_right("123457", salt=b"a", kept=kept)
    assert "123456" not in kept and kept != sealed("123456", salt=b"b")


def test_a_code_has_six_digits_also_when_chance_gives_a_small_number():
    chance = iter([0, 7, 999_999])
    codes = [make_code(lambda below: next(chance)) for _ in range(3)]
    assert codes == ["000000", "000007", "999999"]
