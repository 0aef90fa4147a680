"""Names that stand for phone numbers and e-mail addresses in what leaves this deployment.

    Call Ana at (415) 555-0123   ─▶   Call Ana at number-1c9f0e4ab2d7

The same number is always the same name, however it is written, and only here: the names are made
with a key of this deployment's own. People's names, and what they tell of themselves, stay.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import phonenumbers
import regex
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatcher
from sqlmodel import Session

from memory.keepsakes import DeploymentKey

KEY = "pseudonyms"
"""Under which name the key is kept."""

DIGITS = 12
"""Hex digits of a pseudonym: two of a million numbers share one once in five hundred exports."""

SHORTEST = 5
"""Characters of the shortest number or address there can be: `a@b.c`."""

_E164 = regex.compile(r"(?<![\w+])\+[1-9]\d{6,14}(?!\w)")
_EMAIL = regex.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?!\w)")
_MAY_HOLD_A_NUMBER = regex.compile(
    r"(?<![\w+])[+(]?\d(?:[ \t\u00a0().\-/\u2010-\u2015]{0,3}\d){6,}(?!\w)"
)
_TIME = regex.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)")

Namer = Callable[[str], str]


def key_of(session: Session) -> bytes:
    """The deployment's key, made the first time."""
    kept = session.get(DeploymentKey, KEY)
    if kept is None:
        kept = DeploymentKey(name=KEY, key=secrets.token_hex(32))
        session.add(kept)
        session.flush()
    return bytes.fromhex(kept.key)


def namer(key: bytes) -> Namer:
    """What names a number (E.164) or an e-mail address: `number-…`, `email-…`."""

    @lru_cache(maxsize=10_000)
    def name(handle: str) -> str:
        kind = "email" if "@" in handle else "number"
        digest = hmac.new(key, handle.casefold().encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:DIGITS]}"

    return name


def without_numbers(value: Any, name: Namer, *, region: str | None) -> Any:
    """The same JSON value, with a name in the place of every number and address in any text of it.

    Args:
        region: Where numbers written without a country are dialled (`US`); see `region_of`.
    """

    def walked(value: Any) -> Any:
        # Plain ifs, what is there most first: a record has a thousand values.
        kind = type(value)
        if kind is str:
            return _text(value, name, region) if len(value) >= SHORTEST else value
        if kind is dict:
            return {walked(key): walked(item) for key, item in value.items()}
        if kind is list:
            return [walked(item) for item in value]
        return value

    return walked(value)


@lru_cache(maxsize=100)
def region_of(number: str) -> str | None:
    """The country of an E.164 number, as `US`: its own, or the main one that has its code."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    main = phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return phonenumbers.region_code_for_number(parsed) or main


@lru_cache(maxsize=2_000)
def _text(text: str, name: Namer, region: str | None) -> str:
    if "@" in text:
        text = _EMAIL.sub(lambda found: name(found.group()), text)
    if "+" in text:
        text = _E164.sub(lambda found: name(found.group()), text)
    if _MAY_HOLD_A_NUMBER.search(text) and not _TIME.fullmatch(text):
        text = _written_otherwise(text, name, region)
    return text


def _written_otherwise(text: str, name: Namer, region: str | None) -> str:
    """Numbers as people write them. Only those that exist: a price or a date is none."""
    told, end = [], 0
    for found in PhoneNumberMatcher(text, region, leniency=Leniency.VALID, max_tries=1000):
        number = phonenumbers.format_number(found.number, PhoneNumberFormat.E164)
        told += [text[end : found.start], name(number)]
        end = found.end
    return "".join([*told, text[end:]])
