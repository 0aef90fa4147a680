"""What kind of disk a SQLite database lies on: never one that is reached over a network.

SQLite keeps what several connections share in memory that is mapped from a file, and trusts the
locks of the file system. Over a network neither holds: two machines would each believe that they
alone serve the file, and a commit that was promised may be lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from memory.database_file import file_of
from memory.store import StoreUnavailable

MOUNTS = Path("/proc/mounts")
"""Where Linux tells what is mounted where; other systems do not have it, and are not asked."""

OVER_A_NETWORK = re.compile(
    r"(nfs\d?|cifs|smb\d?|smbfs|ncpfs|afs|ceph|lustre|glusterfs|beegfs|gpfs|davfs|coda)"
    r"|fuse\.(sshfs|s3fs|gcsfuse|goofys|rclone|glusterfs|ceph(-fuse)?|cephfs|juicefs|mount-s3"
    r"|blobfuse2?|davfs2?|smbnetfs|seaweedfs|lizardfs|moosefs)"
)
"""Kinds of file systems that lie on another machine. `9p` is none of them: on a container's host
it is how the machine's own disk is shown."""


class OnANetworkDisk(StoreUnavailable):
    """The database's file is on another machine's disk: nothing is served from there."""


def check_disk(database_url: str, *, mounts: Path | None = None) -> None:
    """Let through a database whose file is on this machine's own disk, or that is on Postgres.

    Raises:
        OnANetworkDisk: It is not. Nothing was opened.
    """
    file = file_of(database_url)
    kind = network_disk(file, mounts=mounts) if file is not None else None
    if kind is not None:
        raise OnANetworkDisk(
            f"{file} is on a network disk ({kind}), where SQLite's locks do not hold and what was "
            "promised may be lost. Set DATABASE_URL to a file on this machine's own disk, or to "
            "Postgres."
        )


def network_disk(file: Path, *, mounts: Path | None = None) -> str | None:
    """The kind of the network file system this file is on; None when it is on none, or unknown."""
    try:
        table = (mounts or MOUNTS).read_text(errors="surrogateescape")
    except OSError:
        return None
    place, kind, depth = file.resolve(), "", -1
    for mounted_at, mounted in _mounts(table):
        # What is mounted later at the same place hides what was there.
        if len(mounted_at.parts) >= depth and place.is_relative_to(mounted_at):
            kind, depth = mounted, len(mounted_at.parts)
    return kind if OVER_A_NETWORK.fullmatch(kind) else None


def _mounts(table: str) -> Iterator[tuple[Path, str]]:
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) > 2:
            yield Path(re.sub(r"\\([0-7]{3})", _unescaped, fields[1])), fields[2]


def _unescaped(octal: re.Match[str]) -> str:
    """A space in a mount's path is written as `\\040`."""
    return chr(int(octal[1], 8))
