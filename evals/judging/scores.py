"""How an agent texts, in figures: pure functions over the records of turns.

No figure is good or bad of itself; each is to be compared with the same one of another run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import pairwise
from math import comb
from statistics import median
from typing import Any

from evals.records.landed import bubbles_of
from memory.transcript import Heard, TurnRecord

MOMENT = timedelta(milliseconds=2)


def scores(conversations: Sequence[Sequence[TurnRecord]]) -> dict[str, Any]:
    """All figures of these conversations; None where there is nothing to measure.

    Args:
        conversations: The records of each, oldest first.
    """
    records = [record for conversation in conversations for record in conversation]
    answered = [record for record in records if bubbles_of(record)]
    lengths = [len(bubble.text) for record in records for bubble in bubbles_of(record)]
    return {
        "turns": len(records),
        "replies_per_burst": _mean([len(bubbles_of(record)) for record in answered]),
        "double_replies": sum(map(double_replies, conversations)),
        "unanswered_texts": unanswered_texts(records),
        "silent_turns": sum(record.outcome == "silent" for record in records),
        "characters_per_bubble": _mean(lengths),
        "longest_bubble": max(lengths, default=None),
        "seconds_to_typing": _median(map(seconds_to_typing, records)),
        "seconds_to_first_bubble": _median(r.latencies.first_bubble for r in records),
        "cost_per_conversation_usd": _cost_per_conversation(conversations),
    }


def double_replies(records: Sequence[TurnRecord]) -> int:
    """Answers to what had been written before the answer before them left: one would have done.

    Also words that were said twice in one turn.

    Args:
        records: Of one conversation, oldest first.
    """
    twins = sum(_is_late_twin(before, after) for before, after in pairwise(records))
    return twins + sum(map(_repeats, records))


def unanswered_texts(records: Sequence[TurnRecord]) -> int:
    """Texts of turns that failed: there nobody chose to be silent, and yet nothing was said."""
    return sum(
        len(_texts(record))
        for record in records
        if record.outcome not in ("silent", "dropped", "answered", "reacted")
    )


def seconds_to_typing(record: TurnRecord) -> float | None:
    """Seconds from the last text before it to the typing bubble; None when it never showed."""
    if record.typing.shown_at is None:
        return None
    before = [h.received_at for h in _texts(record) if h.received_at <= record.typing.shown_at]
    return (record.typing.shown_at - max(before)).total_seconds() if before else None


def cost(records: Iterable[TurnRecord]) -> float | None:
    """What these turns cost in dollars; None when the price of any of it is not known."""
    costs = [record.usage.cost_usd for record in records]
    known = [float(each) for each in costs if each is not None]
    return sum(known) if len(known) == len(costs) else None


def tokens(records: Iterable[TurnRecord]) -> int:
    """Tokens in and out."""
    return sum(record.usage.input_tokens + record.usage.output_tokens for record in records)


def pass_hat_k(passes: int, runs: int, k: int) -> float:
    """The chance that k runs of a scenario all pass, estimated from these without bias.

    How often k of the runs, drawn without putting back, are all among the passes. Raises ValueError
    when there were fewer than k runs.
    """
    if not 1 <= k <= runs:
        raise ValueError(f"k is {k} and there were {runs} runs; k is 1 to {runs}")
    return comb(passes, k) / comb(runs, k)


def _is_late_twin(before: TurnRecord, after: TurnRecord) -> bool:
    left = [
        bubble.dispatched_at for bubble in bubbles_of(before) if bubble.dispatched_at is not None
    ]
    wrote = [heard.received_at for heard in _texts(after)]
    # AgentPhone's times end at the millisecond: what came in that one may have come after it.
    is_late = bool(left and wrote and bubbles_of(after)) and max(wrote) < min(left) - MOMENT
    return is_late and not any(heard.keyword for heard in [*_texts(before), *_texts(after)])


def _repeats(record: TurnRecord) -> int:
    said = [
        " ".join(bubble.text.casefold().split()) for bubble in bubbles_of(record) if bubble.text
    ]
    return len(said) - len(set(said))


def _texts(record: TurnRecord) -> list[Heard]:
    return [heard for heard in record.heard if heard.in_turn and heard.kind == "text"]


def _cost_per_conversation(conversations: Sequence[Sequence[TurnRecord]]) -> float | None:
    costs = [cost(records) for records in conversations]
    known = [each for each in costs if each is not None]
    return sum(known) / len(known) if known and len(known) == len(costs) else None


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), 3) if known else None
