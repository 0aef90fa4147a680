"""Reading lists to their end, however AgentPhone cuts them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phone import errors
from tests.phone.talk import Service, everything

START = datetime(2026, 1, 1, tzinfo=UTC)


def row(number: int, seconds: float = 0) -> dict:
    at = START + timedelta(seconds=seconds)
    return {"id": f"m{number}", "direction": "inbound", "receivedAt": at.isoformat()}


class Shelf:
    """A conversation's messages as AgentPhone pages them: between two times, in either order."""

    def __init__(
        self, *seconds: float, inclusive: bool = False, oldest_first: bool = False
    ) -> None:
        self.rows = [row(number, at) for number, at in enumerate(seconds)]
        self.rows.sort(key=lambda one: one["receivedAt"], reverse=not oldest_first)
        self.inclusive = inclusive
        self.service = Service(self.page)

    def page(self, request: httpx.Request) -> httpx.Response:
        query = request.url.params
        size = min(int(query["limit"]), 200)
        found = [one for one in self.rows if self.within(one, query)]
        return httpx.Response(200, json={"data": found[:size], "hasMore": len(found) > size})

    def within(self, one: dict, query: httpx.QueryParams) -> bool:
        at = datetime.fromisoformat(one["receivedAt"])
        before, after = (
            datetime.fromisoformat(query[name]) if name in query else None
            for name in ("before", "after")
        )
        if self.inclusive:
            return (before is None or at <= before) and (after is None or at >= after)
        return (before is None or at < before) and (after is None or at > after)

    def read(self, **bounds) -> list[str]:
        messages = self.service.use(lambda phone: everything(phone.messages("c", **bounds)))
        assert messages == sorted(messages, key=lambda one: one.received_at, reverse=True)
        return [message.id for message in messages]


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("inclusive", [False, True])
def test_a_long_conversation_is_read_whole_newest_first_each_message_once(inclusive, oldest_first):
    shelf = Shelf(*range(450), inclusive=inclusive, oldest_first=oldest_first)
    assert shelf.read() == [f"m{number}" for number in reversed(range(450))]


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("inclusive", [False, True])
def test_messages_of_one_instant_that_straddle_a_page_are_all_read(inclusive, oldest_first):
    times = [*range(150), *[150] * 120, *range(151, 250)]
    shelf = Shelf(*times, inclusive=inclusive, oldest_first=oldest_first)
    assert sorted(shelf.read()) == sorted(f"m{number}" for number in range(369))


def test_a_small_page_of_nothing_but_the_excluded_instant_is_not_the_end():
    shelf = Shelf(*[5] * 12, 1, inclusive=True)
    assert shelf.read(before=START + timedelta(seconds=5), limit=3) == ["m12"]


def test_more_of_one_instant_than_a_page_holds_is_said_aloud_and_ends():
    shelf = Shelf(*[5] * 201, 1)  # one too many for any page
    with pytest.raises(errors.CallFailed, match="share one time"):
        shelf.read()
    assert len(shelf.service.requests) == 2


def test_a_page_that_never_ends_is_not_read_for_ever():
    service = Service(httpx.Response(200, json={"data": [row(1)], "hasMore": True}))
    with pytest.raises(errors.CallFailed):
        service.use(lambda phone: everything(phone.messages("c")))
    assert len(service.requests) == 2


def test_an_empty_conversation_is_empty():
    assert Shelf().read() == []


@pytest.mark.parametrize("inclusive", [False, True])
def test_both_bounds_are_exclusive_whatever_agentphone_thinks(inclusive: bool):
    shelf = Shelf(*range(10), inclusive=inclusive)
    bounds = {"after": START + timedelta(seconds=2), "before": START + timedelta(seconds=6)}
    assert shelf.read(**bounds) == ["m5", "m4", "m3"]


def test_a_limit_stops_the_reading_and_asks_for_hardly_more_than_that():
    shelf = Shelf(*range(450))
    assert shelf.read(limit=3) == ["m449", "m448", "m447"]
    assert shelf.service.request.url.params["limit"] == "10"


def test_the_latest_few_are_the_latest_even_where_the_list_begins_with_the_oldest():
    assert Shelf(*range(450), oldest_first=True).read(limit=3) == ["m449", "m448", "m447"]


def test_a_limit_may_span_pages():
    assert len(Shelf(*range(450)).read(limit=300)) == 300


def test_a_list_that_begins_with_many_of_one_time_still_shows_which_way_it_runs():
    shelf = Shelf(*[0] * 12, 1, 2, oldest_first=True)
    assert shelf.read(limit=2) == ["m13", "m12"]


def test_a_limit_holds_where_the_last_page_is_all_of_one_time():
    shelf = Shelf(*range(10), 9, 9, oldest_first=True)
    assert shelf.read(limit=5) == ["m9", "m11", "m10", "m8", "m7"]


