"""Who is answered: lists first, then machines, strangers and countries."""

from __future__ import annotations

from typing import Any

import pytest

from safety.senders import Senders, country_of, may_answer
from safety.verdicts import Allowed, Refused

ANA = "+14155550123"
OURS = "+14155550100"


def code(handle: str = ANA, text: str = "hi", channel: str = "sms", **rules: Any) -> str | None:
    """Why somebody is not answered; None when they are."""
    number = rules.pop("number", OURS)
    verdict = may_answer(Senders(**rules), handle, text=text, channel=channel, number=number)
    return verdict.code if isinstance(verdict, Refused) else None


@pytest.mark.parametrize("handle", [ANA, "+14165550123", "+15555550123", "kim@example.com"])
def test_a_person_at_home_is_answered(handle: str):
    assert code(handle) is None


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"block": (ANA,)}, "blocked"),
        ({"block": ("+1415*",), "allow": (ANA,)}, "blocked"),
        ({"strangers": "ignore"}, "unknown_sender"),
        ({"strangers": "static"}, "unknown_sender"),
        ({"strangers": "ignore", "allow": (ANA,)}, None),
        ({"strangers": "ignore", "allow": ("+1415*",)}, None),
    ],
)
def test_the_lists_say_who_is_answered_and_the_block_list_wins(rules: Any, why: str | None):
    assert code(**rules) == why


def test_an_address_is_listed_whatever_its_letters():
    assert code("Kim@Example.com", strangers="ignore", allow=("*@example.com",)) is None


@pytest.mark.parametrize(
    ("handle", "text", "why"),
    [
        ("72975", "Your package is here", "short_code"),
        ("262966", "hi", "short_code"),
        ("AMAZON", "Your package is here", "alphanumeric"),
        ("no-reply@example.com", "hi", "no_reply"),
        ("donotreply@example.com", "hi", "no_reply"),
        (ANA, "Your verification code is 482 913.", "one_time_code"),
        (ANA, "G-482913 is your Google verification code.", "one_time_code"),
        (ANA, "482913 is your code. Your code is valid for 10 minutes.", "one_time_code"),
        (ANA, "Tu código de verificación: 4829", "one_time_code"),
        (ANA, "OTP: 482913", "one_time_code"),
        (ANA, "the gate code is 4829, come in", None),
        (ANA, "what is a verification code?", None),
        (ANA, "my confirmation was at 5", None),
        ("noreen@example.com", "hi", None),
    ],
)
def test_what_a_machine_sends_is_kept_and_gets_no_answer(handle: str, text: str, why: str | None):
    assert code(handle, text) == why
    assert code(handle, text, answer_machines=True) is None


@pytest.mark.parametrize(
    ("handle", "why"),
    [
        ("+18765551234", "country"),
        ("+12422345678", "country"),
        ("+18095551234", "country"),
        ("+447700900123", "country"),
        ("+19005551234", "premium_number"),
        ("+12129761234", "premium_number"),
        ("+15005551234", "premium_number"),
        ("+491801234567", "premium_number"),
        ("+447012345678", "premium_number"),
        ("+16645551234", "country"),
        ("+881612345678", "no_country"),
        ("+8821612345678", "no_country"),
        ("+9991234567", "no_number"),
    ],
)
def test_a_text_to_another_country_or_at_a_premium_is_not_sent(handle: str, why: str):
    assert code(handle) == why
    assert code(handle, channel="imessage") is None


def test_countries_are_added_by_name_and_a_premium_number_stays_refused():
    there = ("own", "GB")
    assert code("+447700900123", countries=there) is None
    assert code(countries=there) is None
    assert code(countries=("GB",)) == "country"
    assert code("+18765551234", countries=()) is None
    assert code("+19005551234", countries=()) == "premium_number"
    assert code("+881612345678", countries=()) == "no_country"


@pytest.mark.parametrize("handle", ["+19005551234", "+881612345678", "+447012345678"])
def test_no_list_lets_a_text_go_to_a_number_that_pays_its_owner(handle: str):
    assert code(handle, allow=("+*",), countries=()) in ("premium_number", "no_country")
    assert code(handle, allow=("+*",), channel="imessage") is None


def test_where_our_own_country_cannot_be_told_no_country_is_refused():
    assert code("+447700900123", number="twin") is None


def test_numbers_of_one_code_are_told_apart_by_area():
    assert [country_of(n) for n in ("+18765550000", "+14165550000", "+15555550000")] == [
        "JM", "CA", "US",
    ]  # fmt: skip
    assert isinstance(may_answer(Senders(), ANA, text="", channel="sms", number=OURS), Allowed)
