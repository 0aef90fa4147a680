"""One line of `.env` is changed: whole or not at all, and nothing else."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from agent.env_file import value_in, write_value

NAME = "AGENTPHONE_WEBHOOK_SECRET"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "{line}\n"),
        ("A=1\n", "A=1\n{line}\n"),
        ("A=1", "A=1\n{line}\n"),
        ("# why\nA='x y' # z\n\n", "# why\nA='x y' # z\n\n{line}\n"),
        (f"A=1\n\n{NAME}=old\nB=2\n", "A=1\n\n{line}\nB=2\n"),
        (f'{NAME}="old,older"\n# end', "{line}\n# end"),
        (f"export {NAME}=old\n", "export {line}\n"),
        (f"{NAME}=\nB=2\n", "{line}\nB=2\n"),
        (f"{NAME}=old", "{line}"),
        (f"{NAME}=first\nB=2\n{NAME}=last\n", f"{NAME}=first\nB=2\n{{line}}\n"),
        (f"A=1\r\n{NAME}=old\r\nB=2\r\n", "A=1\r\n{line}\r\nB=2\r\n"),
        ("A=1\r\n", "A=1\r\n{line}\r\n"),
        (f"# {NAME}=\nA=\xfc\nwhat is this\n", f"# {NAME}=\nA=\xfc\nwhat is this\n{{line}}\n"),
    ],
)
def test_every_other_line_stays_as_it_was(tmp_path: Path, before: str, after: str):
    path = tmp_path / ".env"
    path.write_bytes(before.encode("latin-1"))
    write_value(path, NAME, "new,old@2026-11-26T18:00Z")
    line = f"{NAME}=new,old@2026-11-26T18:00Z"
    assert path.read_bytes().decode("latin-1") == after.format(line=line)


def test_it_is_read_back_and_only_its_owner_can_read_it(tmp_path: Path):
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    path.chmod(0o644)
    write_value(path, NAME, "whsec_new")
    assert value_in(path, NAME) == "whsec_new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [".env"]


def test_a_file_that_was_not_there_is_made_for_its_owner_alone(tmp_path: Path):
    path = tmp_path / ".env"
    write_value(path, NAME, "whsec_new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_goes_on_pointing_to_the_file(tmp_path: Path):
    (tmp_path / "real").write_text("A=1\n")
    (tmp_path / ".env").symlink_to(tmp_path / "real")
    write_value(tmp_path / ".env", NAME, "whsec_new")
    assert (tmp_path / ".env").is_symlink()
    assert value_in(tmp_path / "real", NAME) == "whsec_new"


def test_what_cannot_be_written_stands_there_as_before(tmp_path: Path):
    path = tmp_path / "folder" / ".env"
    with pytest.raises(OSError, match="No such file"):
        write_value(path, NAME, "whsec_new")
    (tmp_path / ".env").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write_value(tmp_path / ".env", NAME, "whsec_new")
    assert os.listdir(tmp_path) == [".env"]
