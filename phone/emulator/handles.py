"""Handles: how people are addressed. Any way of writing a number becomes one."""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers

EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
SHORT_CODE = re.compile(r"\d{3,6}")
EMERGENCY = frozenset({"911", "112", "933", "999"})
"""Destinations that no texting platform may reach."""


class NoHandle(ValueError):
    """Not something one can text; the message says how to write it."""


@lru_cache(maxsize=8192)
def handle(text: str) -> str:
    """The one way to write a phone number (E.164), US short code or e-mail address (lower case).

    Raises `NoHandle`. A number without a country is a US one; it must have a possible length but
    need not be assigned to anybody.
    """
    text = text.strip()
    if EMAIL.fullmatch(text):
        return text.lower()
    if SHORT_CODE.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, "US")
    except phonenumbers.NumberParseException:
        raise _unreadable(text) from None
    if not phonenumbers.is_possible_number(number):
        raise _unreadable(text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _unreadable(text: str) -> NoHandle:
    return NoHandle(
        f'is "{text[:80]}"; write a number as E.164, like "+14155550123", or an e-mail address'
    )


def is_email(text: str) -> bool:
    """Whether a handle is an e-mail address."""
    return "@" in text


def is_short_code(text: str) -> bool:
    """Whether a handle is a short code, which knows SMS only."""
    return SHORT_CODE.fullmatch(text) is not None
