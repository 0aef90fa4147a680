"""The prompts: Markdown files, read afresh each time, so that an edit is felt in the next text."""

from __future__ import annotations

import hashlib
from pathlib import Path
from string import Template


class PromptError(Exception):
    """A prompt file is missing or its blanks do not fit. Names the file and the fix."""


class Prompts:
    """A folder of prompts, with the shipped folder behind it for files it does not have."""

    def __init__(self, folder: Path, *, shipped: Path) -> None:
        self.folder = folder
        self._shipped = shipped

    def text(self, prompt: str, **values: str) -> str:
        """The prompt file `prompt` with its `$blanks` filled in.

        Raises:
            PromptError: No such file, or a blank nobody has a value for.
        """
        path = self._path(prompt)
        template = Template(path.read_text(encoding="utf-8"))
        try:
            return template.substitute(values).strip()
        except KeyError as error:
            known = ", ".join(f"${value}" for value in sorted(values)) or "none"
            raise PromptError(
                f"{path} has the blank ${error.args[0]}, which has no value. It may use: {known}."
            ) from error
        except ValueError as error:
            raise PromptError(
                f"{path}: {error}. Write a dollar sign that means one as $$."
            ) from error

    def version(self) -> str:
        """A short hash over every prompt as it stands now: the words an answer was given under."""
        digest = hashlib.sha256()
        for name in sorted(
            {path.name for path in [*self._shipped.glob("*.md"), *self.folder.glob("*.md")]}
        ):
            digest.update(
                name.encode() + b"\0" + self._path(name.removesuffix(".md")).read_bytes() + b"\0"
            )
        return digest.hexdigest()[:8]

    def _path(self, name: str) -> Path:
        for folder in (self.folder, self._shipped):
            path = folder / f"{name}.md"
            if path.is_file():
                return path
        raise PromptError(f"There is no prompt {name}.md in {self.folder}. Write it there.")