def test_a_bound_without_a_zone_is_a_mistake():
    shelf = Shelf(1)
    with pytest.raises(errors.BadRequest, match="zone"):
        shelf.read(before=datetime(2026, 1, 1))  # noqa: DTZ001  # that is the mistake
    assert shelf.service.requests == []


def test_bounds_are_written_in_utc():
    shelf = Shelf(1)
    shelf.read(after=datetime.fromisoformat("2026-01-01T01:00:00+02:00"))
    assert shelf.service.request.url.params["after"] == "2025-12-31T23:00:00Z"


@settings(deadline=None)
@given(
    seconds=st.lists(st.integers(0, 6), max_size=40),
    limit=st.none() | st.integers(1, 45),
    inclusive=st.booleans(),
    oldest_first=st.booleans(),
)
def test_whatever_the_ties_nothing_is_lost_and_nothing_comes_twice(
    seconds, limit, inclusive, oldest_first
):
    shelf = Shelf(*seconds, inclusive=inclusive, oldest_first=oldest_first)
    read = shelf.read(limit=limit)
    assert [seconds[int(one[1:])] for one in read] == sorted(seconds, reverse=True)[:limit]
    assert len(set(read)) == len(read)


def test_an_unreadable_message_is_left_out_and_its_words_are_not_logged(caplog):
    odd = {"id": "m9", "body": "secret words", "direction": "inbound"}
    page = {"data": [row(2, 2), odd, row(1, 1)], "hasMore": False}
    service = Service(httpx.Response(200, json=page))
    with caplog.at_level(logging.WARNING, "phone.paging"):
        found = service.use(lambda phone: everything(phone.messages("c")))
    assert [message.id for message in found] == ["m2", "m1"]
    assert "Message" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("page", [None, [], "x", {"items": []}, {"data": None}])
def test_a_list_without_its_rows_is_an_error_and_not_an_empty_list(page):
    service = Service(httpx.Response(200, json=page))
    with pytest.raises(errors.Unreachable, match="data"):
        service.use(lambda phone: everything(phone.messages("c")))
    with pytest.raises(errors.Unreachable, match="data"):
        service.use(lambda phone: phone.numbers())


# By offset


def conversation(number: int) -> dict:
    return {"id": f"c{number}", "phoneNumber": "+15551234567"}


class Ledger:
    """Conversations as AgentPhone pages them; somebody new may write between two pages."""

    def __init__(self, count: int, *, newcomers: int = 0, has_more: bool = True) -> None:
        self.rows = [conversation(number) for number in range(count)]
        self.newcomers = newcomers
        self.has_more = has_more
        self.service = Service(self.page)

    def page(self, request: httpx.Request) -> httpx.Response:
        start, size = (int(request.url.params[name]) for name in ("offset", "limit"))
        answer = {"data": self.rows[start : start + size], "total": len(self.rows)}
        if self.has_more:
            answer["hasMore"] = start + size < len(self.rows)
        arrived = range(len(self.rows), len(self.rows) + self.newcomers)
        self.rows[:0] = [conversation(number) for number in arrived]
        return httpx.Response(200, json=answer)

    def read(self, **options) -> list[str]:
        found = self.service.use(lambda phone: everything(phone.conversations(**options)))
        return [one.id for one in found]


@pytest.mark.parametrize("has_more", [True, False])
@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
def test_every_conversation_is_read_once(count: int, has_more: bool):
    assert Ledger(count, has_more=has_more).read() == [f"c{number}" for number in range(count)]


def test_a_list_that_moves_while_it_is_read_gives_nothing_twice():
    assert Ledger(250, newcomers=7).read() == [f"c{number}" for number in range(250)]


def test_a_limit_stops_the_list_without_another_page():
    ledger = Ledger(250)
    assert ledger.read(limit=100) == [f"c{number}" for number in range(100)]
    assert len(ledger.service.requests) == 1
    assert ledger.read(limit=0) == []


def test_a_list_that_repeats_itself_ends():
    service = Service(httpx.Response(200, json={"data": [conversation(1)] * 2, "hasMore": True}))
    found = service.use(lambda phone: everything(phone.conversations()))
    assert [one.id for one in found] == ["c1"]
    assert len(service.requests) == 2


def test_deliveries_are_counted_in_an_envelope_of_their_own():
    def page(request: httpx.Request) -> httpx.Response:
        offset = int(request.url.params["offset"])
        ids = [f"del_{number}" for number in range(offset, min(offset + 100, 130))]
        rows = [{"id": each, "status": "success"} for each in ids]
        return httpx.Response(
            200, json={"items": rows, "total": 130, "offset": offset, "limit": 100}
        )

    found = Service(page).use(lambda phone: phone.webhook_deliveries(hours=48))
    assert [one.id for one in found] == [f"del_{number}" for number in range(130)]
