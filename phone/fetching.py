"""Where an attachment is really fetched: the address is somebody else's, so it is looked at first.

Only https to a public host. Its name is resolved once and the connection goes to the very address
that was looked at, so a name cannot mean one thing when it is checked and another when it is used.
Each redirect is such an address again. AgentPhone itself and a twin on this machine are known.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from phone.errors import BadRequest, NotSent

REDIRECTS = 2
"""How many redirects of a media address are followed."""

FETCH_WITHIN = 10.0
"""Seconds in which an attachment must have come, with redirects and second tries."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to its IP addresses. Raises OSError when there are none."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Hop:
    """One request on the way to an attachment.

    Attributes:
        url: Where it goes: an IP address in place of a stranger's name.
        is_ours: Whether that is AgentPhone, or the twin.
        headers, extensions: What httpx needs so that the host is still asked by its name.
    """

    url: httpx.URL
    is_ours: bool
    headers: dict[str, str] = field(default_factory=dict)
    extensions: dict[str, Any] = field(default_factory=dict)


async def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a host, as this machine's resolver tells them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


async def hop(url: httpx.URL, *, api: httpx.URL, resolve: Resolve) -> Hop:
    """The request that fetches this address. Raises BadRequest when nothing is fetched from it."""
    if origin(url) == origin(api):
        return Hop(url, is_ours=True)
    if is_loopback(api) and is_loopback(url):
        return Hop(url, is_ours=False)
    if url.scheme != "https" or not url.host or is_private(url):
        raise BadRequest(
            f"the media address is {url.scheme}://{url.host}/…; only https to a public host is"
            " fetched"
        )
    name = url.raw_host.decode("ascii")
    try:
        addresses = await resolve(name, url.port or 443)
    except OSError as error:
        raise NotSent(f"the host of the media address is not known ({error})") from error
    if not addresses or not all(is_public(address) for address in addresses):
        raise BadRequest(
            f"the media address is {url.scheme}://{url.host}/…, which leads into a network of its"
            " own; only https to a public host is fetched"
        )
    address = min(addresses, key=lambda one: ":" in one)  # IPv4 reaches everybody
    # Connections are shared by address, and two hosts may have one: this one is not kept.
    headers = {"Host": url.netloc.decode("ascii"), "Connection": "close"}
    return Hop(url.copy_with(host=address), False, headers, {"sni_hostname": name})


def next_address(response: httpx.Response, url: httpx.URL) -> httpx.URL | None:
    """Where a redirect leads; None when this is none, or one that names no address."""
    location = response.headers.get("Location", "")
    if response.status_code not in (301, 302, 303, 307, 308) or not location:
        return None
    return url.join(address_of(location))


def address_of(text: str) -> httpx.URL:
    """An address as an attachment has one. Raises BadRequest."""
    try:
        return httpx.URL(text)
    except (httpx.InvalidURL, TypeError, ValueError):
        raise BadRequest("the media address is no address; give the one from the message") from None


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet, also where it is wrapped in another."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
        if ip in _NAT64:
            wrapped.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if any(inner is not None and not is_public(str(inner)) for inner in wrapped):
            return False
        if ip.ipv4_mapped is not None:
            return True
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def is_loopback(url: httpx.URL) -> bool:
    """Whether this address is on this machine."""
    is_named = url.host in ("localhost", "::1")
    return is_named or re.fullmatch(r"127(\.[0-9]{1,3}){3}", url.host) is not None


def is_private(url: httpx.URL) -> bool:
    """Whether this address, as it is spelt, means this machine or a network of our own."""
    try:
        ipaddress.ip_address(url.host)
    except ValueError:
        return is_loopback(url) or "." not in url.host or url.host.endswith((".local", ".internal"))
    return not is_public(url.host)


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Scheme, host and port: what has to be the same for two addresses to be one server."""
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.host, url.port or default
