"""Reading lists to their end: by offset where AgentPhone counts, by time where messages are."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import ValidationError

from phone.errors import CallFailed, Unreachable
from phone.types import Message, Wire

log = logging.getLogger(__name__)

OFFSET_PAGE = 100
"""Rows to ask for at once where lists go by offset. Source: AgentPhone docs, REST reference."""

TIME_PAGE = 200
"""Messages to ask for at once. Source: AgentPhone docs, REST reference."""

SMALLEST_PAGE = 10
"""Fewest messages to ask for at once: enough to see which way the list runs."""

_INSTANT = timedelta(milliseconds=1)

Fetch = Callable[[Mapping[str, str]], Awaitable[Any]]
"""Reads one page: takes the query, gives the JSON value."""


AnyRow = TypeVar("AnyRow", bound=Wire)


async def by_offset(
    fetch: Fetch,
    kind: type[AnyRow],
    *,
    rows_in: str = "data",
    query: Mapping[str, str] | None = None,
    limit: int | None = None,
) -> AsyncIterator[AnyRow]:
    """The rows of a list that goes by offset, as AgentPhone orders it, each id once.

    The list moves while it is read: a row pushed onto the next page is not given twice, but one
    that jumps to the front in between (a conversation just written in) may be missed.
    """
    seen: set[str] = set()
    offset, is_last = 0, False
    while not is_last and (limit is None or len(seen) < limit):
        paging = {"limit": str(OFFSET_PAGE), "offset": str(offset)}
        answer = await fetch({**paging, **(query or {})})
        rows = _listed(answer, rows_in)
        offset += len(rows)
        fresh = {_id(row): row for row in _readable(kind, rows) if _id(row) not in seen}
        is_last = not fresh or not _has_more(answer, offset, full=len(rows) >= OFFSET_PAGE)
        for row_id, row in fresh.items():
            if len(seen) == limit:
                return
            seen.add(row_id)
            yield row


async def by_time(
    fetch: Fetch,
    *,
    before: datetime | None = None,
    after: datetime | None = None,
    limit: int | None = None,
) -> AsyncIterator[Message]:
    """A conversation's messages, newest first, each id once; both bounds are exclusive.

    Newest first is how AgentPhone has been seen to list them, so nothing has to be held back:
    whoever wants the last twenty says so, and whoever wants the oldest first reverses what came.
    The order is not promised, though: a list that turns out to run the other way is read whole.

    Raises `CallFailed` when a whole page shares one time and more is behind it: no cursor gets by.
    """
    held: list[Message] = []
    given = 0
    async for messages, oldest_first in _pages(fetch, before, after, limit):
        wanted = [one for one in messages if _between(one.received_at, after, before)]
        if oldest_first:
            held += wanted
            continue
        for message in wanted:
            if given == limit:
                return
            given += 1
            yield message
    for message in sorted(held, key=_moment, reverse=True)[:limit]:
        yield message


async def _pages(
    fetch: Fetch, before: datetime | None, after: datetime | None, limit: int | None
) -> AsyncIterator[tuple[list[Message], bool]]:
    """What each page adds, newest first, and whether AgentPhone's own list runs oldest first.

    The next page begins a millisecond inside the last one, because more messages may share the time
    at its edge, and what has been seen is dropped.
    """
    seen: set[str] = set()
    oldest_first = False
    size = min(max(limit or TIME_PAGE, SMALLEST_PAGE), TIME_PAGE)
    while True:
        answer = await fetch(_window(size, before, after))
        rows = _listed(answer, "data")
        found = _readable(Message, rows)
        times = [one.received_at for one in found]
        has_more = _has_more(answer, None, full=len(rows) >= size)
        if has_more and len(set(times)) < 2 and size < TIME_PAGE:
            size = (
                TIME_PAGE  # all of one time: this page does not even tell which way the list runs
            )
            continue
        oldest_first = oldest_first or bool(times and times[0] < times[-1])
        in_order = sorted(found, key=_moment, reverse=True)
        fresh = {one.id: one for one in in_order if one.id not in seen}
        seen |= fresh.keys()
        yield list(fresh.values()), oldest_first
        if not has_more:
            return
        if not fresh:
            raise CallFailed(f"more than {size} messages share one time; no page gets past them")
        if oldest_first:
            after = max(times) - _INSTANT
        else:
            before = min(times) + _INSTANT
        size = TIME_PAGE


def _window(size: int, before: datetime | None, after: datetime | None) -> dict[str, str]:
    window = {"limit": str(size)}
    if before is not None:
        window["before"] = _written(before)
    if after is not None:
        window["after"] = _written(after)
    return window


def _written(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _between(time: datetime, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or time > after) and (before is None or time < before)


def _moment(message: Message) -> tuple[datetime, str]:
    return message.received_at, message.id


def _listed(answer: Any, rows_in: str) -> list[Any]:
    rows = answer.get(rows_in) if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise Unreachable(f"AgentPhone answered a list without {rows_in!r} in it", status=200)
    return rows


def _readable(kind: type[AnyRow], rows: list[Any]) -> list[AnyRow]:
    readable = []
    for row in rows:
        try:
            readable.append(kind.model_validate(row))
        except ValidationError:
            # One odd row must not hide the rest; what is in it is nobody's business in a log.
            log.warning("left out a %s from AgentPhone that cannot be read", kind.__name__)
    return readable


def _id(row: Wire) -> str:
    return str(getattr(row, "id", ""))


def _has_more(answer: Any, read: int | None, *, full: bool) -> bool:
    if isinstance(answer.get("hasMore"), bool):
        return bool(answer["hasMore"])
    total = answer.get("total")
    if read is not None and isinstance(total, int):
        return read < total
    return full
