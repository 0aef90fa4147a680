"""Scenarios and the files they are in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from evals.scenario import Scenario
from evals.scenario_files import BadScenario, load

REAL_MODEL = "real-model"
"""The tag of scenarios that only a real model can pass: the offline demo is a script."""

ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Filed:
    """A scenario and the file it is in."""

    file: Path
    scenario: Scenario

    @property
    def needs_a_model(self) -> bool:
        """Whether only a real model can pass it."""
        return REAL_MODEL in self.scenario.tags


def collect(paths: Iterable[Path], *, with_people: bool = False) -> list[Filed]:
    """The scenarios of these files and folders, by their file's name, each once.

    Args:
        with_people: Whether there is a model to play simulated people.

    Raises `BadScenario`, which names everything that is wrong with any of them.
    """
    files: dict[Path, Path] = {}
    for path in paths:
        found = [path]
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix in ENDINGS)
        if not found:
            raise BadScenario(f"{path}: has no scenario in it; they are files that end in .yaml")
        files |= {file.resolve(): file for file in found}
    filed, wrong = [], []
    for file in files.values():
        try:
            scenario = load(file)
            if scenario.simulated is not None and not with_people:
                raise BadScenario(f"{file}: has a simulated person; say who plays it with --person")
            filed.append(Filed(file, scenario))
        except BadScenario as error:
            wrong.append(str(error))
    if wrong:
        raise BadScenario("\n".join(wrong))
    return filed
