"""Fetching what people attached, without fetching anything else."""

from __future__ import annotations

import asyncio
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
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
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


def redirects(*locations: str) -> list[httpx.Response]:
    return [httpx.Response(302, headers={"Location": location}) for location in locations]


def test_a_redirect_is_followed_without_the_key():
    service = Service(*redirects("https://store.example.com/cat.jpg?sig=1"), PHOTO)
    content, _ = service.use(lambda phone: phone.media(OURS, max_bytes=1000))
    ours, theirs = service.requests
    assert len(content) == 1000
    assert KEY in ours.headers["Authorization"] and "Authorization" not in theirs.headers
    assert theirs.headers["Host"] == "store.example.com"


def test_who_was_sent_back_to_agentphone_by_a_stranger_brings_no_key():
    service = Service(*redirects("https://evil.example/", OURS), PHOTO)
    service.use(lambda phone: phone.media(OURS, max_bytes=1000))
    assert ["Authorization" in request.headers for request in service.requests] == [
        True, False, False,
    ]  # fmt: skip


def test_a_third_redirect_is_not_followed():
    service = Service(*redirects(*(f"https://a.example/{n}" for n in range(3))), PHOTO)
    with pytest.raises(errors.CallFailed, match="redirect"):
        service.use(lambda phone: phone.media(OURS, max_bytes=1000))
    assert len(service.requests) == 3


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "http://store.example.com/cat.jpg",
        "https://127.0.0.1/",
        "https://inside.example.com/",
        "file:///etc/passwd",
        "//localhost/",
        "//[::1]/",
    ],
)
def test_a_redirect_is_looked_at_like_any_address(location: str):
    service = Service(*redirects(location), PHOTO)
    service.addresses["inside.example.com"] = ["10.0.0.8"]
    with pytest.raises(errors.BadRequest, match="media address"):
        service.use(lambda phone: phone.media(OURS, max_bytes=1000))
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["192.168.1.1"],
        ["100.64.0.1"],  # carrier-grade NAT
        ["169.254.169.254"],
        ["0.0.0.0"],
        ["224.0.0.1"],
        ["::1"],
        ["fd00::1"],
        ["fe80::1%eth0"],
        ["::ffff:10.0.0.1"],
        ["::ffff:169.254.169.254"],
        ["64:ff9b::a00:1"],  # NAT64 of 10.0.0.1
        ["2002:a00:1::"],  # 6to4 of 10.0.0.1
        ["203.0.114.7", "10.0.0.1"],  # one of two is enough
        [],
    ],
)
def test_a_name_that_leads_inside_is_not_fetched(addresses: list[str]):
    service = Service(PHOTO)
    service.addresses["cdn.example.com"] = addresses
    with pytest.raises(errors.BadRequest, match="of its own"):
        service.use(lambda phone: phone.media("https://cdn.example.com/cat.jpg", max_bytes=1000))
    assert service.requests == []


def test_the_connection_goes_to_the_address_that_was_looked_at():
    service = Service(PHOTO)
    service.addresses["cdn.example.com"] = ["2606:4700::1111", "203.0.114.9"]
    service.use(lambda phone: phone.media("https://cdn.example.com:8443/cat.jpg", max_bytes=1000))
    request = service.request
    assert (request.url.host, request.url.port) == ("203.0.114.9", 8443)
    assert request.headers["Host"] == "cdn.example.com:8443"
    assert request.extensions["sni_hostname"] == "cdn.example.com"
    assert service.resolved == [("cdn.example.com", 8443)]


def test_agentphone_itself_is_found_as_ever():
    service, _ = fetch()
    assert service.request.url.host == "api.agentphone.ai"
    assert service.resolved == []


def test_no_cookie_is_kept():
    answer = httpx.Response(200, headers={"Set-Cookie": "a=b"}, content=b"x")

    async def twice(phone):
        await phone.media(OURS, max_bytes=10)
        await phone.media(OURS, max_bytes=10)

    service = Service(answer)
    service.use(twice)
    assert "Cookie" not in service.requests[1].headers


def test_a_photo_that_never_ends_coming_is_given_up():
    async def slow():
        yield b"x"
        await asyncio.Event().wait()

    with pytest.raises(errors.Unreachable):
        Service(lambda request: httpx.Response(200, content=slow())).use(
            lambda phone: phone.media(OURS, max_bytes=1000, within=0.02)
        )


def test_a_name_nobody_knows_is_no_address():
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError("Name or service not known")

    with pytest.raises(errors.NotSent, match="not known"):
        fetch("https://cdn.example.com/cat.jpg", resolve=unknown)


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
