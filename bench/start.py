"""How long `threedots phone` takes to begin: from the command to the page, and to the line."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from bench.figures import Figures

PATIENCE = 60.0
"""Seconds until a phone that does not come up ends the bench."""


def one_pair() -> tuple[Figures, Figures]:
    """The first start in an empty folder, and a later one with what the first has left."""
    with tempfile.TemporaryDirectory() as folder:
        return _one_start(Path(folder)), _one_start(Path(folder))


def _one_start(folder: Path) -> Figures:
    began = time.monotonic()
    command = [sys.executable, "-m", "threedots", "phone", "--port", "0", "--no-open"]
    phone = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        line = next(line for line in phone.stdout or [] if "http://" in line)
        said = time.monotonic() - began
        address = line[line.index("http://") :].strip()
        with httpx.Client(base_url=address, trust_env=False) as browser:
            page = _until(lambda: browser.get("/").is_success, began)
            desk = _until(lambda: browser.get("/desk").is_success, began)
    finally:
        phone.terminate()
        phone.wait(PATIENCE)
    return {
        "until it says its address, s": said,
        "until the page is there, s": page,
        "until an agent is behind it, s": desk,
    }


def _until(is_there: Callable[[], bool], began: float) -> float:
    """Ask every 10 ms; the seconds since it began when it is there."""
    while not is_there():
        if time.monotonic() - began > PATIENCE:
            raise TimeoutError(f"the phone did not come up within {PATIENCE:g} s")
        time.sleep(0.01)
    return time.monotonic() - began
