"""Fetching what people attached, without fetching anything else."""

from __future__ import annotations

import gzip

import httpx
import pytest

from phone import errors
from tests.phone.talk import KEY, Service

OURS = "https://api.agentphone.ai/v1/messages/cmm1/media"
PHOTO = httpx.Response(200, headers={"Content-Type": "Image/JPEG; q=1"}, content=b"x" * 1000)


def fetch(url=OURS, *, answer=PHOTO, max_bytes=1000, **options):
    service = Service(answer)
    result = service.use(lambda phone: phone.media(url, max_bytes=max_bytes), **options)
    return service, result


def test_a_photo_comes_with_its_type():
    _, (content, content_type) = fetch()
    assert (content, content_type) == (b"x" * 1000, "image/jpeg")


def test_the_key_goes_to_agentphone():
    service, _ = fetch()
    assert service.request.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example.com/cat.jpg",
        "https://api.agentphone.ai.evil.example/cat.jpg",
        "https://api.agentphone.ai:8443/cat.jpg",
        "https://api.agentphone.ai@evil.example/cat.jpg",
    ],
)
def test_the_key_goes_nowhere_else(url: str):
    service, _ = fetch(url, sub_account_id="sub_1")
    assert KEY not in str(service.request.headers)
    assert "X-Sub-Account-Id" not in service.request.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://api.agentphone.ai/v1/messages/cmm1/media",
        "http://cdn.example.com/cat.jpg",
        "file:///etc/passwd",
        "ftp://cdn.example.com/cat.jpg",
        "/v1/messages/cmm1/media",
        "cat.jpg",
        "",
        "https://",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://10.0.0.8/",
        "https://metadata.internal/",
        "https://intranet/",
        "https://[::1",
    ],
)
def test_only_https_to_the_public_is_fetched(url: str):
    service = Service(PHOTO)
    with pytest.raises(errors.BadRequest, match="media address"):
        service.use(lambda phone: phone.media(url, max_bytes=1000))
    assert service.requests == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1/messages/m/media", "http://localhost:8000/x"]
)
def test_a_twin_on_this_machine_may_serve_plain_http(url: str):
    _, (content, _) = fetch(url, base_url="http://127.0.0.1:8000")
    assert len(content) == 1000


def test_plain_http_from_elsewhere_is_no_better_for_having_a_twin():
    with pytest.raises(errors.BadRequest):
        fetch("http://cdn.example.com/cat.jpg", base_url="http://127.0.0.1:8000")


def test_one_byte_too_many_is_refused():
    with pytest.raises(errors.Refused, match="more than 999 bytes"):
        fetch(max_bytes=999)


def test_no_more_is_read_than_the_cap_and_one_chunk():
    read = []

    async def endless():
        while True:
            read.append(1)
            yield b"x" * 65_536

    with pytest.raises(errors.Refused, match="more than"):
        fetch(answer=lambda request: httpx.Response(200, content=endless()), max_bytes=200_000)
    assert len(read) == 4


def test_a_small_file_that_unfolds_into_a_large_one_is_refused():
    bomb = gzip.compress(b"x" * 10_000_000)

    def answer(request: httpx.Request) -> httpx.Response:
        async def body():
            yield bomb

        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=body())

    service = Service(answer)
    with pytest.raises(errors.Refused, match="compressed"):
        service.use(lambda phone: phone.media(OURS, max_bytes=100))
    assert service.request.headers["Accept-Encoding"] == "identity"


def test_a_redirect_is_not_followed():
    answer = httpx.Response(302, headers={"Location": "http://169.254.169.254/"})
    with pytest.raises(errors.CallFailed, match="redirect") as caught:
        fetch(answer=answer)
    assert "169.254" not in str(caught.value)


def test_a_photo_that_is_gone_is_not_found():
    with pytest.raises(errors.NotFound):
        fetch(answer=httpx.Response(404, json={"detail": "Message not found."}))


def test_the_error_page_of_a_stranger_is_not_read_to_its_end():
    read = []

    async def endless():
        while len(read) < 100:
            read.append(1)
            yield b"x" * 65_536

    with pytest.raises(errors.Refused, match="403"):
        fetch(answer=lambda request: httpx.Response(403, content=endless()), max_bytes=200_000)
    assert len(read) == 4


def test_a_photo_is_tried_again_when_the_line_breaks():
    service = Service(httpx.ReadError("broken"), PHOTO)
    content, _ = service.use(lambda phone: phone.media(OURS, max_bytes=1000))
    assert len(content) == 1000
    assert service.clock.pauses == [0.5]


def test_the_address_is_a_secret_and_stays_out_of_errors():
    with pytest.raises(errors.Unreachable) as caught:
        fetch(answer=httpx.ReadError(f"reading {OURS}"))
    assert "cmm1" not in str(caught.value)
