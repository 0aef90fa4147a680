"""Who may come into the console: by where the server listens, by name, by token, by page."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from agent.settings import Settings
from console.api import create_app
from console.doorway import Doorway
from memory.audit import AuditEntry
from memory.console_sessions import ConsoleSession
from memory.store import StoreUnavailable
from memory.wrong_tokens import MANY, WrongToken, attempt
from phone.clock import HeldClock
from safety.roles import Role
from tests.house import House, run, script

TOKEN = "a-token-of-sixteen-characters-or-more"

OURS = {"X-Threedots-Console": "1"}


@asynccontextmanager
async def door(
    house: House,
    *,
    host: str = "127.0.0.1:8080",
    client: str = "127.0.0.1",
    scheme: str = "http",
    **given: Any,
) -> AsyncIterator[httpx.AsyncClient]:
    """A browser in front of the console's doorway."""

    def of() -> Any:
        return house.local.deployment

    token = given.pop("token", None)
    tokens = given.pop("tokens", None) or ({Role.ADMIN: token} if token else {})
    chosen = {"tokens": tokens, "bound_to": "127.0.0.1", "public_url": None} | given
    app = Doorway(create_app(of), of, **chosen)
    transport = httpx.ASGITransport(app=app, client=(client, 50_000))
    headers = {"Origin": f"{scheme}://{host}"}
    async with httpx.AsyncClient(
        transport=transport, base_url=f"{scheme}://{host}", headers=headers
    ) as browser:
        yield browser


async def log_in(browser: httpx.AsyncClient, token: str = TOKEN, **given: Any) -> httpx.Response:
    body = {"token": token, "name": "Mia"} | given
    return await browser.post("/console/api/login", json=body, headers=OURS)


