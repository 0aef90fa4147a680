"""Whoever gives a wrong token waits, longer each time; who knows it is held up by nobody else."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque

LONGEST = 60.0
"""Seconds between two attempts from one address at most."""

FORGIVEN_AFTER = 3600.0
"""Seconds after which an address's wrong tokens are forgotten."""

REMEMBERED = 1000
"""Addresses that are remembered."""

MANY = 60
"""Wrong tokens within a minute, from whatever addresses, after which every new attempt waits."""


class Slowing:
    """The wrong tokens of the recent past, by address."""

    def __init__(self) -> None:
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._all: deque[float] = deque(maxlen=MANY)

    def seconds_left(self, address: str, *, now: float) -> float:
        """How long this address has to wait before its next attempt; 0.0 when it may try."""
        times, last = self._wrong.get(_network(address), (0, now))
        own = last + min(2.0 ** (times - 1), LONGEST) - now if times else 0.0
        is_flood = len(self._all) == MANY and now - self._all[0] < 60.0
        return max(own, self._all[0] + 60.0 - now if is_flood else 0.0, 0.0)

    def wrong(self, address: str, *, now: float) -> None:
        """A wrong token came from there."""
        network = _network(address)
        times, last = self._wrong.pop(network, (0, now))
        self._wrong[network] = (1 if now - last > FORGIVEN_AFTER else times + 1, now)
        self._all.append(now)
        while len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """The token came from there."""
        self._wrong.pop(_network(address), None)


def _network(address: str) -> str:
    """What one attacker has for the asking: of IPv6 a whole /64."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else address
