"""Web addresses a client may give: public https, or plain http to this machine itself.

The twin looks at the address only. It resolves nothing and fetches nothing.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from phone.emulator.refusals import Refusal, invalid

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that may be reached by plain http: a consumer under test runs beside the twin."""


def is_good_address(url: str) -> bool:
    """Whether it is https with a host, or http to the loopback interface."""
    if not url.isascii() or any(character <= " " for character in url):
        return False
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)


def check_media_url(field: str, url: str) -> None:
    """Raises a 422 unless a picture could be fetched from there."""
    if not is_good_address(url):
        raise invalid(field, f'holds "{url[:80]}"; give a public https address')


def check_webhook_url(url: str) -> None:
    """Raises a 422 `VALIDATION_ERROR_URL` unless events could be sent there."""
    if not is_good_address(url):
        text = f'url is "{url[:80]}"; give a public https address, or http to this machine'
        raise Refusal(422, text, code="VALIDATION_ERROR_URL", field="url")
