"""A release: what must be so before it is tagged, and the files that go with it.

    python deploy/release.py check    the tree is clean, the lock and the changelog are up to it
    python deploy/release.py files    dist/: source of the tag, bill of materials, checksums

`docs/release.md` says how it is signed and how that is verified.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from sbom import bill


def troubles(root: Path) -> list[str]:
    """What stands against a release of this folder as it is; empty when nothing does."""
    project = _project(root)
    tag, found = f"v{project['version']}", []
    if changed := _git(root, "status", "--porcelain"):
        count = len(changed.splitlines())
        found.append(f"{count} files are changed, or unknown to git; commit them")
    if _git(root, "tag", "--list", tag):
        found.append(f"{tag} exists; raise the version in pyproject.toml")
    heading = rf"^## \[?{re.escape(project['version'])}\]? "
    if not re.search(heading, _text(root, "CHANGELOG.md"), re.MULTILINE):
        want = f"## {project['version']} - {datetime.now(UTC):%Y-%m-%d}"
        found.append(f"CHANGELOG.md has no {want!r}; put it above what is unreleased")
    for name in ("requirements.lock", "requirements-dev.lock"):
        try:
            bill(_text(root, name), project)
        except ValueError as error:
            found.append(f"{name}: {error}; make lock")
    return found


def files(root: Path) -> list[Path]:
    """Write the files of the release whose tag the present commit has; return them.

    Raises:
        ValueError: It has none, or one of another version.
    """
    project = _project(root)
    tag, name = f"v{project['version']}", f"threedots-{project['version']}"
    if tag not in _git(root, "tag", "--points-at", "HEAD").split():
        raise ValueError(f"this commit is not tagged {tag}; git tag --sign {tag}")
    dist = root / "dist"
    dist.mkdir(exist_ok=True)
    source, parts, sums = dist / f"{name}.tar.gz", dist / f"{name}.cdx.json", dist / "SHA256SUMS"
    _git(root, "archive", "--format=tar.gz", f"--prefix={name}/", f"--output={source}", tag)
    lock = _git(root, "show", f"{tag}:requirements.lock")
    parts.write_text(json.dumps(bill(lock, project), indent=1) + "\n")
    told = [(hashlib.sha256(one.read_bytes()).hexdigest(), one.name) for one in (source, parts)]
    sums.write_text("".join(f"{digest}  {name}\n" for digest, name in told))
    return [source, parts, sums]


def _project(root: Path) -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads(_text(root, "pyproject.toml"))["project"]
    return project


def _text(root: Path, name: str) -> str:
    return (root / name).read_text()


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=True)
    return done.stdout


def main(root: Path, words: list[str]) -> int:
    """Do what the one word says; the exit code."""
    if words not in (["check"], ["files"]):
        print("Write: release.py check, or release.py files", file=sys.stderr)
        return 2
    try:
        found = troubles(root) if words == ["check"] else []
        made = files(root) if words == ["files"] else []
    except (ValueError, subprocess.CalledProcessError) as error:
        print(getattr(error, "stderr", None) or error, file=sys.stderr)
        return 1
    for line in (*found, *made):
        print(line)
    if words == ["check"] and not found:
        print("Nothing stands against a release.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent.parent, sys.argv[1:]))
