"""`threedots transcripts export` as a command, whatever the format."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from tests.exports.conftest import ask

COMMAND = [sys.executable, "threedots.py", "transcripts", "export", "--output"]


def on_a_terminal(*arguments: str) -> str:
    """What a command shows on a terminal of errors."""
    ours, theirs = pty.openpty()
    try:
        subprocess.run([*COMMAND, *arguments], stderr=theirs, check=True)
    finally:
        os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # how Linux says that nobody holds the other end any more
        pass
    finally:
        os.close(ours)
    return shown.decode()


def test_on_a_terminal_it_shows_how_far_it_is(tmp_path: Path):
    shown = on_a_terminal(str(tmp_path / "turns"), "--format", "openai")
    assert "Turns" in shown and "100%" in shown


def test_elsewhere_it_says_nothing(tmp_path: Path):
    done = subprocess.run(
        [*COMMAND, str(tmp_path / "turns")], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")


def test_arguments_are_refused_where_they_would_do_nothing():
    assert ask("export", "--format", "csv", "--arguments", "objects").exit_code == 2


def test_a_file_that_cannot_be_written_is_said_in_a_sentence(tmp_path: Path):
    for file in (tmp_path / "nowhere" / "turns", tmp_path):
        done = ask("export", "--output", str(file))
        assert done.exit_code == 2 and "cannot be written" in done.output
