"""A release names what is in it, is refused while something is open, and can be verified."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def script(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, ROOT / "deploy" / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


sbom, release = script("sbom"), script("release")


def test_the_bill_names_every_locked_package_with_all_its_hashes_and_no_address():
    bill = sbom.bill(LOCK, PROJECT)
    listed = {f"{one['name']}=={one['version']}": one for one in bill["components"]}
    pinned = re.findall(r"^([a-z0-9.-]+==[^\s;]+)", LOCK, re.MULTILINE)
    assert sorted(listed) == sorted(pinned) and len(pinned) > 50
    assert sum(len(one["hashes"]) for one in listed.values()) == LOCK.count("--hash=sha256:")
    assert "://" not in json.dumps(bill)
    [wanted] = bill["dependencies"]
    assert len(wanted["dependsOn"]) == len(PROJECT["dependencies"])
    assert set(wanted["dependsOn"]) <= {one["bom-ref"] for one in listed.values()}
    [uvloop] = [one for one in listed.values() if one["name"] == "uvloop"]
    assert uvloop["scope"] == "optional" and "win32" in uvloop["properties"][0]["value"]
    assert sbom.bill(LOCK, PROJECT) == bill, "the same for the same lock"


@pytest.mark.parametrize("lock", ["rich>=1 \\\n    --hash=sha256:" + "0" * 64, "rich==1.0\n"])
def test_a_lock_that_pins_nothing_gives_no_bill(lock: str):
    with pytest.raises(ValueError, match="rich"):
        sbom.bill(lock, {**PROJECT, "dependencies": []})


def test_a_dependency_that_is_not_locked_is_noticed():
    with pytest.raises(ValueError, match="somethingelse"):
        sbom.bill(LOCK, {**PROJECT, "dependencies": ["somethingelse[extra]>=2"]})


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with what a release needs, in which all is committed."""
    for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    version = PROJECT["version"]
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## {version} - 2026-12-01\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "config", "user.email", "you@example.com")
    git(tmp_path, "config", "user.name", "You")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "All of it")
    return tmp_path


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def test_whatever_stands_against_a_release_is_named(copy: Path):
    assert release.troubles(copy) == []
    tag = f"v{PROJECT['version']}"
    git(copy, "tag", tag)
    (copy / "CHANGELOG.md").write_text("# Changelog\n\n## Unreleased\n")
    (copy / "requirements.lock").write_text(LOCK.replace("\nhttpx==", "\nhttpy=="))
    told = "\n".join(release.troubles(copy))
    for words in ("2 files are changed", f"{tag} exists", "CHANGELOG.md has no", "httpx"):
        assert words in told


def test_a_release_can_be_verified_as_the_page_says(copy: Path):
    version = PROJECT["version"]
    with pytest.raises(ValueError, match=f"not tagged v{version}"):
        release.files(copy)
    signs = shutil.which("ssh-keygen") is not None
    if signs:  # where there is none, the rest is looked at all the same
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(copy / ".git" / "key")]
        subprocess.run(make, check=True)
        key = (copy / ".git" / "key.pub").read_text()
        (copy / ".git" / "allowed").write_text(f"you@example.com {key}")
        git(copy, "config", "gpg.format", "ssh")
        git(copy, "config", "user.signingkey", str(copy / ".git" / "key.pub"))
        git(copy, "config", "gpg.ssh.allowedSignersFile", str(copy / ".git" / "allowed"))
    git(copy, "tag", "--sign" if signs else "--annotate", "--message", "It", f"v{version}")
    made = release.files(copy)
    assert [path.name for path in made] == [
        *(f"threedots-{version}.tar.gz", f"threedots-{version}.cdx.json", "SHA256SUMS"),
    ]
    subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=copy / "dist", check=True)
    first = made[2].read_text()
    assert release.files(copy)[2].read_text() == first, "whoever makes it"
    if signs:
        git(copy, "verify-tag", f"v{version}")
        sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", "threedots", "-f", str(copy / ".git/key")]
        subprocess.run([*sign, str(made[2])], check=True, capture_output=True)
        verify = ["ssh-keygen", "-Y", "verify", "-f", str(copy / ".git/allowed"), "-n", "threedots"]
        verify += ["-I", "you@example.com", "-s", f"{made[2]}.sig"]
        subprocess.run(verify, input=made[2].read_bytes(), check=True, capture_output=True)
    assert release.troubles(copy) == [f"v{version} exists; raise the version in pyproject.toml"]


def test_the_page_names_targets_that_the_makefile_has():
    page = (ROOT / "docs" / "release.md").read_text()
    named = set(re.findall(r"(?:`|^ *)make ([a-z-]+)", page, re.MULTILINE))
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"release", "release-check", "sbom"} <= named <= there
