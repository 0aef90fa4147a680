"""Who is answered at all: lists, strangers, machines and countries, by their handles. Pure.

A handle is a phone number in E.164, an e-mail address (iMessage), a short code such as `72975`, or
letters such as `AMAZON`. What these rules refuse is kept and not answered; STOP still counts.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from safety.verdicts import Allowed, Refused, Verdict

Strangers = Literal["answer", "static", "ignore"]
"""What who is on no list gets: answers, one static text, or nothing."""

OWN = "own"
"""Stands for the country of our own number."""

AT_HOME = (frozenset({"US", "CA"}),)
"""Countries that count as one: a line in one of them texts the other at the same price."""

NO_COUNTRY = "001"
"""What the library calls satellite phones and other networks of no country (+881, +882, +979…)."""

_DEAR = ("PREMIUM_RATE", "SHARED_COST", "PERSONAL_NUMBER", "PAGER", "UAN", "VOICEMAIL")
"""Kinds of numbers that nobody texts from, and that pay their owner, or may. Those of +1 are 900,
and the exchange 976 of every area."""

_NO_REPLY = re.compile(r"(no|do[-_.]?not)[-_.]?reply", re.IGNORECASE)

_ONE_TIME_CODE = re.compile(
    r"""\b(verification|security|one[- ]time|log[- ]?in|sign[- ]?in|auth\w*|confirmation|access)
        \s+(pass)?(code|pin|password)\b
      | \b(code|pin|otp)\ (is|for)\b .* \b(expires?|valid|share|log[- ]?in|account)\b
      | \b(otp|passcode)\b .{0,20} \d{4,8}
      | \bcódigo\s+de\s+(verificación|seguridad|acceso)\b""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

_DIGITS = re.compile(r"(?<!\d)(\d[\s-]?){4,8}(?!\d)")


@dataclass(frozen=True, slots=True)
class Senders:
    """Whom this deployment answers.

    Attributes:
        allow: Handles and patterns (`+1415*`, `*@example.com`) that are always answered.
        block: The same, never answered; it wins.
        strangers: What everybody else gets.
        countries: Codes such as `US`, and `own`; empty allows every country. By SMS only.
        answer_machines: Whether short codes, no-reply senders and one-time codes are answered.
    """

    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    strangers: Strangers = "answer"
    countries: tuple[str, ...] = (OWN,)
    answer_machines: bool = False


def may_answer(senders: Senders, handle: str, *, text: str, channel: str, number: str) -> Verdict:
    """Whether this person's text is answered.

    Args:
        text: What they wrote.
        channel: What it came on: by iMessage no country is dear.
        number: Our own number, for its country.
    """
    if _listed(senders.block, handle):
        return Refused("blocked", "this sender is on the block list (THREEDOTS_BLOCK)")
    if _listed(senders.allow, handle):
        return Allowed() if channel == "imessage" else no_premium(handle)
    if not senders.answer_machines and (machine := machine_of(handle, text)):
        return machine
    if senders.strangers != "answer":
        return Refused("unknown_sender", "this sender is not on the allow list (THREEDOTS_ALLOW)")
    if channel != "imessage":
        return may_text(senders, handle, number=number)
    return Allowed()


def machine_of(handle: str, text: str) -> Refused | None:
    """Why a text comes from a machine that reads no answer; None when it does not seem to."""
    if handle.lstrip("+").isdigit() and len(handle.lstrip("+")) <= 6:
        return Refused("short_code", "a short code reads no answer")
    if "@" not in handle and not handle.startswith("+") and not handle.isdigit():
        return Refused("alphanumeric", "a sender of letters cannot be texted")
    if _NO_REPLY.search(handle.partition("@")[0]):
        return Refused("no_reply", "a no-reply address reads no answer")
    if _ONE_TIME_CODE.search(text) and _DIGITS.search(text):
        return Refused("one_time_code", "it carries a one-time code, which nobody is to answer")
    return None


def may_text(senders: Senders, handle: str, *, number: str) -> Verdict:
    """Whether an SMS to this handle goes to a country that is allowed, at a price that is usual."""
    verdict = no_premium(handle)
    if not handle.startswith("+") or isinstance(verdict, Refused):
        return verdict
    country, countries = country_of(handle), _countries(senders, number)
    if countries and country not in countries:
        why = f"texts to {country} are not allowed (THREEDOTS_COUNTRIES)"
        return Refused("country", why)
    return Allowed()


def no_premium(handle: str) -> Verdict:
    """Whether an SMS to this handle costs what one does: refused whatever the lists say."""
    if not handle.startswith("+"):
        return Allowed()
    country, is_dear = _looked_up(handle)
    if country is None:
        return Refused("no_number", "this number is none of any country")
    if is_dear:
        return Refused("premium_number", "it is a premium-rate number")
    if country == NO_COUNTRY:
        return Refused("no_country", "it is a satellite number, or of a network of no country")
    return Allowed()


def country_of(handle: str) -> str | None:
    """The country of a phone number, such as `US`; of a number nobody has, that of its code.

    +1 is shared by twenty-five countries: the Caribbean ones have area codes of their own.
    """
    return _looked_up(handle)[0]


@functools.lru_cache(maxsize=4096)
def _looked_up(handle: str) -> tuple[str | None, bool]:
    """A number's country, and whether it earns its owner money."""
    import phonenumbers  # thirty milliseconds of a start, for the first text to be answered to bear

    try:
        parsed = phonenumbers.parse(handle)
    except phonenumbers.NumberParseException:
        return None, False
    code, digits = parsed.country_code or 0, str(parsed.national_number)
    dear = [getattr(phonenumbers.PhoneNumberType, kind) for kind in _DEAR]
    is_dear = phonenumbers.number_type(parsed) in dear
    is_dear = is_dear or (code == 1 and (digits[:3] == "900" or digits[3:6] == "976"))
    country = phonenumbers.region_code_for_number(parsed)
    if country is None and code == 1:
        country = _by_area_code(digits[:3])
    return country or phonenumbers.region_code_for_country_code(code), is_dear


def _by_area_code(area: str) -> str | None:
    """Where a number of +1 that is given to nobody would be; None in the large countries."""
    import phonenumbers

    for region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1]:
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
        leading = metadata.leading_digits if metadata else None
        if leading and re.match(leading, area):
            return str(region)
    return None


def _countries(senders: Senders, number: str) -> set[str]:
    """Those that are allowed; empty for every one, also where our own cannot be told."""
    own = country_of(number)
    home = next((set(group) for group in AT_HOME if own in group), {own} if own else set())
    named = {country.upper() for country in senders.countries if country != OWN}
    return named | (home if OWN in senders.countries else set())


def _listed(patterns: tuple[str, ...], handle: str) -> bool:
    return any(fnmatchcase(handle.lower(), pattern.lower()) for pattern in patterns)
