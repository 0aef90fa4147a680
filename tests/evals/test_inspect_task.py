"""Inspect runs our scenarios: its samples are theirs, and so is what it says of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

FAILS = """
name: never-answers
start:
  clock: "2026-03-03T18:00:00Z"
  people:
  - name: Ana
    handle: "+15555550124"
turns:
- text: hi
  expect:
    silent: true
"""


def inspected(folder: Path, *paths: Path) -> dict[str, Any]:
    """The log that `inspect eval` writes, as JSON."""
    told = ",".join(map(str, paths))
    command = [sys.executable, "-m", "inspect_ai", "eval", "evals/inspect_task.py"]
    command += ["--model", "none", "-T", "agent=scripted", "-T", f"paths={told}"]
    command += ["--log-dir", str(folder / "logs"), "--log-format", "json", "--display", "none"]
    env = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    [log] = (folder / "logs").glob("*.json")
    return json.loads(log.read_text())


def test_inspect_plays_scenarios_and_says_which_were_as_expected(tmp_path: Path):
    bad = tmp_path / "never-answers.yaml"
    bad.write_text(FAILS)
    log = inspected(tmp_path, ROOT / "evals" / "scenarios" / "lone-message.yaml", bad)
    assert log["status"] == "success", log.get("error")
    by_id = {sample["id"]: sample for sample in log["samples"]}
    scores = {name: sample["scores"]["as_expected"] for name, sample in by_id.items()}
    good = next(name for name in by_id if name != "never-answers")
    assert (scores[good]["value"], scores["never-answers"]["value"]) == (1, 0)
    assert "silent" in scores["never-answers"]["explanation"]
    roles = [message["role"] for message in by_id[good]["messages"]]
    assert roles[0] == "system" and roles[-1] == "assistant"
