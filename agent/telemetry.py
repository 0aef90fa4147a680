"""Spans of every turn, sent to an OpenTelemetry collector once the turn has ended.

    turn settled ─▶ its id in a queue ─▶ its record read ─▶ spans ─▶ OpenTelemetry's own batches

Nothing of it is in a turn's way: a turn leaves its id and goes on. What cannot be told, because
the collector is away or too much waits, is lost and said in the log; the record is kept anyway.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.deployment import Deployment
from agent.settings import Settings
from memory.exports.formats import need
from memory.exports.otlp_spans import Spans
from memory.exports.talk import Told
from memory.pseudonyms import key_of, namer, region_of, without_numbers
from memory.transcripts import one

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

log = logging.getLogger(__name__)

WAITING = 1_000
"""Turns that may wait to be told. OpenTelemetry's batches hold 2,048 spans more."""

FLUSH = 5.0
"""Seconds that a stopping server waits for the last spans to be taken."""


def check_telemetry(settings: Settings) -> None:
    """For the front doors, before anything is begun.

    Raises:
        NotInstalled: A collector is named, and the packages for it are missing.
    """
    if settings.traces_endpoint is not None:
        need("opentelemetry.sdk", extra="otlp", why="OTEL_EXPORTER_OTLP_ENDPOINT")
        need("opentelemetry.exporter.otlp.proto.http", extra="otlp", why="Sending spans")


@asynccontextmanager
async def telling(deployment: Deployment, settings: Settings) -> AsyncIterator[None]:
    """Send the spans of the turns that end in this block, where a collector is named.

    Turns of evaluations are never sent. Whatever is not yet sent at the end is, within `FLUSH`.
    """
    if settings.traces_endpoint is None or deployment.session == "eval":
        yield
        return
    sender = _Sender(deployment, settings.traces_endpoint, with_content=settings.sends_content)
    deployment.ended = sender.add
    sending = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        try:
            async with asyncio.timeout(FLUSH):
                await sender.told.join()
                await _apart(sender.close)
        except TimeoutError:
            log.warning("some of the last spans were not taken within %.0f s and are lost", FLUSH)
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending


class _Sender:
    """Makes spans of turns and hands them to OpenTelemetry.

    Attributes:
        told: The ids of turns that have ended and were not told yet.
    """

    def __init__(self, deployment: Deployment, endpoint: str, *, with_content: bool) -> None:
        self._spans = Spans(with_content=with_content)
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self.told: asyncio.Queue[str] = asyncio.Queue(WAITING)
        self._deployment = deployment
        # Never handed a span itself; it knows what OTEL_TRACES_SAMPLER says.
        self._sampler = TracerProvider(shutdown_on_exit=False).sampler
        self._batches = BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint))

    def add(self, turn_id: str) -> None:
        """A turn has ended."""
        try:
            self.told.put_nowait(turn_id)
        except asyncio.QueueFull:
            log.warning("%d turns wait for their spans; those of %s are lost", WAITING, turn_id)

    async def run(self) -> None:
        """Tell of one turn after the other, until cancelled."""
        while True:
            turn_id = await self.told.get()
            try:
                await self._tell(turn_id)
            except Exception:  # what cannot be told must not end the telling
                log.exception("the spans of turn %s could not be made and are lost", turn_id)
            finally:
                self.told.task_done()

    async def _tell(self, turn_id: str) -> None:
        store = self._deployment.store
        record = await store.read(partial(one, turn_id=turn_id))
        if record is None:  # erased since
            return
        key = await store.write(key_of)
        for span in await asyncio.to_thread(self._made, record, key):
            self._batches.on_end(span)

    def _made(self, record: dict[str, Any], key: bytes) -> list[ReadableSpan]:
        region = region_of(record["conversation"]["number"])
        spans = self._spans.of(Told(without_numbers(record, namer(key), region=region)))
        return spans if self._is_sampled(spans[0]) else []

    def _is_sampled(self, turn: ReadableSpan) -> bool:
        from opentelemetry.sdk.trace.sampling import Decision

        asked = self._sampler.should_sample(
            None, turn.context.trace_id, turn.name, turn.kind, turn.attributes
        )
        return asked.decision is not Decision.DROP

    def close(self) -> None:
        """Send what waits, and end. It may take long, and runs on a thread of its own."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]  # the library leaves it untyped


async def _apart(work: Callable[[], None]) -> None:
    """Run this on a thread that nothing waits for longer than the caller does."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def run() -> None:
        work()
        with suppress(RuntimeError):  # the loop may have ended by then
            loop.call_soon_threadsafe(done.set)

    threading.Thread(target=run, name="last-spans", daemon=True).start()
    await done.wait()
