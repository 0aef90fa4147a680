"""A software bill of materials, CycloneDX 1.6: every package that the lock file installs.

    python deploy/sbom.py > threedots.cdx.json

It says what the lock says, and is the same for the same lock: names, versions, the hash of each
archive that may be installed, under which condition. Whoever looks for weaknesses asks by `purl`.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

PIN = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: *; *(?P<only_when>[^\\]+))?"
)
HASH = re.compile(r"--hash=sha256:(?P<hash>[0-9a-f]{64})\b")
NAME = re.compile(r"[A-Za-z0-9._-]+")


def bill(lock: str, project: dict[str, Any]) -> dict[str, Any]:
    """The bill for this lock file, of the project that its `pyproject.toml` describes.

    Raises:
        ValueError: A line of the lock is no pinned package with its hashes.
    """
    components = list(_components(lock))
    refs = {one["name"]: one["bom-ref"] for one in components}
    wanted = [NAME.match(each) for each in project["dependencies"]]
    direct = [_normal(each[0]) for each in wanted if each is not None]
    if missing := [name for name in direct if name not in refs]:
        raise ValueError(f"pyproject.toml wants {', '.join(missing)}, and the lock has none")
    ours = f"{project['name']}@{project['version']}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, ours + lock)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": project["name"],
                "version": project["version"],
                "description": project["description"],
            }
        },
        "components": components,
        "dependencies": [{"ref": ours, "dependsOn": sorted(refs[name] for name in direct)}],
    }


def _components(lock: str) -> Iterator[dict[str, Any]]:
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        pin, hashes = PIN.match(entry), [found["hash"] for found in HASH.finditer(entry)]
        if pin is None or not hashes:
            raise ValueError(f"no pinned package with its hashes: {entry.splitlines()[0]!r}")
        name = _normal(pin["name"])
        ref = f"pkg:pypi/{name}@{pin['version']}"
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": ref,
            "name": name,
            "version": pin["version"],
            "purl": ref,
            "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
        }
        if pin["only_when"]:
            when = {"name": "threedots:only-when", "value": pin["only_when"].strip()}
            component |= {"scope": "optional", "properties": [when]}
        yield component


def _normal(name: str) -> str:
    """A package's name as the index and `purl` write it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    """Write the bill of this project to standard output."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = bill((ROOT / "requirements.lock").read_text(), project)
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
