"""Segments as the carriers bill them: the alphabet, the table beside it, and what flips a text."""

# ruff: noqa: RUF001  # it is about the characters that look like others

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.segments import PLAIN, segments, segments_sent, with_plain_punctuation


@pytest.mark.parametrize(
    ("text", "count", "encoding"),
    [
        ("", 0, "GSM-7"),
        ("a" * 160, 1, "GSM-7"),
        ("a" * 161, 2, "GSM-7"),
        ("a" * 306, 2, "GSM-7"),
        ("a" * 307, 3, "GSM-7"),
        ("€" * 80, 1, "GSM-7"),
        ("€" * 81, 2, "GSM-7"),
        ("[" * 76 + "a" * 9, 2, "GSM-7"),
        ("ñ" * 160, 1, "GSM-7"),
        ("ç", 1, "UCS-2"),
        ("’" + "a" * 69, 1, "UCS-2"),
        ("’" + "a" * 70, 2, "UCS-2"),
        ("’" + "a" * 133, 2, "UCS-2"),
        ("’" + "a" * 134, 3, "UCS-2"),
        ("😀" * 35, 1, "UCS-2"),
        ("😀" * 36, 2, "UCS-2"),
        ("😀" * 67, 3, "UCS-2"),  # 33 to a segment: half an emoji has no room in the 67th unit
    ],
)
def test_a_text_has_so_many_segments(text: str, count: int, encoding: str):
    counted = segments(text)
    assert (counted.count, counted.encoding) == (count, encoding)


def test_what_counts_as_two_is_not_torn_apart_at_the_end_of_a_segment():
    assert segments("a" * 152 + "€" + "a" * 152).count == 3
    assert segments("a" * 151 + "€" + "a" * 153).count == 2


def test_the_operator_is_told_which_character_flipped_it():
    told = str(segments("It’s 5 o’clock 😀"))
    assert told == "1 segment, UCS-2 because of ’ (U+2019 RIGHT SINGLE QUOTATION MARK) and 1 more"
    assert str(segments("a\u200bb")) == "1 segment, UCS-2 because of U+200B ZERO WIDTH SPACE"
    assert str(segments("a" * 200)) == "2 segments, GSM-7"


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("It’s “fine” – really… ok", 'It\'s "fine" - really... ok'),
        ("• milk\n• tea", "- milk\n- tea"),
        ("It’s fine 😀", "It’s fine 😀"),
        ("plain", "plain"),
        ("naïve — но", "naïve — но"),
    ],
)
def test_punctuation_is_made_plain_only_where_that_alone_avoids_ucs_2(text: str, sent: str):
    assert with_plain_punctuation(text) == sent


@given(st.text(alphabet=st.sampled_from("abc €[’“—…😀é\n"), max_size=400))
def test_a_longer_text_never_has_fewer_segments_and_folding_never_more(text: str):
    assert segments(text + "a").count >= segments(text).count
    assert segments(with_plain_punctuation(text)).count <= segments(text).count


def test_every_plain_form_is_gsm_7():
    assert segments("".join(PLAIN.values())).encoding == "GSM-7"


def test_only_sms_and_mms_are_counted():
    long = "a" * 400
    counted = [segments_sent(long, channel=channel) for channel in ("imessage", "sms", "mms")]
    assert counted == [0, 3, 3]
    assert segments_sent(long, channel="sms", media=2) == 1
