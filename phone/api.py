"""One call to AgentPhone over HTTP: its time limits, its errors, and when it may be made again."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Self, TypeVar

import httpx
from pydantic import ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from phone.answers import Act, failure, hide
from phone.clock import Clock, SystemClock
from phone.errors import BadRequest, NotSent, Refused, Throttled, Unreachable
from phone.fetching import (
    FETCH_WITHIN,
    REDIRECTS,
    Resolve,
    hop,
    is_loopback,
    next_address,
    resolve,
)
from phone.jsontext import read_json
from phone.reading import Lenient

CONNECT_WITHIN = 5.0
"""Seconds to reach AgentPhone; a call that fails here has certainly not happened."""

READ_WITHIN = 15.0
"""Seconds for one try of a read."""

READ_TRIES = 3
"""How often a read is tried before its error is the caller's."""

LONGEST_PAUSE = 30.0
"""Longest pause between two tries of a read, in seconds, whatever `Retry-After` asks for."""

_NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""What httpx raises before the first byte of a request is written."""

AnyShape = TypeVar("AnyShape", bound=Lenient)


class Api:
    """The HTTP side of `AgentPhoneClient`: `ask` may try again, `do` happens at most once."""

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        sub_account_id: str | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        if not re.fullmatch(r"[\x21-\x7e]+", api_key):
            raise ValueError(
                "the API key is empty or has a space or a strange character in it;"
                " set AGENTPHONE_API_KEY to the key on AgentPhone's dashboard, like sk_live_…"
            )
        self.base_url = httpx.URL(base_url)
        if self.base_url.scheme not in {"http", "https"} or not self.base_url.host:
            raise ValueError(f"base_url is {base_url!r}; write it like https://api.agentphone.ai")
        self.skew: float | None = None
        self.refuses_the_key = False
        self._key = api_key
        self._ours = {"Authorization": f"Bearer {api_key}"}
        if sub_account_id is not None:
            self._ours["X-Sub-Account-Id"] = sub_account_id
        self._clock = clock or SystemClock()
        self._resolve = resolve
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            transport=transport,
            headers={"User-Agent": f"threedots/{_version()}", "Accept": "application/json"},
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none is kept or sent
            # The twin on this machine is never behind the proxy of the environment.
            trust_env=not is_loopback(self.base_url),
        )

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self._http.aclose()

    def now(self) -> float:
        """The present by this client's clock, Unix seconds."""
        return self._clock.now()

    async def ask(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """GET a JSON value; tried again where that may help."""
        act = Act(f"the read of {path}", hidden=(self._key,))

        async def once() -> Any:
            request = self._request("GET", path, READ_WITHIN, query=query)
            return await self._answer(request, act, READ_WITHIN)

        return await self._retrying()(once)

    async def do(
        self,
        method: str,
        path: str,
        act: Act,
        *,
        within: float,
        json: Any = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:
        """Do something at AgentPhone, once: no second try, no redirect, at most `within` seconds.

        Returns the JSON value of the answer, or None for an empty one.
        """
        act = replace(act, hidden=(*act.hidden, self._key))
        try:
            request = self._request(method, path, within, query=query, json=json)
        except (TypeError, ValueError, RecursionError) as error:
            why = hide(str(error), act.hidden)
            raise BadRequest(f"{act.name} cannot be written as JSON: {why}") from None
        return await self._answer(request, act, within)

    async def fetch(
        self, url: httpx.URL, *, max_bytes: int, within: float = FETCH_WITHIN
    ) -> tuple[bytes, str]:
        """The bytes behind a media address and their content type; tried again where that may help.

        The key goes along only to the API itself. Raises `Refused` for more than `max_bytes`, and
        `BadRequest` for an address, or a redirect to one, from which nothing is fetched.
        """
        act = Act("the read of a media file", hidden=(str(url), self._key))

        async def once() -> tuple[bytes, str]:
            async with _within(within, act):
                response, body = await self._follow(url, max_bytes)
            self._raise_unless_success(response, body, act)
            return body, response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

        async with _within(within, act):
            return await self._retrying()(once)

    async def _follow(self, url: httpx.URL, max_bytes: int) -> tuple[httpx.Response, bytes]:
        """The answer at the end of this address and its redirects, each looked at before."""
        is_ours = True
        for left in reversed(range(REDIRECTS + 1)):
            now = await hop(url, api=self.base_url, resolve=self._resolve)
            is_ours = is_ours and now.is_ours  # who was a stranger once gets us no key later
            headers = {"Accept": "*/*", "Accept-Encoding": "identity", **now.headers}
            async with self._http.stream(
                "GET", now.url, headers=headers | (self._ours if is_ours else {}),
                extensions=now.extensions, timeout=_limits(READ_WITHIN),
            ) as response:  # fmt: skip
                further = next_address(response, url)
                if further is None or not left:
                    return response, await _no_more_than(max_bytes, response)
            url = further
        raise AssertionError("the last address is not followed further")

    def _request(
        self,
        method: str,
        path: str,
        within: float,
        *,
        query: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> httpx.Request:
        return self._http.build_request(
            method, path, params=query, json=json, headers=self._ours, timeout=_limits(within)
        )

    async def _answer(self, request: httpx.Request, act: Act, within: float) -> Any:
        async with _within(within, act):
            response = await self._http.send(request)
        self._learn(response)
        self._raise_unless_success(response, response.content, act)
        if not response.content:
            return None
        try:
            return read_json(response.content)
        except ValueError:
            raise Unreachable(
                f"AgentPhone answered {act.name} with {response.status_code} and no readable JSON",
                status=response.status_code,
            ) from None

    def _learn(self, response: httpx.Response) -> None:
        """What every answer tells beside what was asked: the time there, and whether we may ask."""
        self.refuses_the_key = response.status_code == 401
        with suppress(ValueError):
            date = parsedate_to_datetime(response.headers.get("Date", ""))
            self.skew = self._clock.now() - date.timestamp()

    def _raise_unless_success(self, response: httpx.Response, body: bytes, act: Act) -> None:
        if not response.is_success:
            now = self._clock.now()
            raise failure(response.status_code, response.headers, body, act=act, now=now)

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(READ_TRIES),
            wait=_pause,
            retry=retry_if_exception_type((NotSent, Throttled, Unreachable)),
            reraise=True,
        )


def shaped(kind: type[AnyShape], value: Any, act: str) -> AnyShape:
    """The answer as this type. Raises `Unreachable` when it is not: the act may have happened."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        places = (".".join(map(str, problem["loc"])) for problem in error.errors())
        wrong = ", ".join(place or "all of it" for place in places)
        raise Unreachable(
            f"AgentPhone said yes to {act}, but not in a shape we can read (wrong: {wrong})",
            status=200,
        ) from None


@asynccontextmanager
async def _within(seconds: float, act: Act) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except _NOTHING_LEFT as error:
        raise NotSent(_unheard(act, error, "nothing was sent")) from error
    except (httpx.RequestError, TimeoutError) as error:
        raise Unreachable(_unheard(act, error, "it may have happened")) from error


def _unheard(act: Act, error: Exception, meaning: str) -> str:
    cause = f"{type(error).__name__} {hide(str(error), act.hidden)}".strip()
    return f"no answer from AgentPhone to {act.name}, {meaning} ({cause})"


async def _no_more_than(max_bytes: int, response: httpx.Response) -> bytes:
    """The body, or of an answer that is no success as much of it as is allowed."""
    # We asked for no compression: a small file that unfolds into a large one is nobody's photo.
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise Refused("the media file came compressed, which was not asked for")
    body = bytearray()
    async for chunk in response.aiter_bytes(65_536):
        body += chunk
        if len(body) > max_bytes and response.is_success:
            raise Refused(f"the media file has more than {max_bytes} bytes")
        if len(body) > max_bytes:
            break
    return bytes(body)


def _limits(within: float) -> httpx.Timeout:
    quick = min(within, CONNECT_WITHIN)
    return httpx.Timeout(within, connect=quick, pool=quick)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    backoff = 0.5 * 2.0 ** (state.attempt_number - 1)
    if isinstance(error, Throttled) and error.retry_after is not None:
        return min(max(error.retry_after, backoff), LONGEST_PAUSE)
    return backoff


def _version() -> str:
    try:
        return version("threedots")
    except PackageNotFoundError:
        return "dev"