@pytest.mark.parametrize(
    ("place", "headers", "status"),
    [
        ({}, {}, 200),
        ({"host": "localhost:8080"}, {}, 200),
        ({"host": "[::1]:8080", "bound_to": "::1", "client": "::1"}, {}, 200),
        ({"bound_to": "0.0.0.0"}, {}, 403),
        ({"bound_to": None}, {}, 403),
        ({"host": "console.example"}, {}, 403),
        ({"host": "192.168.1.5:8080"}, {}, 403),
        ({"client": "192.168.1.9"}, {}, 403),
        ({"public_url": "https://bot.example"}, {}, 403),
        ({"public_url": "http://127.0.0.1:8080"}, {}, 200),
        ({}, {"X-Forwarded-For": "203.0.113.9"}, 403),
        ({}, {"Forwarded": "for=203.0.113.9"}, 403),
        ({}, {"X-Real-IP": "203.0.113.9"}, 403),
        ({}, {"Origin": "http://evil.example"}, 403),
        ({}, {"Origin": "null"}, 403),
        ({}, {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_without_a_token_only_this_machine_comes_in(
    place: dict[str, Any], headers: dict[str, str], status: int
):
    async def story(house: House) -> None:
        async with door(house, **place) as browser:
            answer = await browser.get("/console/api/me", headers=headers)
            assert answer.status_code == status, answer.text

    run(story, script())


def test_with_a_token_nobody_reads_anything_before_logging_in():
    async def story(house: House) -> None:
        async with door(house, token=TOKEN, bound_to="0.0.0.0") as browser:
            page = await browser.get("/console")
            assert (page.status_code, page.headers["location"]) == (303, "/console/login")
            for path in ("me", "conversations", "turns", "events", "audit", "spend"):
                answer = await browser.get(f"/console/api/{path}")
                assert answer.status_code == 401, path
            pause = await browser.post("/console/api/pause", json={}, headers=OURS)
            assert pause.status_code == 401
            assert (await browser.get("/console/login")).status_code == 200
            assert (await browser.get("/console/page/login.js")).status_code == 200

    run(story, script())


def test_the_token_becomes_a_session_that_no_script_can_read_and_that_ends():
    async def story(house: House) -> None:
        given = {"token": TOKEN, "host": "bot.example", "scheme": "https"}
        async with door(house, public_url="https://bot.example", **given) as browser:
            answer = await log_in(browser)
            assert answer.status_code == 204
            cookie = answer.headers["set-cookie"]
            for part in ("HttpOnly", "SameSite=strict", "Secure", "Path=/console"):
                assert part in cookie
            me = (await browser.get("/console/api/me")).json()
            assert me["who"].startswith("Mia (")
            [kept] = await house.rows(ConsoleSession)
            assert kept.hash not in cookie
            assert isinstance(house.clock, HeldClock)
            house.clock.advance(12 * 3600 + 1)
            assert (await browser.get("/console/api/me")).status_code == 401

    run(story, script(), clock=HeldClock(1_780_000_000.0))


def test_who_logs_out_or_whose_token_was_changed_is_out():
    async def story(house: House) -> None:
        async with door(house, token=TOKEN) as browser, door(house, token=TOKEN[::-1]) as other:
            await log_in(browser)
            other.cookies = browser.cookies
            assert (await browser.get("/console/api/me")).status_code == 200
            assert (await other.get("/console/api/me")).status_code == 401
            cookie = dict(browser.cookies)
            await browser.post("/console/api/logout", json={}, headers=OURS)
            browser.cookies.update(cookie)
            assert (await browser.get("/console/api/me")).status_code == 401
            assert [e.action for e in await house.rows(AuditEntry)] == ["login", "logout"]

    run(story, script())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (OURS, 200),
        ({}, 403),
        (OURS | {"Origin": "https://evil.example"}, 403),
        (OURS | {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_write_comes_from_our_own_page(headers: dict[str, str], status: int):
    async def story(house: House) -> None:
        async with door(house) as browser:
            answer = await browser.post("/console/api/pause", json={}, headers=headers)
            assert answer.status_code == status, answer.text

    run(story, script())


def test_nobody_is_logged_in_or_heard_from_a_form_elsewhere():
    async def story(house: House) -> None:
        async with door(house, token=TOKEN) as browser:
            form = await browser.post("/console/api/login", json={"token": TOKEN})
            assert (form.status_code, form.headers.get("set-cookie")) == (403, None)
        async with door(house) as browser:
            del browser.headers["Origin"]
            answer = await browser.post("/console/api/pause", json={}, headers=OURS)
            assert answer.status_code == 403

    run(story, script())


@pytest.mark.parametrize(
    ("host", "status"),
    [("bot.example", 204), ("127.0.0.1:8080", 204), ("10.0.0.7:8080", 204), ("evil.example", 403)],
)
def test_with_a_token_a_strangers_name_for_us_is_not_answered(host: str, status: int):
    async def story(house: House) -> None:
        given = {"token": TOKEN, "bound_to": "0.0.0.0", "public_url": "https://bot.example"}
        async with door(house, host=host, **given) as browser:
            assert (await log_in(browser)).status_code == status

    run(story, script())


def test_wrong_tokens_wait_longer_each_time_and_hold_up_nobody_else(
    caplog: pytest.LogCaptureFixture,
):
    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        given = {"token": TOKEN, "bound_to": "0.0.0.0"}
        async with door(house, client="203.0.113.9", **given) as guesser:
            assert (await log_in(guesser, "wrong-secret-one")).status_code == 401
            soon = await log_in(guesser, TOKEN)
            assert (soon.status_code, soon.headers["retry-after"]) == (429, "1")
            house.clock.advance(1.1)
            assert (await log_in(guesser, "wrong-secret-two")).status_code == 401
            house.clock.advance(1.1)
            assert (await log_in(guesser)).status_code == 429, "two seconds now"
            house.clock.advance(1.0)
            assert (await log_in(guesser)).status_code == 204
        assert "203.0.113.9" in caplog.text
        assert "wrong-secret" not in caplog.text

    with caplog.at_level(logging.WARNING):
        run(story, script(), clock=HeldClock(1_780_000_000.0))


def test_wrong_tokens_are_slowed_whichever_process_is_asked_and_are_in_the_audit():
    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        given = {"token": TOKEN, "client": "203.0.113.9"}
        async with door(house, **given) as one, door(house, **given) as other:
            assert (await log_in(one, "wrong-secret-one")).status_code == 401
            assert (await log_in(other)).status_code == 429
            house.clock.advance(1.1)
            assert (await log_in(other, "wrong-secret-two")).status_code == 401
            house.clock.advance(2.1)
            assert (await log_in(one)).status_code == 204
        told = [(it.who, it.role, it.action) for it in await house.rows(AuditEntry)]
        assert told[0] == ("203.0.113.9", None, "wrong token")
        assert [(role, action) for _, role, action in told[1:]] == [("admin", "login")]
        assert await house.rows(WrongToken) == []

    run(story, script(), clock=HeldClock(1_780_000_000.0))


def test_a_flood_of_wrong_tokens_slows_everybody_and_is_over_in_a_minute():
    async def story(house: House) -> None:
        assert house.local.deployment is not None
        write = house.local.deployment.store.write
        for number in range(MANY):
            left = await write(partial(attempt, address=f"10.0.0.{number}", now=100.0))
            assert left == 0.0
        asked = partial(attempt, address="192.0.2.1")
        assert await write(partial(asked, now=101.0)) == 59.0
        assert await write(partial(asked, now=160.0)) == 0.0
        assert await write(partial(attempt, address="2001:db8::1", now=5000.0)) == 0.0
        assert await write(partial(attempt, address="2001:db8::2", now=5000.0)) == 1.0
        assert len(await house.rows(WrongToken)) == 1, "an hour later they are forgotten"

    run(story, script())


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 422), (b"[]", 422), (b'{"token": 5}', 422), (b"[" * 60_000, 422), (b"x" * 70_000, 413)],
    ids=["broken", "list", "number", "deep", "long"],
)
def test_what_is_no_login_is_refused_with_words(body: bytes, status: int):
    async def story(house: House) -> None:
        async with door(house, token=TOKEN) as browser:
            answer = await browser.post("/console/api/login", content=body, headers=OURS)
            assert answer.status_code == status

    run(story, script())


def test_a_database_that_cannot_be_had_is_said_to_be():
    async def story(house: House) -> None:
        assert house.local.deployment is not None
        store = house.local.deployment.store
        async with door(house) as browser, door(house, token=TOKEN) as other:

            async def away(work: Any) -> Any:
                raise StoreUnavailable("The database cannot do it now.")

            read, store.read = store.read, away  # type: ignore[method-assign]
            answers = [await browser.get("/console/api/me")]
            other.cookies.set("threedots_console", "x")
            answers.append(await other.get("/console/api/me"))
            store.read = read  # type: ignore[method-assign]
        for answer in answers:
            assert (answer.status_code, "cannot do it now" in answer.text) == (503, True)

    run(story, script())


def test_who_looks_at_turns_on_this_machine_is_noted_too():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        async with door(house) as browser:
            asked = {"conversation": sent.conversation_id}
            [turn] = (await browser.get("/console/api/turns", params=asked)).json()["turns"]
            await browser.get(f"/console/api/turns/{turn['turn_id']}")
        entries = [(e.who, e.action, e.conversation_id) for e in await house.rows(AuditEntry)]
        assert entries == [
            ("this machine", "read turns", sent.conversation_id),
            ("this machine", "read a turn", sent.conversation_id),
        ]

    run(story, script("hello"))


def test_nothing_is_kept_by_browsers_or_shown_in_frames():
    async def story(house: House) -> None:
        async with door(house) as browser:
            for path in ("/console", "/console/api/me", "/console/page/console.js"):
                headers = (await browser.get(path)).headers
                assert "default-src 'none'" in headers["content-security-policy"]
                assert "frame-ancestors 'none'" in headers["content-security-policy"]
                assert "unsafe" not in headers["content-security-policy"]
                assert headers["cache-control"] == "no-store"
                assert headers["x-content-type-options"] == "nosniff"

    run(story, script())


def test_a_short_token_is_refused_at_the_start():
    with pytest.raises(ValidationError, match="needs 16 at least"):
        Settings(threedots_console_token="short")  # type: ignore[arg-type]
