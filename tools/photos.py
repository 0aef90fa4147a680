"""Attachments as the model can see them: opened, in a common format, and kept small."""

from __future__ import annotations

import asyncio
import io
import re
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener
from pydantic_ai import BinaryContent

from phone.client import AgentPhoneClient
from phone.errors import PhoneError

BYTES = 20 * 1024 * 1024
"""Bytes of an attachment that are fetched at most."""

PIXELS = 50_000_000
"""Pixels of a photo that are opened at most: a small file can unfold into a very large picture."""

EDGE = 1536
"""Pixels of the longer edge a photo is shown to the model with. More only costs tokens."""

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "HEIF")
"""What counts as a photo. SVG is text that runs, and is none."""

register_heif_opener()


async def see(phone: AgentPhoneClient, url: str, *, can_see: bool = True) -> BinaryContent | str:
    """The photo behind an attachment's address, or a note that says why it cannot be seen.

    What it is its bytes say, not the name it comes under. Nothing of it goes wrong for the turn.

    Args:
        can_see: Whether the model takes pictures; one that does not is told in words.
    """
    try:
        data, content_type = await phone.media(url, max_bytes=BYTES)
    except PhoneError as error:
        return f"an attachment that could not be opened ({type(error).__name__})"
    kind = kind_of(data, content_type)
    if not kind.startswith("image/"):
        return NOT_SEEN.get(kind) or NOT_SEEN.get(kind.partition("/")[0]) or _unknown(kind)
    if not can_see:
        return "a picture, and you cannot see pictures"
    return await asyncio.to_thread(photo, data)


NOT_SEEN = {
    "audio": "a voice note or another sound, and you cannot hear",
    "video": "a video, and you cannot watch videos",
    "text/vcard": "a contact card, which you cannot open",
    "text/x-vcard": "a contact card, which you cannot open",
    "text/calendar": "a calendar entry, which you cannot open",
}
"""What is said of attachments a model cannot take, by type or by its first half."""

BEGINNINGS = (
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"....ftyp(?:hei[csmx]|hev[cmsx]|mif1|msf1|avif)", "image/heic"),
    (rb"....ftypM4A|caff|#!AMR|OggS|ID3|\xff[\xe2-\xff]|RIFF....WAVE", "audio/unknown"),
    (rb"....ftyp|\x1aE\xdf\xa3", "video/unknown"),
    (rb"%PDF-", "application/pdf"),
    (rb"BEGIN:VCARD", "text/vcard"),
    (rb"(?i:\s*(?:<\?xml[^>]*>\s*)?(?:<!DOCTYPE svg|<svg))", "image/svg+xml"),
)
"""How the bytes of some kinds of file begin, the more particular first."""


def kind_of(data: bytes, content_type: str) -> str:
    """The type of a file by its first bytes; what it claims to be only where they say nothing."""
    for beginning, kind in BEGINNINGS:
        if re.match(beginning, data, re.DOTALL):
            return kind
    claimed = content_type.partition(";")[0].strip().lower()
    return claimed if re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,60}", claimed) else "of unknown type"


def _unknown(kind: str) -> str:
    return f"an attachment you cannot open ({kind})"


def photo(data: bytes) -> BinaryContent | str:
    """Bytes that claim to be a photo, as a JPEG or PNG of sensible size; or a note why not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                if picture.width * picture.height > PIXELS:
                    return "a picture too large to open"
                return _small(ImageOps.exif_transpose(picture))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError,
            Image.DecompressionBombWarning):  # fmt: skip
        return "a picture that could not be opened"


def _small(picture: Image.Image) -> BinaryContent:
    """Without metadata (its place and time are not ours to pass on), at most EDGE pixels long."""
    picture.thumbnail((EDGE, EDGE))
    see_through = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    out = io.BytesIO()
    flat = picture.convert("RGBA" if see_through else "RGB")
    flat.info = {}  # comments are saved along otherwise
    if see_through:
        flat.save(out, "PNG")
        return BinaryContent(out.getvalue(), media_type="image/png")
    flat.save(out, "JPEG", quality=85)
    return BinaryContent(out.getvalue(), media_type="image/jpeg")
