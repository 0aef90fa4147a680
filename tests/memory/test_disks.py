"""A SQLite database is served from this machine's own disk, and from no other machine's."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.doctor import examine
from agent.settings import Settings
from memory import disks
from memory.disks import OnANetworkDisk, check_disk, network_disk
from threedots import app


def mounted(folder: Path, *lines: str) -> Path:
    """A table of mounts, as Linux shows it."""
    table = folder / "mounts"
    table.write_text("".join(f"{line} rw,relatime 0 0\n" for line in ("/dev/sda1 / ext4", *lines)))
    return table


@pytest.mark.parametrize(
    "kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.gcsfuse", "ceph"]
)
def test_a_database_on_a_network_disk_is_refused_with_the_fix(tmp_path: Path, kind: str):
    mounts = mounted(tmp_path, f"host:/export {tmp_path} {kind}")
    with pytest.raises(OnANetworkDisk) as refused:
        check_disk(f"sqlite:///{tmp_path}/deep/down/threedots.db", mounts=mounts)
    assert kind in str(refused.value) and "DATABASE_URL" in str(refused.value)
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(
    "lines",
    [
        ["tmpfs {here} tmpfs"],
        ["overlay {here} overlay", "host:/export {here}/other nfs4"],
        ["host:/export {here} nfs4", "/dev/sdb1 {here} xfs"],
        ["host:/export {here} nfs4", "/dev/sdb1 {here}/data ext4"],
        ["host:/export {here}/dat nfs4"],
        ["none {here} 9p"],
        ["a line that is none"],
    ],
)
def test_a_database_on_a_disk_of_this_machine_is_served(tmp_path: Path, lines: list[str]):
    mounts = mounted(tmp_path, *(line.format(here=tmp_path) for line in lines))
    check_disk(f"sqlite:///{tmp_path}/data/threedots.db", mounts=mounts)


def test_a_mount_whose_path_has_a_space_and_a_link_into_it_are_seen(tmp_path: Path):
    far = tmp_path / "far away"
    far.mkdir()
    (tmp_path / "near").symlink_to(far)
    mounts = mounted(tmp_path, f"host:/export {tmp_path}/far\\040away nfs4")
    assert network_disk(tmp_path / "near" / "threedots.db", mounts=mounts) == "nfs4"


def test_postgres_and_a_system_that_shows_no_mounts_are_let_through(tmp_path: Path):
    mounts = mounted(tmp_path, f"host:/export {tmp_path} nfs4")
    check_disk("postgresql://threedots@database/threedots", mounts=mounts)
    check_disk(f"sqlite:///{tmp_path}/threedots.db", mounts=tmp_path / "none")


def test_serve_and_restore_refuse_it_and_the_doctor_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(disks, "MOUNTS", mounted(tmp_path, f"host:/export {tmp_path} nfs4"))
    environment = {
        "AGENTPHONE_API_KEY": "sk_twin",
        "AGENTPHONE_WEBHOOK_SECRET": "whsec_local_0123456789",
        "THREEDOTS_MODEL": "scripted",
        "DATABASE_URL": f"sqlite:///{tmp_path}/data/threedots.db",
    }
    for command in ("serve", "restore"):
        refused = CliRunner().invoke(app, [command], env=environment)
        assert isinstance(refused.exception, OnANetworkDisk), command
    url = environment["DATABASE_URL"]
    findings = asyncio.run(examine(Settings(database_url=url), path=[]))
    [database] = [finding for finding in findings if finding.name == "database"]
    assert database.is_trouble and "nfs4" in database.found and "DATABASE_URL" in database.fix
    assert not (tmp_path / "data").exists()
