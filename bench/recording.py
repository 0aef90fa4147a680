"""What the record of a turn costs, and how long it takes to write many of them to a file."""

from __future__ import annotations

import asyncio
import operator
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import patch

from sqlmodel import Session

from bench.figures import Figures
from bench.processes import cpu_seconds, peak_memory_mb
from bench.records import talk
from bench.texts import NUMBER, conversation_of
from memory.inbox import accept
from memory.notes import Notes
from memory.store import Store
from memory.tables import Bubble, BubbleState, ToolCall, Turn
from memory.transcript import TurnRecord
from memory.turns import Claim, claim, let_go, settle, take
from phone.clock import utc
from phone.types import InboundMessage

NOW = 1_800_000_000.0

FORMATS = ("jsonl", "csv", "openai", "otlp", "atif")
"""What turns are written as; `inspect` keeps a log of its own library's making."""


async def cost(database_url: str, *, turns: int) -> Figures:
    """Turns with two calls and a bubble, ended with their record and without, taking turns."""
    whole = max(await asyncio.to_thread(talk), key=lambda one: len(one[0].record))
    told = TurnRecord.model_validate_json(whole[0].record)
    with_record, without = [], []
    async with Store(database_url) as store:
        for number in range(turns):
            with_record.append(await store.write(partial(_ended, number=number * 2, told=told)))
            with _nothing_kept(told):
                without.append(await store.write(partial(_ended, number=number * 2 + 1, told=told)))
    return {
        "ending a turn without a record, ms": median(without) * 1000,
        "ending a turn and keeping its record, ms": median(with_record) * 1000,
        "what the record costs, ms": median(map(operator.sub, with_record, without)) * 1000,
        "size of the record, kB": len(whole[0].record) / 1000,
    }


@contextmanager
def _nothing_kept(told: TurnRecord) -> Iterator[None]:
    """Turns end as they would if no record were put together and written: what it is read for,
    usage and limits, goes by this one."""
    with patch("memory.turns.keep_record", lambda *_: told):
        yield


def _ended(session: Session, *, number: int, told: TurnRecord) -> float:
    """Somebody's turn: begun, filled and ended; the seconds the ending took, all but the commit."""
    person = f"+15555{number:06d}"
    turn, claim = _begun(session, person, number)
    session.flush()
    began = time.perf_counter()
    settle(
        session, claim, turn.id, outcome="answered", notes=_notes(told), now=NOW + 2,
        messages=told.messages, memory_after={}, memory_saved=True,
    )  # fmt: skip
    session.flush()
    took = time.perf_counter() - began
    let_go(session, claim, now=NOW + 2)
    return took


def _begun(session: Session, person: str, number: int) -> tuple[Turn, Claim]:
    message = InboundMessage(
        webhook_id=f"wh_{number}", message_id=f"msg_{number}", agent_id=None, number_id=None,
        conversation_id=conversation_of(person), from_handle=person, to_number=NUMBER,
        text="Are you open on Sunday, and what does a cake cost?", received_at=utc(NOW),
    )  # fmt: skip
    accept(session, message, body=b"{}", keys=[f"msg_{number}"], now=NOW)
    held = claim(session, owner="bench", now=NOW)
    burst = held and take(session, held, turn_id=f"turn_{number}", kind="live", now=NOW)
    assert held and burst
    session.flush()
    for place in range(2):
        at = utc(NOW + 1)
        session.add(
            ToolCall(
                turn_id=burst.turn.id, call_id=f"c{place}", name="remember", state="done",
                arguments={"fact": "Is called Sam"}, result="Remembered.",
                started_at=at, finished_at=at,
            )
        )  # fmt: skip
    session.add(
        Bubble(
            id=f"bub_{number}", mailbox_id=burst.turn.mailbox_id, turn_id=burst.turn.id,
            position=number, ref=2, text="Yes, from ten to four. A cake is 20 dollars.",
            state=BubbleState.CONFIRMED, message_id=f"out_{number}", created_at=utc(NOW),
            expires_at=utc(NOW + 600), dispatched_at=utc(NOW + 1), finished_at=utc(NOW + 1),
        )
    )  # fmt: skip
    return burst.turn, held


def _notes(told: TurnRecord) -> Notes:
    return Notes(
        model=told.model,
        prompts=told.prompts.files if told.prompts else [],
        instructions=told.instructions,
        memory_before={},
        opening=told.messages[0],
        tools=[tool.model_dump(mode="json") for tool in told.tools],
        requests=told.requests,
    )


def one_export(database_url: str, format: str) -> Figures:
    """`threedots transcripts export` of all turns, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="threedots-bench-") as folder:
        output = Path(folder) / "turns"
        command = [sys.executable, "-m", "threedots", "transcripts", "export"]
        command += ["--format", format, "--output", str(output)]
        began = time.monotonic()
        child = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": database_url})
        peak = cpu = 0.0
        while child.poll() is None:
            with suppress(FileNotFoundError, ProcessLookupError, ValueError):  # it has just ended
                peak, cpu = peak_memory_mb(child.pid), cpu_seconds(child.pid)
            time.sleep(0.05)
        took = time.monotonic() - began
        if child.returncode:
            raise RuntimeError(f"the export as {format} ended with {child.returncode}")
        size = output.stat().st_size / 1e6
    return {
        "all written, s": took,
        "size, MB": size,
        "MB per second": size / took,
        "processor time, s": cpu,
        "peak memory, MB": peak,
    }
