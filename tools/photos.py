"""Attachments as the model can see them: opened, in a common format, and kept small."""

from __future__ import annotations

import asyncio
import io
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


async def see(phone: AgentPhoneClient, url: str) -> BinaryContent | str:
    """The photo behind an attachment's address, or a note that says why it cannot be seen."""
    try:
        data, content_type = await phone.media(url, max_bytes=BYTES)
    except PhoneError as error:
        return f"an attachment that could not be opened ({type(error).__name__})"
    kind = content_type.split(";")[0].strip().lower()
    if not kind.startswith("image/"):
        return f"an attachment you cannot open ({kind or 'of unknown type'})"
    return await asyncio.to_thread(photo, data)


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
    if see_through:
        picture.convert("RGBA").save(out, "PNG")
        return BinaryContent(out.getvalue(), media_type="image/png")
    picture.convert("RGB").save(out, "JPEG", quality=85)
    return BinaryContent(out.getvalue(), media_type="image/jpeg")
