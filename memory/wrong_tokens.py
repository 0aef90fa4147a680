"""Whoever gives the console a wrong token waits, longer each time, whichever process they ask.

Who knows it is held up by nobody else, but by a flood of wrong ones from everywhere.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, col, delete, func, select

from memory.columns import UTCDateTime
from phone.clock import utc

LONGEST = 60.0
"""Seconds between two attempts from one address at most."""

FORGIVEN_AFTER = timedelta(hours=1)
"""How long a wrong token counts."""

MANY = 60
"""Wrong tokens within a minute, from whatever addresses, after which every new attempt waits."""

MINUTE = timedelta(minutes=1)

TOLD_AGAIN = timedelta(minutes=5)
"""How often wrong tokens from one address are noted in the audit at most."""


class WrongToken(SQLModel, table=True):
    """An attempt to log in that is under way, or that failed. A right one is taken away again.

    Attributes:
        network: The address; of IPv6 the whole /64, which one attacker has for the asking.
    """

    __tablename__ = "wrong_token"

    id: int | None = Field(default=None, primary_key=True)
    network: str = Field(index=True)
    at: datetime = Field(sa_type=UTCDateTime, index=True)


def attempt(session: Session, address: str, *, now: float) -> float:
    """Seconds this address has to wait before its next attempt. With 0.0 this is one: it counts as
    wrong until `right` says otherwise, so that many at once are no way around the wait."""
    session.exec(delete(WrongToken).where(col(WrongToken.at) <= utc(now) - FORGIVEN_AFTER))
    left = max(_own(session, network_of(address), now), _flood(session, now))
    if left <= 0.0:
        session.add(WrongToken(network=network_of(address), at=utc(now)))
        session.flush()
    return max(left, 0.0)


def right(session: Session, address: str) -> None:
    """The token came from there."""
    session.exec(delete(WrongToken).where(col(WrongToken.network) == network_of(address)))


def is_to_be_told(session: Session, address: str, *, now: float) -> bool:
    """Whether the audit has not heard of wrong tokens from there for a while: the newest counts."""
    of_late = select(func.count(col(WrongToken.id))).where(
        WrongToken.network == network_of(address), col(WrongToken.at) > utc(now) - TOLD_AGAIN
    )
    return session.exec(of_late).one() == 1


def network_of(address: str) -> str:
    """What counts as one address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else address


def _own(session: Session, network: str, now: float) -> float:
    wrong = select(func.count(col(WrongToken.id)), func.max(WrongToken.at))
    times, last = session.exec(wrong.where(WrongToken.network == network)).one()
    if last is None:
        return 0.0
    return float(last.timestamp()) + min(2.0 ** (times - 1), LONGEST) - now


def _flood(session: Session, now: float) -> float:
    newest = select(WrongToken.at).where(col(WrongToken.at) > utc(now) - MINUTE)
    found = session.exec(newest.order_by(col(WrongToken.at).desc()).offset(MANY - 1).limit(1))
    first = found.first()
    return (first + MINUTE).timestamp() - now if first is not None else 0.0
