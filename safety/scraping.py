"""Who may read `/metrics`: whoever holds the token, else this machine and a private network.

They hold no personal data, but how busy a line is concerns nobody outside.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection

THROUGH_A_PROXY = frozenset(
    [
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "forwarded", "x-real-ip"),
        *("via", "cf-connecting-ip", "true-client-ip", "fly-client-ip", "x-client-ip"),
    ]
)
"""Headers that a proxy adds. Behind one everybody seems to call from this machine."""


def may_scrape(
    *, client: str | None, headers: Collection[str], authorization: str | None, token: str | None
) -> bool:
    """Whether this request for the metrics is to be answered.

    Args:
        client: The address at the other end of the connection; None when it has none.
        headers: The names of the request's headers, in lower case.
        authorization: That header, None when there was none.
        token: What the operator has set; None asks for nothing but nearness.
    """
    if token is not None:
        given = (authorization or "").encode()
        return hmac.compare_digest(given, f"Bearer {token}".encode())
    return not THROUGH_A_PROXY & set(headers) and _is_near(client)


def _is_near(client: str | None) -> bool:
    try:
        address = ipaddress.ip_address(client or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global
