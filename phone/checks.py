"""What we do not even try to send: each check raises `BadRequest` with field, value and fix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import regex
from pydantic import ValidationError

from phone.errors import BadRequest

MAX_MEDIA = 20
"""Most media addresses in one message. Source: AgentPhone docs, Messages."""

GROUP_SIZE = (2, 32)
"""Fewest and most people a new group starts with. Source: AgentPhone docs, REST reference."""

_E164 = regex.compile(r"\+[1-9][0-9]{6,14}")
_DIALLED = regex.compile(r"\+?[0-9(][0-9().\- \u00a0]{2,}")
_EMAIL = regex.compile(r"[^@\s]+@[^@\s]+")
_SURROGATE = regex.compile(r"[\ud800-\udfff]")
_UNPRINTABLE = regex.compile(r"[\s\p{C}]")
_EMOJI = regex.compile(
    r"(?=\X\Z).*(?:\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|\u20e3).*", regex.DOTALL
)
"""One grapheme that is a picture, a flag or a keycap."""


def check_sender(from_number: str | None, number_id: str | None, agent_id: str | None) -> None:
    """One of the three must say who sends; a `from_number` is written as E.164."""
    if from_number is None and number_id is None and agent_id is None:
        raise BadRequest("no sender: give from_number, number_id or agent_id")
    if from_number is not None and not _E164.fullmatch(from_number):
        raise BadRequest(
            f"from_number is {_shown(from_number)}; write our number as E.164, like +14155550123"
        )
    for field, value in (("number_id", number_id), ("agent_id", agent_id)):
        if value is not None:
            check_id(value, field)


def check_destination(to_number: str | None, recipients: Sequence[str] | None) -> None:
    """Exactly one of an existing chat and the people of a new group."""
    if to_number is None and recipients is None:
        raise BadRequest("no destination: give to_number, or recipients to start a group")
    if recipients is None:
        if to_number is not None and not _is_destination(to_number):
            raise BadRequest(
                f"to_number is {_shown(to_number)}; write a number as E.164, like +14155550123,"
                " or an e-mail address, or a group's grp_ id"
            )
        return
    if to_number is not None:
        raise BadRequest(
            "to_number and recipients are both given; keep to_number for an existing chat,"
            " recipients to start a group"
        )
    least, most = GROUP_SIZE
    if not least <= len(recipients) <= most:
        raise BadRequest(
            f"recipients has {len(recipients)} people; a new group starts with {least} to {most}"
        )
    for person in recipients:
        if person.startswith("grp_") or not _is_destination(person):
            raise BadRequest(
                f"recipients holds {_shown(person)}; write each as E.164, like +14155550123,"
                " or as an e-mail address"
            )


def check_text(value: str, field: str) -> None:
    """A text must be whole characters: half a surrogate pair cannot be encoded. Never quotes it."""
    if half := _SURROGATE.search(value):
        raise BadRequest(
            f"{field} has half an emoji (a lone surrogate) at position {half.start()};"
            " cut texts between characters"
        )


def check_media(media_urls: Sequence[str]) -> None:
    """Up to twenty addresses that AgentPhone can fetch."""
    if len(media_urls) > MAX_MEDIA:
        raise BadRequest(
            f"media_urls has {len(media_urls)} addresses; send at most {MAX_MEDIA} in one message"
        )
    for url in media_urls:
        if not is_local_http(url):  # whether the API is the twin on this machine, the client knows
            check_https(url, "media_urls")


def is_local_http(url: str) -> bool:
    """Plain http to this machine: good enough for the twin, out of AgentPhone's reach."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in {"localhost", "127.0.0.1", "::1"}


def check_https(url: str, field: str) -> None:
    """AgentPhone fetches pictures itself, from public https addresses only."""
    if not _is_https(url):
        raise BadRequest(
            f"{field} holds {_shown(url)}; give a public https address, like https://example.com/a.jpg"
        )


def check_reaction(reaction: str, tapbacks: Sequence[str]) -> None:
    """One of the six tapbacks, or one single emoji."""
    if reaction not in tapbacks and not _EMOJI.fullmatch(reaction):
        raise BadRequest(
            f"reaction is {_shown(reaction)}; use one of {', '.join(tapbacks)}, or a single emoji"
        )


def check_id(value: str, field: str) -> str:
    """An id as it stands in a path: quoted, and never something that would climb out of it."""
    if not value.strip() or value in {".", ".."} or _SURROGATE.search(value):
        raise BadRequest(f"{field} is {_shown(value)}; give the id AgentPhone told us")
    return quote(value, safe="")


def check_between(value: int, least: int, most: int, field: str) -> None:
    """A number within the limits AgentPhone documents, both included."""
    if not least <= value <= most:
        raise BadRequest(f"{field} is {value}; give {least} to {most}")


def wrong_type(error: ValidationError) -> BadRequest:
    """What pydantic refused, in our words. The value is shown unless it is the message's text."""
    first = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "the message"
    if first["type"] == "extra_forbidden":
        return BadRequest(f"there is no field {field}; leave it out")
    value = "wrong" if field == "body" else _shown(first["input"])
    return BadRequest(f"{field} is {value}; {first['msg'][:1].lower()}{first['msg'][1:]}")


def _is_destination(text: str) -> bool:
    if text.startswith("grp_"):
        return len(text) > len("grp_") and text.isascii() and text.isprintable() and " " not in text
    return bool(
        _EMAIL.fullmatch(text) or _DIALLED.fullmatch(text.strip())
    ) and not _SURROGATE.search(text)


def _is_https(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme == "https" and bool(parts.hostname) and not _UNPRINTABLE.search(url)
    except ValueError:
        return False


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
