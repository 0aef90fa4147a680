"""Pictures: files put on the twin, and a small stand-in for every address it will not fetch."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from functools import lru_cache

from PIL import Image, ImageDraw, ImageOps
from pillow_heif import register_heif_opener

from phone.emulator.line import Line
from phone.emulator.records import MediaRecord, MessageRecord

register_heif_opener()

OWN_PATH = "/handset/media/"
"""Where uploaded files are served."""

MAX_BYTES = 25 * 1024 * 1024
"""Largest file the twin keeps, in bytes."""

ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "image/heic": ".heic",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "text/vcard": ".vcf",
    "application/pdf": ".pdf",
}
"""What is served under its own type. Anything else (a page, an SVG) could run in the twin's origin
and is served as bytes."""

NO_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">'
    '<rect width="64" height="64" fill="#ddd"/></svg>'
)
"""What the media proxy answers for a message without media, as seen on the live service."""


def keep(line: Line, data: bytes, content_type: str) -> str:
    """Store a file; its path on the twin."""
    kind = content_type.split(";")[0].strip().lower()
    if kind not in ENDINGS:
        kind = "application/octet-stream"
    media = MediaRecord(
        id=line.new_id(), content_type=kind, data=base64.b64encode(data).decode("ascii")
    )
    line.add("media", media.id, media)
    return f"{OWN_PATH}{media.id}{ENDINGS.get(kind, '')}"


def stored(line: Line, name: str) -> tuple[bytes, str] | None:
    """An uploaded file by its name (`<id>.jpg`) and its content type."""
    media = line.media.get(name.partition(".")[0])
    return (base64.b64decode(media.data), media.content_type) if media else None


def picture(line: Line, url: str) -> tuple[bytes, str]:
    """What is at an address: the uploaded file, or the stand-in for anything elsewhere."""
    if found := re.search(re.escape(OWN_PATH) + r"([a-z0-9.]+)$", url):
        own = stored(line, found[1])
        if own is not None:
            return own
    return placeholder(url), "image/png"


def shown(data: bytes, kind: str) -> tuple[bytes, str]:
    """A picture as a browser can show it: HEIC, as iPhones take it, as JPEG; the rest as it is."""
    if kind != "image/heic":
        return data, kind
    file = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data)) as photo:
            ImageOps.exif_transpose(photo).convert("RGB").save(file, "JPEG", quality=85)
    except (OSError, ValueError, Image.DecompressionBombError):
        return data, kind
    return file.getvalue(), "image/jpeg"


def media_of(line: Line, message: MessageRecord, index: int) -> tuple[bytes, str]:
    """The bytes behind one of a message's media, or the empty picture when it has none there."""
    if index >= len(message.media_urls):
        return NO_PICTURE.encode(), "image/svg+xml"
    return picture(line, message.media_urls[index])


@lru_cache(maxsize=256)
def placeholder(url: str) -> bytes:
    """A small PNG, its colours taken from the address so that two addresses look different."""
    digest = hashlib.sha256(url.encode("utf-8", "replace")).digest()
    dark = tuple(value // 2 for value in digest[:3])
    light = tuple(128 + value // 2 for value in digest[3:6])
    image = Image.new("RGB", (320, 240), light)
    draw = ImageDraw.Draw(image)
    draw.ellipse((230, 30, 280, 80), fill=(255, 255, 255))
    draw.polygon([(0, 240), (110, 90), (200, 190), (240, 150), (320, 240)], fill=dark)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()
