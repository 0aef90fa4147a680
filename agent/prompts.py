"""The prompts: Markdown files, read afresh each time, so that an edit is felt in the next text."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from string import Template

from memory.transcript import PromptFile


def version_of(files: Sequence[PromptFile]) -> str:
    """A short hash over the prompts, by which one sees that something was edited."""
    told = "".join(f"{file.name}\0{file.sha256}\0" for file in files)
    return hashlib.sha256(told.encode()).hexdigest()[:8]


class PromptError(Exception):
    """A prompt file is missing or its blanks do not fit. Names the file and the fix."""


BLANKS: dict[str, tuple[str, ...]] = {
    "context": (
        *("name", "mark", "now", "people", "channel", "facts", "summary", "pictures", "news"),
    ),
    "confirm": ("name", "what"),
    "nudge": (),
}
"""The blanks of the prompts that know others than `$name`, as whoever asks for them fills them."""

FOR_THE_MODEL = (
    *("instructions", "texting", "channel_imessage", "channel_sms", "group"),
    *("introducing", "reminding", "minor", "context", "nudge"),
    *("sms_filters", "sms_no_links", "sms_no_phone_numbers"),
)
"""The shipped prompts that the model reads. People read the others, as they stand."""


class Prompts:
    """A folder of prompts, with the shipped folder behind it for files it does not have."""

    def __init__(self, folder: Path, *, shipped: Path) -> None:
        self.folder = folder
        self.shipped = shipped

    def text(self, prompt: str, **values: str) -> str:
        """The prompt file `prompt` with its `$blanks` filled in.

        Raises:
            PromptError: No such file, or a blank nobody has a value for.
        """
        path = self._path(prompt)
        return _filled(path, path.read_text(encoding="utf-8"), values)

    def first(self, prompts: Sequence[str], **values: str) -> str:
        """The first of these prompts that there is, filled in. Raises PromptError without any."""
        there = (one for one in prompts if self._found(one) is not None)
        return self.text(next(there, prompts[-1]), **values)

    def check(self, prompt: str, text: str) -> None:
        """Whether `text` could stand in the place of the prompt; nothing is written.

        Of a prompt that is not among the shipped ones nobody here knows who fills its blanks: only
        its dollar signs are looked at.

        Raises:
            PromptError: It has a blank nobody has a value for, or a dollar sign that is none.
        """
        path = self.folder / f"{prompt}.md"
        known = BLANKS.get(prompt, ("name",))
        if not (self.shipped / path.name).is_file():
            known = tuple(Template(text).get_identifiers())
        _filled(path, text, dict.fromkeys(known, ""))

    def files(self) -> list[PromptFile]:
        """Every prompt as it stands now: the words an answer is given under."""
        found = _listed(self.shipped, is_own=self.shipped == self.folder)
        if self.shipped != self.folder:
            found |= _listed(self.folder, is_own=True)
        return [found[name] for name in sorted(found)]

    def is_sent(self, name: str) -> bool:
        """Whether the file `name` is a fixed text, sent as it stands and without a model."""
        prompt = name.removesuffix(".md")
        return prompt not in FOR_THE_MODEL and prompt != name and (self.shipped / name).is_file()

    def version(self) -> str:
        """The short hash over all of them."""
        return version_of(self.files())

    def _path(self, name: str) -> Path:
        if (path := self._found(name)) is not None:
            return path
        raise PromptError(f"There is no prompt {name}.md in {self.folder}. Write it there.")

    def _found(self, name: str) -> Path | None:
        paths = (folder / f"{name}.md" for folder in (self.folder, self.shipped))
        return next((path for path in paths if path.is_file()), None)


def _filled(path: Path, text: str, values: Mapping[str, str]) -> str:
    try:
        return Template(text).substitute(values).strip()
    except KeyError as error:
        known = ", ".join(f"${value}" for value in sorted(values)) or "none"
        raise PromptError(
            f"{path} has the blank ${error.args[0]}, which has no value. It may use: {known}."
        ) from error
    except ValueError as error:
        raise PromptError(f"{path}: {error}. Write a dollar sign that means one as $$.") from error


def _listed(folder: Path, *, is_own: bool) -> dict[str, PromptFile]:
    """The prompts of a folder, by name. Every turn asks: what has not changed is not read again."""
    listed = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".md") and entry.is_file():
                now = entry.stat()
                digest = _digest(entry.path, now.st_mtime_ns, now.st_size)
                listed[entry.name] = PromptFile(name=entry.name, sha256=digest, is_own=is_own)
    return listed


@lru_cache(maxsize=256)
def _digest(path: str, changed_at_ns: int, size: int) -> str:
    """The SHA-256 of a file's bytes, read once for each change."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
