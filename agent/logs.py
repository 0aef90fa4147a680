"""What `serve` writes about itself: one JSON object a line, or lines for people, redacted.

Ids and not bodies: nothing that people write is logged, and an exception that is not ours is told
by its type and the places it went through, because its text may quote what it choked on.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from agent.settings import HOME, Settings
from safety.redaction import Redactor

OURS = frozenset({"phone", "safety", "memory", "tools", "agent", "console", "server", "evals"})
"""Rooms whose exceptions say what happened in words of ours."""

CHATTY = ("httpx", "httpx2", "httpcore", "alembic", "openai", "asyncio", "multipart")
"""Libraries whose information is of no use to who runs this."""

FRAMES = 40
"""Places of a traceback that are told, the innermost."""

DEEP = 4
"""How far causes, and the members of groups, are followed."""


def log_to(stream: TextIO, settings: Settings) -> None:
    """Send the log of this process there: as `THREEDOTS_LOG` says, for people on a terminal."""
    form = settings.threedots_log or ("text" if stream.isatty() else "json")
    handler = logging.StreamHandler(stream)
    kind = JsonLines if form == "json" else Lines
    handler.setFormatter(kind(redactor_of(settings)))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for servers in ("uvicorn", "uvicorn.error"):  # as they are before it has set them up itself
        logging.getLogger(servers).handlers.clear()
        logging.getLogger(servers).propagate = True
    for chatty in CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    sys.excepthook = _log_the_end


def redactor_of(settings: Settings) -> Redactor:
    """What knows these settings' secrets; its key is the API key's, the same on every replica."""
    held = [getattr(settings, name) for name in type(settings).model_fields]
    secrets = [value.get_secret_value() for value in held if isinstance(value, SecretStr)]
    seed = settings.agentphone_api_key.get_secret_value() if settings.agentphone_api_key else ""
    key = hashlib.sha256(f"threedots log\0{seed}".encode()).digest()
    return Redactor([*secrets, *settings.webhook_secrets, *_password(settings)], key=key)


class Safe(logging.Formatter):
    """A formatter of which nothing comes that has not been through the redactor."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._clean = redactor.clean

    def told(self, record: logging.LogRecord) -> dict[str, Any]:
        """What a record says, as the JSON has it."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said: dict[str, Any] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(_message(record)),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            said["error"] = self._error(error, DEEP)
        return said

    def _error(self, error: BaseException, deep: int) -> dict[str, Any]:
        said: dict[str, Any] = {"type": _type(error)}
        if _is_ours(error):
            said["text"] = self._clean(str(error))
        if error.__traceback__:
            said["trace"] = _trace(error.__traceback__)
        inner = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        inner += [cause] if cause else []
        if inner and deep:
            said["because_of"] = [self._error(each, deep - 1) for each in inner]
        return said


class JsonLines(Safe):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        return json.dumps(self.told(record), ensure_ascii=False)


class Lines(Safe):
    """A line for people, and below it where an exception came from."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        said = self.told(record)
        line = f"{said['time']} {record.levelname} {said['logger']}: {said['message']}"
        return "\n".join([line, *_indented(said["error"], "  ")]) if "error" in said else line


def _indented(error: dict[str, Any], margin: str) -> list[str]:
    lines = [f"{margin}{place}" for place in error.get("trace", [])]
    lines.append(f"{margin}{error['type']}" + (f": {error['text']}" if "text" in error else ""))
    for cause in error.get("because_of", []):
        lines += [f"{margin}because of", *_indented(cause, f"{margin}  ")]
    return lines


def _message(record: logging.LogRecord) -> str:
    """The message, in which an exception that is not ours is its type alone."""
    if isinstance(record.msg, BaseException):
        return str(_said(record.msg))
    args = record.args
    try:
        if isinstance(args, tuple):
            return str(record.msg) % tuple(map(_said, args)) if args else str(record.msg)
        return record.getMessage()
    except (TypeError, ValueError):
        return str(record.msg)  # a library's mistake must not cost the line


def _said(value: object) -> object:
    return _type(value) if isinstance(value, BaseException) and not _is_ours(value) else value


def _is_ours(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in OURS


def _type(error: BaseException) -> str:
    kind = type(error)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _trace(trace: TracebackType) -> list[str]:
    frames = traceback.extract_tb(trace)[-FRAMES:]
    return [f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(HOME)) if path.is_relative_to(HOME) else "/".join(path.parts[-3:])


def _password(settings: Settings) -> list[str]:
    try:
        password = make_url(settings.database_url).password
    except ArgumentError:
        return []
    return [str(password)] if password else []


def _log_the_end(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    logging.getLogger(__name__).critical("stopped by an error", exc_info=(kind, error, trace))
