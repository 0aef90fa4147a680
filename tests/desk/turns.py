"""The turns of a served phone that have ended: a bubble is on the screen a moment earlier."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

PATIENCE = 20.0


def ended(folder: Path, count: int) -> list[tuple[str, str]]:
    """Id and record of each turn of the phone in this folder, once so many have ended."""
    until = time.monotonic() + PATIENCE
    while True:
        with closing(sqlite3.connect(folder / "phone.db")) as database:
            found = database.execute(
                "select turn_id, record from transcript order by id"
            ).fetchall()
        if len(found) >= count:
            return found
        assert time.monotonic() < until, f"only {len(found)} turns have ended"
        time.sleep(0.01)
