"""Replay: real turns taken again, each from where it began, on a twin and in a file of their own.

Nothing of a production deployment is touched: what stood before a turn comes from the records, and
what was heard is sent through a twin in this process. A burst is sent at once and answered as one,
photos are stand-ins, and the clock begins where the turn did.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError
from pydantic_ai.models import Model
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, func, select

from agent.deployment import Deployment
from agent.settings import Settings
from evals.local import ADDRESS, Local, new_database
from evals.records.differences import Difference, differences, is_changed
from evals.records.recording import STAND_IN
from evals.records.standing import Standing, set_up, standings
from memory.exports.checks import record_problems
from memory.tables import Mailbox, Message, Transcript, Turn, TurnState
from memory.transcript import Heard, TurnRecord
from phone.clock import SystemClock
from safety.approval import KIND

QUIET_FOR = 0.5
"""Seconds after which a burst is over: all of it is sent at once."""

PATIENCE = 300.0
"""Seconds a turn may take before it counts as one that could not be replayed."""

LOOK_EVERY = 0.02
"""Seconds between two looks at whether a turn is over."""

BEFOREHAND = 60.0
"""Seconds before the turn at which everything is started. What is written later than the start is
known to come by webhook, and nobody reads it back as missed."""


class CannotReplay(Exception):
    """A turn cannot be taken again; says why."""


class BadRecords(Exception):
    """What was given are no records; names the line."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one turn.

    Attributes:
        after: Its new record; None when it could not be replayed.
        problem: Why it could not.
    """

    before: TurnRecord
    after: TurnRecord | None = None
    problem: str | None = None

    @property
    def differences(self) -> list[Difference]:
        """What is another now."""
        return differences(self.before, self.after) if self.after else []

    @property
    def is_changed(self) -> bool:
        """Whether the agent did or said something else."""
        return is_changed(self.differences)

    def as_json(self) -> dict[str, Any]:
        """As `--json` and the desk tell it. Seconds do not compare: this was a twin."""
        return {
            "turn_id": self.before.turn_id,
            "conversation_id": self.before.conversation.conversation_id,
            "heard": [heard.text or heard.reaction or "" for heard in _asked(self.before)],
            "problem": self.problem,
            "is_changed": self.is_changed,
            "differences": self.differences,
            "before": self.before.model_dump(mode="json"),
            "after": self.after.model_dump(mode="json") if self.after else None,
        }


def records_in(lines: Iterable[bytes], *, name: str) -> list[TurnRecord]:
    """Records, one a line. Raises `BadRecords`, which names the first line that is none."""
    found = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        for problem in record_problems(line):
            raise BadRecords(f"{name}:{number}: {problem}")
        found.append(TurnRecord.model_validate_json(line))
    if not found:
        raise BadRecords(f"{name} has no records; write some with `threedots transcripts export`.")
    return found


async def replay(
    records: Sequence[TurnRecord], settings: Settings, model: Model
) -> AsyncIterator[Replayed]:
    """Take each of these turns again, one after another.

    Args:
        records: Of any conversations, each conversation's oldest first. A turn begins with what the
            turns before it among these left behind.
        settings: From `evals.local.local_settings`: its prompts count; its database is never used.
    """
    with tempfile.TemporaryDirectory(prefix="threedots-replay-") as folder:
        empty = Path(folder) / "empty.db"
        await asyncio.to_thread(new_database, empty)
        for original, standing in zip(records, standings(records), strict=True):
            with tempfile.TemporaryDirectory(dir=folder) as own:
                database = Path(own) / "phone.db"
                try:
                    await asyncio.to_thread(shutil.copy, empty, database)
                    after = await _take_again(standing, database, settings, model)
                    done = Replayed(original, after)
                except (CannotReplay, SQLAlchemyError, ValidationError, ValueError) as error:
                    done = Replayed(original, problem=str(error).splitlines()[0])
            yield done


async def _take_again(
    standing: Standing, database: Path, settings: Settings, model: Model
) -> TurnRecord:
    asked = _asked(standing.record)
    if not asked:
        raise CannotReplay("nothing was heard in it")
    clock = SystemClock()
    begun = asked[0].received_at.timestamp()
    clock.ahead = begun - BEFOREHAND - time.time()
    here = {
        "database_url": f"sqlite:///{database}",
        "threedots_burst": "patient",
        "threedots_quiet_for": QUIET_FOR,
    }
    await asyncio.to_thread(set_up, database, standing, agent_name=settings.threedots_name)
    local = Local(settings.model_copy(update=here), model, clock=clock, in_process=True)
    web = httpx.ASGITransport(app=local)
    async with local.running(), httpx.AsyncClient(transport=web, base_url=ADDRESS) as handset:
        if local.deployment is None:
            raise CannotReplay("the harness did not start")
        known = await local.deployment.store.read(_count)
        clock.ahead = begun - time.time()
        for heard in asked:
            await _hear(handset, standing, heard)
        return await _record(local.deployment, standing, known + len(asked))


async def _hear(handset: httpx.AsyncClient, standing: Standing, heard: Heard) -> None:
    """Somebody writes or taps, as they did then."""
    place = standing.record.conversation
    if heard.kind == "tapback":
        tapped = {"message_id": heard.target_message_id or "", "reaction": heard.reaction or ""}
        await _post(handset, "reactions", {"from_handle": heard.sender, **tapped})
        return
    where: dict[str, Any] = {"group_id": place.group_id}
    if not place.is_group:
        where = {"channel": "imessage" if heard.channel == "imessage" else "sms"}
    written = {
        "from_handle": heard.sender,
        "body": heard.text,
        "media_urls": [STAND_IN.format(handle) for handle in heard.media],
    }
    reply_to = {"reply_to_message_id": heard.reply_to_message_id}
    try:
        await _post(handset, "messages", written | where | reply_to)
    except CannotReplay:
        if heard.reply_to_message_id is None:
            raise
        # What it answered is in none of these records: the words count without it.
        await _post(handset, "messages", written | where)


async def _post(handset: httpx.AsyncClient, what: str, body: dict[str, Any]) -> None:
    answer = await handset.post(f"/handset/{what}", json=body)
    if not answer.is_success:
        raise CannotReplay(f"the twin did not take it: {answer.text[:300]}")


async def _record(deployment: Deployment, standing: Standing, heard: int) -> TurnRecord:
    """The record of what came of it, once all of it has been answered."""
    old = [record.turn_id for record in standing.earlier]
    try:
        async with asyncio.timeout(PATIENCE):
            while not await deployment.store.read(partial(_is_over, heard=heard)):  # noqa: ASYNC110  # a database rings no bell
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        raise CannotReplay(f"it did not end within {PATIENCE:.0f} seconds") from None
    texts = await deployment.store.read(partial(_records_since, old=old))
    found = [TurnRecord.model_validate_json(text) for text in texts]
    if not found:
        raise CannotReplay("no turn began: what was heard was dropped on arrival")
    return _as_one(found)


def _asked(record: TurnRecord) -> list[Heard]:
    """What the turn was about, in the order in which it was written."""
    return [heard for heard in record.heard if heard.in_turn and heard.kind != KIND]


def _count(session: Session) -> int:
    found: int = session.exec(select(func.count(col(Message.id)))).one()
    return found


def _is_over(session: Session, *, heard: int) -> bool:
    running = select(Turn.id).where(Turn.state == TurnState.RUNNING)
    due = select(Mailbox.id).where(col(Mailbox.due_at).is_not(None))
    is_idle = session.exec(running).first() is None and session.exec(due).first() is None
    return is_idle and _count(session) >= heard


def _records_since(session: Session, *, old: Sequence[str]) -> list[str]:
    new = select(Transcript.record).where(col(Transcript.turn_id).not_in(old))
    return list(session.exec(new.order_by(col(Transcript.id))).all())


def _as_one(records: Sequence[TurnRecord]) -> TurnRecord:
    """Several turns where there was one: a consent word in a burst is a turn of its own."""
    if len(records) == 1:
        return records[0]
    joined = {
        "tool_calls": [call for record in records for call in record.tool_calls],
        "wire": [act for record in records for act in record.wire],
        "heard": [heard for record in records for heard in record.heard],
    }
    return records[-1].model_copy(update=joined)


def told(replayed: Replayed) -> Iterator[str]:
    """One turn as lines for a terminal: unchanged ones are one line."""
    before = replayed.before
    heard = " / ".join(each.text or each.reaction or "" for each in _asked(before))
    name = f"{before.turn_id[:12]}  “{heard[:60]}”"
    if replayed.problem is not None:
        yield f"{name}: could not be replayed: {replayed.problem}"
        return
    if not replayed.is_changed:
        yield f"{name}: unchanged ({before.outcome})"
        return
    yield f"{name}: changed"
    for difference in replayed.differences:
        what = difference["what"].replace("_", " ")
        note = " (on a twin: does not compare)" if what == "first bubble seconds" else ""
        yield f"    {what}{note}"
        for sign, value in (("-", difference["before"]), ("+", difference["after"])):
            yield from (f"      {sign} {line}" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value or ["nothing"]:
            yield from _lines(item)
    elif isinstance(value, dict):
        yield ", ".join(f"{name} {part}" for name, part in value.items())
    else:
        yield from (str("not known" if value is None else value).splitlines() or [""])
