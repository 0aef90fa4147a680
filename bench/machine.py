"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from bench.databases import Database, fsync_ms

BUSY = 0.25
"""Load for each core, before anything is measured, from which on the figures mean less."""


def machine(databases: Sequence[Database]) -> str:
    """The machine's figures in one line, and a warning when it was busy with other things."""
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    parts = [
        f"{cores} cores ({_processor()})",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        *(database.version for database in databases),
        f"fsync of 4 KiB {fsync_ms():.2f} ms",
        f"load average before the first run {load:.2f}",
    ]
    warning = " **The machine was busy with other work: these figures are too high.**"
    return ", ".join(parts) + "." + (warning if load / cores > BUSY else "")


def _processor() -> str:
    """The processor's name, without its trade marks."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2] for line in lines if line.startswith("model name")]
    plain = (names or [platform.processor()])[0].replace("(R)", "").replace("(TM)", "")
    return " ".join(plain.split())
