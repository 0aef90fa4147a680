"""Traces in protobuf, written and read a turn at a time. Needs the package opentelemetry-proto.

Messages of protobuf set end to end are one message: their lists are joined. So a file of turns is
one `TracesData`, or one request to a collector, which has the same fields.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import IO, Any

from memory.exports.formats import need
from memory.exports.otlp import traces
from memory.exports.talk import Told

IDS = ("traceId", "spanId", "parentSpanId")
"""What OTLP writes in hex where protobuf's own JSON has base64."""

LIST_OF_RESOURCES = 0x0A
"""What a turn begins with: field 1, a message with its length before it."""


class NotTraces(Exception):
    """This is no such file."""


class Protobuf:
    """OpenTelemetry's messages. Raises `NotInstalled` where they are not."""

    def __init__(self) -> None:
        need("opentelemetry.proto", extra="otlp", why="OTLP in protobuf")
        from google.protobuf import json_format  # type: ignore[import-untyped]  # has no types
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
        from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

        self._json, self._error, self._message = json_format, DecodeError, TracesData

    def written(self, told: Told) -> bytes:
        """The trace of a turn."""
        data = traces(told)
        _each_id(data, lambda id: base64.b64encode(bytes.fromhex(id)).decode())
        message: bytes = self._json.ParseDict(data, self._message()).SerializeToString()
        return message

    def read(self, file: IO[bytes]) -> Iterator[dict[str, Any]]:
        """The turns of a file, as `traces` has them. Raises `NotTraces`."""
        for piece in _pieces(file):
            try:
                message = self._message.FromString(piece)
            except self._error as error:
                raise NotTraces(f"This is no traces in protobuf: {error}") from error
            data = self._json.MessageToDict(message, use_integers_for_enums=True)
            _each_id(data, lambda id: base64.b64decode(id).hex())
            yield data


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while first := file.read(1):
        if first[0] != LIST_OF_RESOURCES:
            raise NotTraces("This is no traces in protobuf: a turn should begin here")
        head, length = _length(file)
        body = file.read(length)
        if len(body) < length:
            raise NotTraces("This is no traces in protobuf: the file ends in the middle of a turn")
        yield first + head + body


def _length(file: IO[bytes]) -> tuple[bytes, int]:
    """A number as protobuf writes it: seven bits a byte, the lowest first."""
    head, length = b"", 0
    while (byte := file.read(1)) and len(head) < 10:
        length |= (byte[0] & 0x7F) << 7 * len(head)
        head += byte
        if byte[0] < 0x80:
            break
    return head, length


def _each_id(data: dict[str, Any], change: Callable[[str], str]) -> None:
    for resource in data.get("resourceSpans", []):
        for scope in resource.get("scopeSpans", []):
            for span in scope.get("spans", []):
                span.update({name: change(span[name]) for name in IDS if name in span})
