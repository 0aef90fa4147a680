"""The scenarios that are wanted: of files, of folders, and of a benchmark."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from evals.format.filed import Filed
from evals.format.files import BadScenario, load
from evals.runs import tau2

ENDINGS = (".yaml", ".yml")


def collect(paths: Iterable[Path], *, with_people: bool = False) -> list[Filed]:
    """The scenarios of these files and folders, by their file's name, each once.

    Args:
        paths: `tau2:airline` and `tau2:airline/7` stand for tasks of that benchmark.
        with_people: Whether there is a model to play simulated people.

    Raises `BadScenario`, which names everything that is wrong with any of them.
    """
    filed: dict[Path, Filed] = {}
    wrong: list[str] = []
    for path in paths:
        if tau2.is_named(path):
            filed |= {each.file: each for each in tau2.tasks(path)}
            continue
        for file in _files(path):
            try:
                filed.setdefault(file.resolve(), Filed(file, load(file)))
            except BadScenario as error:
                wrong.append(str(error))
    if not with_people:
        wrong += [
            f"{each.file}: has a simulated person; say who plays it with --person"
            for each in filed.values()
            if each.scenario.simulated is not None
        ]
    if wrong:
        raise BadScenario("\n".join(wrong))
    return list(filed.values())


def _files(path: Path) -> list[Path]:
    """The files of a folder, or the file. Raises `BadScenario` for a folder that has none."""
    found = [path]
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.suffix in ENDINGS)
    if not found:
        raise BadScenario(f"{path}: has no scenario in it; they are files that end in .yaml")
    return found
