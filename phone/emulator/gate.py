"""What every API route shares: the twin it works on, the key it asks for, its pages."""

from __future__ import annotations

import hmac
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from phone.emulator.line import Line
from phone.emulator.records import MessageRecord
from phone.emulator.refusals import Refusal
from phone.emulator.twin import Twin

T = TypeVar("T")


class CamelBody(BaseModel):
    """A request body in camelCase. snake_case names are not read, as at the real service."""

    model_config = ConfigDict(alias_generator=to_camel)


async def _twin(request: Request) -> Twin:
    twin: Twin = request.app.state.twin
    return twin


TheTwin = Annotated[Twin, Depends(_twin)]


async def authorised(request: Request, twin: TheTwin) -> None:
    """Let in whoever has a key, and learn the address they use. Raises a 401."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    known = [hmac.compare_digest(key.strip().encode(), own.encode()) for own in twin.api_keys]
    if scheme.lower() != "bearer" or not any(known):
        raise Refusal(401, "Invalid API key")
    if "x-sub-account-id" in request.headers:
        raise Refusal(404, "The twin has no sub-accounts; leave X-Sub-Account-Id out.")
    twin.called_at(base_url_of(request), by_client=True)


def base_url_of(request: Request) -> str:
    """The address the caller used for the twin, without a slash at the end."""
    return str(request.base_url).rstrip("/")


class OffsetPage(BaseModel):
    """`limit` and `offset`, as most lists take them."""

    limit: int
    offset: int


Offset = Annotated[int, Query(ge=0, le=10**9)]


async def _page20(
    limit: Annotated[int, Query(ge=1, le=100)] = 20, offset: Offset = 0
) -> OffsetPage:
    return OffsetPage(limit=limit, offset=offset)


async def _page50(
    limit: Annotated[int, Query(ge=1, le=200)] = 50, offset: Offset = 0
) -> OffsetPage:
    return OffsetPage(limit=limit, offset=offset)


Page20 = Annotated[OffsetPage, Depends(_page20)]
Page50 = Annotated[OffsetPage, Depends(_page50)]


def cut(items: Sequence[T], page: OffsetPage) -> tuple[Sequence[T], dict[str, Any]]:
    """The items of a page, and the rest of its envelope."""
    shown = items[page.offset : page.offset + page.limit]
    more = page.offset + len(shown) < len(items)
    return shown, {"hasMore": more, "total": len(items)}


class TimePage(BaseModel):
    """`limit`, `before` and `after`, as message lists take them."""

    limit: int
    before: float | None
    after: float | None


async def _time_page(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: datetime | None = None,
    after: datetime | None = None,
) -> TimePage:
    return TimePage(limit=limit, before=_seconds(before), after=_seconds(after))


Cursors = Annotated[TimePage, Depends(_time_page)]


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    try:
        return round(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp(), 3)
    except (OverflowError, ValueError):
        raise Refusal(422, "before and after take times within years 1 to 9999.") from None


def cut_by_time(
    line: Line, messages: Sequence[MessageRecord], page: TimePage
) -> tuple[list[MessageRecord], bool]:
    """The messages between two times, and whether there are more.

    Newest first; with `after` alone a page still starts at the newest. `messages` is oldest first.
    """
    inclusive = line.switches.inclusive_cursors
    low, high = 0, len(messages)
    if page.after is not None:
        after = bisect_left if inclusive else bisect_right
        low = after(messages, page.after, key=lambda message: message.at)
    if page.before is not None:
        before = bisect_right if inclusive else bisect_left
        high = before(messages, page.before, key=lambda message: message.at)
    if line.switches.message_order == "oldest":
        return list(messages[low : max(low, min(high, low + page.limit))]), high - low > page.limit
    return list(reversed(messages[max(low, high - page.limit) : high])), high - low > page.limit
