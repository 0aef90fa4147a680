"""A copy of the project to spoil: one safety line is taken out, and its tests run there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

COPIED = [
    "phone", "safety", "memory", "tools", "agent", "evals", "bench", "server.py", "threedots.py",
    "prompts", "media", "tests", "pyproject.toml",
]  # fmt: skip
"""What the tests need; nothing that was made here, such as .venv."""

TIMEOUT = 60.0
"""Seconds after which a run in the copy counts as hung."""

PYTEST = """
import sys, memory, pytest
assert memory.__file__.startswith(sys.argv[1]), f"not the copy: {memory.__file__}"
sys.exit(pytest.main(sys.argv[2:]))
"""
"""Runs pytest after making sure that the code under test is the copy, not what is installed."""


@dataclass(frozen=True)
class Plant:
    """A bug: in this file, the text that is right, what stands there instead, and who notices."""

    file: str
    right: str
    wrong: str
    caught_by: str


@dataclass(frozen=True)
class Run:
    """How a run of pytest ended."""

    exit_code: int
    output: str

    @property
    def failed(self) -> list[str]:
        """The tests that failed, as pytest names them."""
        lines = [line for line in self.output.splitlines() if line.startswith("FAILED ")]
        return [line.removeprefix("FAILED ").partition(" - ")[0] for line in lines]


class Plot:
    """The copy."""

    def __init__(self, folder: Path) -> None:
        self._code = folder.resolve() / "code"
        self._temporary = folder.resolve() / "temporary"
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self._code / name)
            else:
                shutil.copy2(ROOT / name, self._code / name)

    @contextmanager
    def planted(self, plant: Plant) -> Iterator[None]:
        """With this bug in the copy, and without it afterwards."""
        file = self._code / plant.file
        sound = file.read_text()
        found = sound.count(plant.right)
        assert found == 1, f"{plant.file} has {found} times what is to be spoilt: {plant.right!r}"
        file.write_text(sound.replace(plant.right, plant.wrong))
        try:
            yield
        finally:
            file.write_text(sound)

    def run(self, *tests: str) -> Run:
        """Run these tests of the copy, up to the first that fails."""
        options = ["-x", "-q", "-p", "no:cacheprovider", f"--basetemp={self._temporary}"]
        options += ["-p", "pytest_timeout"]  # the one plugin that pyproject.toml configures
        ours = {
            "PYTHONPATH": str(self._code),
            # It goes by a file's time to the second: a bug might outlive its removal in it.
            "PYTHONDONTWRITEBYTECODE": "1",
            # The others take a second to load, each time.
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }
        theirs = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        done = subprocess.run(
            [sys.executable, "-c", PYTEST, str(self._code), *options, *tests],
            cwd=self._code, env=theirs | ours, timeout=TIMEOUT,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        return Run(done.returncode, done.stdout)
