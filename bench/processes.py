"""What a process has cost, from Linux's /proc."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
"""Clock ticks in a second: what the kernel counts a process's time in."""


def cpu_seconds(process_id: int) -> float:
    """Its time on a core so far, with that of its children that have ended."""
    return sum(map(int, _stat(process_id)[11:15])) / TICKS


def peak_memory_mb(process_id: int) -> float:
    """The most memory it has held at once, in MB."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(peak) * 1024 / 1e6


def written_bytes(process_id: int) -> int:
    """What it has had written to the disk so far."""
    lines = Path(f"/proc/{process_id}/io").read_text().splitlines()
    [written] = [line.split()[1] for line in lines if line.startswith("write_bytes")]
    return int(written)


def family(process_id: int) -> list[int]:
    """The process and its children."""
    others = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [process_id, *(other for other in others if _parent(other) == process_id)]


def _parent(process_id: int) -> int | None:
    try:
        return int(_stat(process_id)[1])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _stat(process_id: int) -> list[str]:
    """The fields of its `stat` after the name, which may hold anything."""
    return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
