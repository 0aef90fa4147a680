"""Nobody who did not write first is texted at night, wherever they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safety.quiet_hours import ALL_US, few_enough, in_hours, zones_of
from safety.verdicts import Allowed, Refused

FROM, UNTIL = (datetime.fromisoformat(day) for day in ("2020-01-01", "2035-01-01"))

NEW_YORK = ("America/New_York",)


def at(text: str, zone: str = "America/New_York") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("when", "allowed"),
    [
        ("2026-03-02T08:59", False),  # a Monday
        ("2026-03-02T09:00", True),
        ("2026-03-02T19:59", True),
        ("2026-03-02T20:00", False),
        ("2026-03-07T09:00", True),  # a Saturday
        ("2026-03-01T11:59", False),  # a Sunday
        ("2026-03-01T12:00", True),
        ("2026-03-01T19:59", True),
        ("2026-03-01T20:00", False),
        ("2026-03-02T00:00", False),
    ],
)
def test_the_hours_are_those_of_the_day_where_they_are(when: str, allowed: bool):
    assert isinstance(in_hours(NEW_YORK, now=at(when)), Allowed) == allowed


@pytest.mark.parametrize(
    ("when_utc", "allowed"),
    [
        ("2026-03-06T13:59:59", False),  # Friday before the clocks change: 8:59 EST
        ("2026-03-06T14:00:00", True),
        ("2026-03-09T12:59:59", False),  # Monday after: 8:59 EDT
        ("2026-03-09T13:00:00", True),
        ("2026-03-08T15:59:59", False),  # the Sunday itself, which has 23 hours: noon is 16:00 UTC
        ("2026-03-08T16:00:00", True),
        ("2026-11-01T16:59:59", False),  # the Sunday with 25 hours: noon is 17:00 UTC
        ("2026-11-01T17:00:00", True),
        ("2026-11-02T00:59:59", True),  # 19:59 EST
        ("2026-11-02T01:00:00", False),
        ("2028-02-29T14:00:00", True),  # a leap day, a Tuesday
        ("2016-12-31T23:59:59", True),  # the second before a leap second, a Saturday
    ],
)
def test_the_change_of_the_clocks_moves_them_with_the_people(when_utc: str, allowed: bool):
    now = datetime.fromisoformat(when_utc).replace(tzinfo=UTC)
    assert isinstance(in_hours(NEW_YORK, now=now), Allowed) == allowed


def test_it_has_to_be_day_in_every_zone_they_may_be_in():
    both = ("America/New_York", "America/Los_Angeles")
    assert isinstance(in_hours(both, now=at("2026-03-02T11:59")), Refused)
    assert isinstance(in_hours(both, now=at("2026-03-02T12:00")), Allowed)
    refused = in_hours(both, now=at("2026-03-02T20:30"))
    assert isinstance(refused, Refused)
    assert refused.not_before == at("2026-03-03T12:00")
    assert "not before 2026-03-03 17:00 UTC" in refused.reason


@pytest.mark.parametrize(
    ("handle", "zones"),
    [
        ("+14155550123", ("America/Los_Angeles",)),
        ("+12125551234", ("America/New_York",)),
        ("+33612345678", ("Europe/Paris",)),
        ("+18005550100", ALL_US),  # toll-free: anywhere
        ("+881612345678", ALL_US),  # a satellite's
        ("kim@example.com", ALL_US),
        ("12345", ALL_US),
    ],
)  # fmt: skip
def test_where_they_may_be_is_read_off_the_number(handle: str, zones: tuple[str, ...]):
    assert tuple(zones_of(handle)) == zones


def test_what_they_said_themselves_counts_before_the_number():
    assert zones_of("+14155550123", stated="Europe/Paris") == ("Europe/Paris",)


def test_a_zone_nobody_knows_is_refused_and_named():
    refused = in_hours(["Europe/Atlantis"], now=at("2026-03-02T12:00"))
    assert isinstance(refused, Refused) and "Europe/Atlantis" in refused.reason


def test_of_nobody_known_the_hours_are_those_of_the_whole_country():
    assert isinstance(in_hours(ALL_US, now=at("2026-03-02T13:59")), Refused)
    assert isinstance(in_hours(ALL_US, now=at("2026-03-02T14:00")), Allowed)  # nine in Honolulu
    assert isinstance(in_hours(ALL_US, now=at("2026-03-02T20:00")), Refused)


@given(st.datetimes(FROM, UNTIL), st.sampled_from(ALL_US))
def test_never_outside_of_what_the_law_allows(when: datetime, zone: str):
    now = when.replace(tzinfo=UTC)
    answer = in_hours([zone], now=now)
    local = now.astimezone(ZoneInfo(zone))
    if isinstance(answer, Allowed):
        assert 8 <= local.hour < 21
    else:
        assert answer.not_before is not None
        assert now < answer.not_before <= now + timedelta(days=2)
        assert isinstance(in_hours([zone], now=answer.not_before), Allowed)


def test_three_a_day_are_the_most():
    assert isinstance(few_enough(2), Allowed)
    assert isinstance(few_enough(3), Refused)
