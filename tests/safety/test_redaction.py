"""What a log may say."""

from __future__ import annotations

import re

import pytest

from safety.redaction import Redactor

KEY = b"a key"
CLEAN = Redactor(["sk_live_0123456789", "hunter2", "own"], key=KEY).clean


@pytest.mark.parametrize(
    "text",
    [
        "the key sk_live_0123456789 is wrong",
        "Authorization: Bearer abc.def-ghi",
        "signed with whsec_AbC-12_3",
        "postgresql://me:hunter2@db/threedots",
        "postgresql://me:an0ther@db/threedots",
        "sk-proj-abcdefghij",
        "sha256=" + "0f" * 32,
    ],
)
def test_secrets_are_taken_out(text: str):
    said = CLEAN(text)
    assert "[secret]" in said
    assert not re.search(r"0123456789|abc\.def|AbC-12|hunter2|an0ther|abcdefghij|0f0f", said)


@pytest.mark.parametrize(
    "text", ["+14155550123", "+1 415 555 0123", "+1 (415) 555-0123", "%2B14155550123"]
)
def test_a_number_is_one_name_however_it_is_written(text: str):
    said = CLEAN(f"to {text}, who wrote")
    assert re.fullmatch(r"to number-[0-9a-f]{8}…23, who wrote", said)
    assert said == CLEAN("to +14155550123, who wrote")


def test_the_name_of_a_number_is_not_to_be_found_without_the_key():
    assert CLEAN("+14155550123") != Redactor([], key=b"other").clean("+14155550123")


def test_mail_addresses_are_names_and_addresses_of_files_are_cut():
    assert re.fullmatch(r"from email-[0-9a-f]{8}", CLEAN("from Kim@example.com"))
    assert (
        CLEAN("see https://files.example.com/a/b.jpg?sig=1.") == "see https://files.example.com/…"
    )


@pytest.mark.parametrize(
    "text",
    [
        "the webhook was signed at 1800000000, more than 300 s away from our clock",
        "turn 4f3a9c0d1e2b: answered",
        "12 messages had been missed; 3 are answered now",
        "2026-11-25T18:00:00+00:00",
        "accepted at https://api.agentphone.ai",
    ],
)
def test_ids_times_and_counts_stay(text: str):
    assert CLEAN(text) == text


def test_a_secret_too_short_to_be_one_is_not_looked_for():
    assert CLEAN("our own number") == "our own number"
