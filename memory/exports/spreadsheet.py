"""A table for a spreadsheet: one row a turn, in CSV as every spreadsheet opens it.

In UTF-8 with a byte order mark, without which Excel takes accents apart. What people wrote may look
like a formula, which a spreadsheet would carry out: such a cell begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from memory.exports.talk import Told
from memory.transcript import ARRIVED, BubbleSent, TurnRecord

BOM = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a cell begins with that a spreadsheet may carry out."""

COLUMNS = (
    "turn_id", "parent_turn_id", "session", "started_at", "conversation_id", "participant",
    "group", "channel", "outcome", "reason", "heard", "said", "tools", "not_confirmed",
    "queue_seconds", "first_bubble_seconds", "total_seconds", "model", "prompts", "requests",
    "input_tokens", "cache_read_tokens", "output_tokens", "cost_usd", "labels",
)  # fmt: skip
"""The first row."""

NUMBERS = (
    "not_confirmed", "queue_seconds", "first_bubble_seconds", "total_seconds", "requests",
    "input_tokens", "cache_read_tokens", "output_tokens", "cost_usd",
)  # fmt: skip
"""The columns of numbers."""


def head() -> bytes:
    """What the file begins with."""
    return BOM + _row(list(COLUMNS))


def row(told: Told) -> bytes:
    """The row of a turn."""
    return _row([_guarded(cell) for cell in _cells(told.record)])


def _cells(record: TurnRecord) -> Iterator[Any]:
    place, waits, usage = record.conversation, record.latencies, record.usage
    yield from (record.turn_id, record.parent_turn_id, record.session)
    yield record.started_at.isoformat()
    yield from (place.conversation_id, place.participant, place.group_name or place.group_id)
    yield from (place.channel, record.outcome, record.reason)
    yield "\n".join(it.words for it in record.heard if it.in_turn)
    yield "\n".join(act.text for act in record.wire if isinstance(act, BubbleSent))
    yield ", ".join(call.name for call in record.tool_calls)
    yield _not_confirmed(record)
    yield from (waits.queue, waits.first_bubble, waits.total)
    yield from (record.model, record.prompts and record.prompts.version)
    yield from (usage.requests, usage.input_tokens, usage.cache_read_tokens, usage.output_tokens)
    yield usage.cost_usd
    yield ", ".join(record.labels)


def _not_confirmed(record: TurnRecord) -> int:
    """Bubbles of which nobody can say, by now, that they arrived."""
    fates = {act.bubble_id: act.status for act in record.wire if isinstance(act, BubbleSent)}
    fates |= {it.bubble_id: "lost" if it.is_undelivered else it.status for it in record.since}
    return sum(status not in ARRIVED for status in fates.values())


def _guarded(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _row(cells: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
