"""The prompts, read and written from the page: the same files the owner's own editor works on.

A write goes to the owner's folder. To edit a prompt which only the shipped folder has makes an own
file of it there. Nothing is written that would break the next turn, and nothing over what somebody
else wrote meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import threading
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from agent.deployment import Deployment
from agent.prompts import PromptError, Prompts
from evals.desk.serving import deployment_of
from tools.media import BadListing

MEDIA = "media.toml"
"""The one file among the prompts that is no prompt: the list of the owner's pictures."""

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}\.md|media\.toml")
"""What a file of the prompts folder is called. No name leads out of the folder."""

LARGEST = 256 * 1024
"""Bytes of a prompt at most. Real ones have a few thousand; every turn sends them to the model."""

router = APIRouter(prefix="/desk/prompts")

_writing = threading.Lock()
"""One edit at a time: between looking what is on disk and writing, no other edit comes."""


class Edit(BaseModel):
    """A new text of a prompt.

    Attributes:
        was: The SHA-256 of the file the edit began from; None for a file that was not there.
    """

    text: str
    was: str | None = None


@dataclass(frozen=True, slots=True)
class PromptText:
    """A prompt file as it is now.

    Attributes:
        text: None when it cannot be edited as text; `trouble` says why.
        is_own: Whether it lies in the owner's folder.
        is_sent: Whether people read it as it stands, instead of the model.
    """

    name: str
    text: str | None
    sha256: str
    is_own: bool
    is_sent: bool
    trouble: str | None = None


@router.get("")
def see_prompts(request: Request) -> dict[str, Any]:
    """Every prompt, as the next turn would read it."""
    prompts = deployment_of(request).prompts
    try:
        names = {file.name for file in prompts.files()} | {MEDIA}
        files = [_read(prompts, name) for name in sorted(names)]
        version = prompts.version()
    except OSError as error:
        raise HTTPException(500, f"{prompts.folder} cannot be read: {error}") from error
    return {
        "folder": str(prompts.folder),
        "version": version,
        "files": [asdict(file) for file in files if file],
    }


@router.put("/{name}")
def write_prompt(name: str, edit: Edit, request: Request) -> Response:
    """Write a prompt, unless it is another by now than the one the edit began from."""
    deployment = deployment_of(request)
    prompts = deployment.prompts
    if not NAME.fullmatch(name):
        raise HTTPException(
            404, f"{name!r} is no prompt: name a Markdown file such as tone.md, or {MEDIA}."
        )
    content = _encoded(name, edit.text)
    _check(deployment, name, edit.text)
    try:
        with _writing:
            present = _read(prompts, name)
            if (present.sha256 if present else None) != edit.was:
                return JSONResponse(_conflict(name, present), 409)
            write_over(prompts.folder / name, content)
            written = _read(prompts, name)
    except OSError as error:
        raise HTTPException(500, f"{prompts.folder / name} was not written: {error}") from error
    return JSONResponse((asdict(written) if written else {}) | {"version": prompts.version()})


def write_over(path: Path, content: bytes) -> None:
    """Put a file in the place of another at once, with the mode of the one before.

    A reader sees the old text or the new, never half of one. A link stays a link: the file it
    leads to is written.
    """
    path = path.resolve()
    mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else None
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.new")
    try:
        # Not a temporary file of the library: those are for their owner's eyes alone, and a new
        # prompt is to have the mode that any new file of this person gets.
        with open(beside, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            beside.chmod(mode)
        beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def _read(prompts: Prompts, name: str) -> PromptText | None:
    """The owner's file, or the shipped one where they have none."""
    for folder in (prompts.folder, prompts.shipped):
        with suppress(FileNotFoundError):
            content = (folder / name).read_bytes()
            text, trouble = _decoded(name, content)
            digest = hashlib.sha256(content).hexdigest()
            is_own = folder == prompts.folder
            return PromptText(name, text, digest, is_own, prompts.is_sent(name), trouble)
    return None


def _decoded(name: str, content: bytes) -> tuple[str | None, str | None]:
    if len(content) > LARGEST:
        return None, f"{name} has {len(content)} bytes; up to {LARGEST} can be edited here."
    try:
        return content.decode("utf-8"), None
    except UnicodeDecodeError as error:
        return None, f"{name} is not UTF-8 (byte {error.start}). Save it as UTF-8 in your editor."


def _encoded(name: str, text: str) -> bytes:
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError as error:
        where = f"character {error.start} is half a surrogate pair"
        raise HTTPException(422, f"{name} cannot be written as UTF-8: {where}.") from error
    if len(content) > LARGEST:
        raise HTTPException(
            413, f"{name} would have {len(content)} bytes; write {LARGEST} at most."
        )
    return content


def _check(deployment: Deployment, name: str, text: str) -> None:
    """Refuse what would break the next turn."""
    try:
        if name == MEDIA:
            deployment.library.listed(text)
        else:
            deployment.prompts.check(name.removesuffix(".md"), text)
    except (PromptError, BadListing) as error:
        raise HTTPException(422, str(error)) from error


def _conflict(name: str, present: PromptText | None) -> dict[str, Any]:
    what = "is not there any more" if present is None else "is another by now"
    sentence = f"{name} {what}: take what is on disk, or save again over it."
    return {"detail": sentence, "present": asdict(present) if present else None}
