"""What of a turn is on their screen, by all that is known now."""

from __future__ import annotations

from memory.transcript import ARRIVED, Act, BubbleSent, TurnRecord


def landed(record: TurnRecord) -> list[BubbleSent | Act]:
    """The bubbles and the tapbacks, in the order of the wire."""
    since = {news.bubble_id: news.status for news in record.since}
    return [
        act
        for act in record.wire
        if (
            since.get(act.bubble_id, act.status) in ARRIVED
            if isinstance(act, BubbleSent)
            else act.act == "tapback" and act.landed is not None
        )
    ]


def bubbles_of(record: TurnRecord) -> list[BubbleSent]:
    """The bubbles alone."""
    return [act for act in landed(record) if isinstance(act, BubbleSent)]


def tapbacks_of(record: TurnRecord) -> list[Act]:
    """The tapbacks alone."""
    return [act for act in landed(record) if isinstance(act, Act)]
