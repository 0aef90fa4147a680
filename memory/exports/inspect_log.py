"""A log of Inspect, the `.eval` file that `inspect view` opens: a sample a turn.

It is made of Inspect's own models, and put into its archive a sample at a time: Inspect itself
writes a log from all of its samples in memory. The summaries, which stand behind the samples, wait
in a temporary file.

    samples/{turn_id}_epoch_1.json   each turn
    summaries.json                   the table of them
    header.json                      what the log is of

Source: inspect_ai.log, 0.3.285. Only this module knows it, and only once it is called.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from memory.exports.inspect_sample import sample_of
from memory.exports.talk import Told

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

TASK = "transcripts"
"""What the log says it is of."""


@contextmanager
def log_in(file: IO[bytes]) -> Iterator[Any]:
    """What writes a turn into a log in this file, which is complete when it is left."""
    with ZipFile(file, "w", ZIP_DEFLATED) as archive, TemporaryFile() as summaries:
        log = _Log(archive, summaries)
        yield log.write
        log.finish()


class _Log:
    def __init__(self, archive: ZipFile, summaries: IO[bytes]) -> None:
        self._archive, self._summaries = archive, summaries
        self._samples = 0
        self._models: set[str] = set()
        self._began: datetime | None = None
        self._ended: datetime | None = None

    def write(self, told: Told) -> None:
        record, sample = told.record, sample_of(told)
        self._put(f"samples/{sample.id}_epoch_{sample.epoch}.json", sample)
        self._summaries.write(b",\n" if self._samples else b"[")
        self._summaries.write(_json(sample.summary()))
        self._samples += 1
        self._models |= {record.model} if record.model else set()
        self._began = min(self._began or record.started_at, record.started_at)
        self._ended = max(self._ended or record.settled_at, record.settled_at)

    def finish(self) -> None:
        self._summaries.write(b"]" if self._samples else b"[]")
        self._summaries.seek(0)
        with self._archive.open(_entry("summaries.json"), "w") as entry:
            shutil.copyfileobj(self._summaries, entry)
        self._put("header.json", self._header())

    def _header(self) -> EvalLog:
        from inspect_ai.log import (
            EvalConfig,
            EvalDataset,
            EvalLog,
            EvalResults,
            EvalSpec,
            EvalStats,
        )

        began = self._began.isoformat() if self._began else "1970-01-01T00:00:00+00:00"
        ended = self._ended.isoformat() if self._ended else ""
        return EvalLog(
            status="success",
            eval=EvalSpec(
                created=began,
                eval_id=f"{TASK}-{began}",
                run_id=f"{TASK}-{began}",
                task_id=TASK,
                task=TASK,
                dataset=EvalDataset(name=TASK, samples=self._samples),
                model=self._models.pop() if len(self._models) == 1 else "several",
                config=EvalConfig(),
            ),
            results=EvalResults(total_samples=self._samples, completed_samples=self._samples),
            stats=EvalStats(started_at=began, completed_at=ended),
        )

    def _put(self, name: str, model: Any) -> None:
        self._archive.writestr(_entry(name), _json(model))


def _json(model: Any) -> bytes:
    text: str = model.model_dump_json(exclude_none=True)
    return text.encode()


def _entry(name: str) -> ZipInfo:
    """A file of the archive, without the hour: the same turns are the same bytes."""
    entry = ZipInfo(name)
    entry.compress_type = ZIP_DEFLATED
    return entry
