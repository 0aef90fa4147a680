"""JSON from outside, read so that whatever is in it can be stored and sent on."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic_core import from_json, to_json

_ESCAPES = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(u[dD][89a-fA-F][0-9a-fA-F]{2})|(u0000)|.)",
    re.DOTALL,
)
"""One escape: a surrogate pair, half of one (group 1), the NUL character (group 2), any other."""


def read_json(body: bytes) -> Any:
    """The JSON value in these bytes. Raises `ValueError` for anything that is not UTF-8 JSON.

    Half a surrogate pair becomes U+FFFD and an escaped NUL becomes U+2400 (␀): SQLite cannot encode
    the one, Postgres refuses the other, and a text message should not be lost over either. Infinity
    becomes null. Nesting deeper than about 200, NaN, a byte order mark and integers past 4,300
    digits are errors; of a key given twice the last one counts.
    """
    value = from_json(
        _ESCAPES.sub(_storable, body) if b"\\u" in body else body, allow_inf_nan=False
    )
    # 1e999 is read as infinity; writing it all once more costs less than looking for such numbers.
    return from_json(to_json(value, inf_nan_mode="null"))


def storable(value: Any) -> Any:
    """Text, or JSON data with text in it, rid of what no database takes, as `read_json` does it."""
    return json.loads(storable_json(json.dumps(value)))


def storable_json(text: str) -> str:
    """The same for data that is still JSON text, well-formed or not."""
    plain = text.replace("\0", "\u2400").encode("utf-8", "replace")
    return _ESCAPES.sub(_storable, plain).decode()


def _storable(escape: re.Match[bytes]) -> bytes:
    if escape[1]:
        return rb"\ufffd"
    return rb"\u2400" if escape[2] else escape[0]
