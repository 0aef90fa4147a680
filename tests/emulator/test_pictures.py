"""What iPhones take: kept and delivered as it came, shown as something a browser can draw."""

from __future__ import annotations

import io

from PIL import Image

from tests.emulator.stage import Stage, staged


async def put(stage: Stage, data: bytes) -> str:
    kind = {"Content-Type": "image/heic"}
    return (await stage.call("POST", "/handset/media", content=data, headers=kind))["url"]


@staged()
async def test_a_heic_photo_is_shown_as_a_jpeg_and_handed_out_as_it_came(stage: Stage):
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "HEIF")
    url = await put(stage, file.getvalue())
    shown = await stage.try_call("GET", "/handset/media", params={"url": url})
    assert shown.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(shown.content)).size == (64, 48)
    assert (await stage.try_call("GET", url)).content == file.getvalue()


@staged()
async def test_what_only_claims_to_be_heic_is_shown_as_it_came(stage: Stage):
    shown = await stage.try_call("GET", "/handset/media", params={"url": await put(stage, b"no")})
    assert (shown.content, shown.headers["content-type"]) == (b"no", "image/heic")
