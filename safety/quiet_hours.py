"""When somebody who did not write first may be texted: by day, where they are.

Inside what the strictest of the laws we know of allow: federal 8 to 21 h (47 CFR 64.1200(c)(1)),
Florida 8 to 20 h and three texts a day (Fla. Stat. 501.059), Texas 9 to 21 h, on Sundays from noon
(SB 140 of 2025). An answer to who has just written has no hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers import timezone

from safety.verdicts import Allowed, Refused, Verdict

OPENS, OPENS_ON_SUNDAY, CLOSES = time(9), time(12), time(20)
"""The hours of the day, local time."""

MOST_IN_A_DAY = 3
"""Texts to one person within 24 hours that nobody asked for."""

MOST_NEW_PEOPLE = 50
"""People who never wrote, whom one number may text first within 24 hours. By iMessage a line that
texts more strangers than that is taken for a spammer's, and closed."""

ALL_US = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Phoenix"),
    *("America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu"),
)
"""Where somebody of whom nothing is known may be: then it has to be day in all of these."""

_MANY = 12
"""Zones of one number beyond which it tells nothing: a toll-free one is everywhere."""

_STEP = timedelta(minutes=15)


def zones_of(handle: str, *, stated: str | None = None) -> Sequence[str]:
    """Every zone in which this person may be: as they said, or by their number.

    Args:
        handle: An E.164 number, or an e-mail address, which tells nothing.
        stated: A zone they told us, such as `Europe/Paris`.
    """
    if stated is not None:
        return (stated,)
    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(handle))
    except phonenumbers.NumberParseException:
        return ALL_US
    known = [zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE]
    return known if known and len(known) <= _MANY else ALL_US


def in_hours(zones: Iterable[str], *, now: datetime) -> Verdict:
    """Whether it is day in all of these zones.

    Args:
        now: Aware; the instant alone counts, so that no change of the clocks can be told twice.
    """
    try:
        places = [ZoneInfo(zone) for zone in zones]
    except (ZoneInfoNotFoundError, ValueError) as error:
        return Refused("quiet_hours", f"This machine does not know that time zone: {error}.")
    if all(_is_day(now.astimezone(place)) for place in places):
        return Allowed()
    at = _next_day(places, now)
    local = ", ".join(sorted({f"{now.astimezone(place):%a %H:%M}" for place in places}))
    when = f"not before {at:%Y-%m-%d %H:%M} UTC" if at else "never: it is not day in all at once"
    return Refused("quiet_hours", f"It is {local} where they may be; {when}.", at)


def few_enough(times: int) -> Verdict:
    """Whether one more may follow so many within the last 24 hours."""
    if times < MOST_IN_A_DAY:
        return Allowed()
    return Refused("too_many", f"They got {times} such texts within 24 hours; that is the most.")


def few_new_people(people: int) -> Verdict:
    """Whether one more may follow so many new people within the last 24 hours."""
    if people < MOST_NEW_PEOPLE:
        return Allowed()
    return Refused(
        "too_many",
        f"This number texted {people} people within 24 hours who never wrote to it; that is the "
        "most, or its line may be closed for spam. Wait, or use another number.",
    )


def _is_day(local: datetime) -> bool:
    opens = OPENS_ON_SUNDAY if local.weekday() == 6 else OPENS
    return opens <= local.time() < CLOSES


def _next_day(places: Sequence[ZoneInfo], now: datetime) -> datetime | None:
    """The next quarter of an hour at which it is day in all of them, within a week."""
    quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    for step in range(1, 8 * 24 * 4):
        at = quarter + step * _STEP
        if all(_is_day(at.astimezone(place)) for place in places):
            return at
    return None
