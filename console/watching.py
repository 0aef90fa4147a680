"""The turns of a deployment as somebody watches them: the newest, one whole, and what happens."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from sqlmodel import Session

from agent.commands.transcripts_shown import summary
from agent.deployment import Deployment
from console.timeline import timeline
from memory.inspection import Known, arrivals, running, still_running
from memory.recording import RUNNING
from memory.transcript import TurnRecord
from memory.transcripts import Wanted, last_written, newest, one, written_since

BREATH = 0.15
"""Seconds between two looks while something happens."""

LOOK_EVERY = 1.0
"""Seconds between two looks otherwise: another process may have written."""


async def newest_turns(
    deployment: Deployment, wanted: Wanted, *, limit: int
) -> list[dict[str, Any]]:
    """Summaries, newest first; turns under way lead, unless one searches for words."""
    look = partial(_newest, wanted=wanted, limit=limit, notes=_noted(deployment))
    records = await deployment.store.read(partial(look, now=deployment.clock.now()))
    return [_summary(record) for record in records]


async def whole(deployment: Deployment, turn_id: str) -> dict[str, Any] | None:
    """One turn: its `record`, its `timeline` and its `summary`; None when there is none."""
    look = partial(_whole, turn_id=turn_id, notes=_noted(deployment))
    found = await deployment.store.read(partial(look, now=deployment.clock.now()))
    if found is None:
        return None
    record, arrived = found
    entries = timeline(TurnRecord.model_validate(record), arrived)
    return {
        "summary": _summary(record),
        "timeline": [entry.as_json() for entry in entries],
        "record": record,
    }


async def watch(
    deployment: Deployment, conversation: str | None
) -> AsyncIterator[dict[str, Any] | None]:
    """A summary whenever a turn has begun, gone on or ended; None when nothing has for a while."""
    store, wanted = deployment.store, Wanted(conversation=conversation)
    told: dict[str, str] = {}
    reached = await store.read(last_written)
    while True:
        look = partial(running, conversation=conversation, notes=_noted(deployment))
        under_way = await store.read(partial(look, now=deployment.clock.now()))
        reached, ended = await store.read(partial(written_since, wanted=wanted, reached=reached))
        for record in ended:
            told.pop(record["turn_id"], None)
            yield _summary(record)
        for record in under_way:
            so_far = _without_the_time(record)
            if told.get(record["turn_id"]) != so_far:
                told[record["turn_id"]] = so_far
                yield _summary(record)
        if not under_way and not ended:
            yield None
        await asyncio.sleep(BREATH)
        await store.wait_for_commit(BREATH if under_way else LOOK_EVERY)


def _noted(deployment: Deployment) -> Known:
    return {turn_id: notes.as_json() for turn_id, notes in deployment.under_way.items()}


def _newest(
    session: Session, wanted: Wanted, *, limit: int, notes: Known, now: float
) -> list[dict[str, Any]]:
    under_way = []
    if wanted.words is None and wanted.before is None:
        under_way = running(session, conversation=wanted.conversation, notes=notes, now=now)
    return [*under_way, *newest(session, wanted, limit=limit)][:limit]


def _whole(session: Session, *, turn_id: str, notes: Known, now: float) -> Any:
    record = still_running(session, turn_id, notes=notes, now=now) or one(session, turn_id)
    if record is None:
        return None
    aside = [heard["message_id"] for heard in record["heard"] if heard["message_id"]]
    return record, arrivals(session, aside, record["turn_id"])


def _summary(record: dict[str, Any]) -> dict[str, Any]:
    """What the command line lists of a turn, and what a page finds its bubbles by."""
    it = TurnRecord.model_validate(record)
    ids = [
        part["message_id"] for part in (*record["heard"], *record["wire"]) if "message_id" in part
    ]
    return summary(it) | {
        "state": "running" if it.outcome == RUNNING else "settled",
        "settled_at": None if it.outcome == RUNNING else it.settled_at.isoformat(),
        "total_seconds": it.latencies.total,
        "usage": it.usage.model_dump(mode="json"),
        "is_cut_short": it.attempts > 1,
        "message_ids": [one for one in ids if one],
    }


def _without_the_time(record: dict[str, Any]) -> str:
    """What is the same while nothing happens."""
    return json.dumps({**record, "settled_at": None, "latencies": None}, sort_keys=True)
