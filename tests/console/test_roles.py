"""What each role may do in the console: a viewer reads, an operator acts, an admin does it all."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import ValidationError

from agent.settings import Settings
from console.api import create_app
from memory.audit import AuditEntry
from safety.roles import RANK, needed
from tests.console.test_doorway import OURS, TOKEN, door, log_in
from tests.house import House, run, script

VIEWER, OPERATOR, ADMIN = RANK
TOKENS = {role: f"{TOKEN}-of-{role}" for role in RANK}

ROUTES = {
    VIEWER: (
        *("GET /console", "GET /console/login", "GET /console/page/{name}"),
        *("GET /console/api/me", "GET /console/api/turns", "GET /console/api/turns/{turn_id}"),
        *("GET /console/api/events", "GET /console/api/changes"),
        *("GET /console/api/conversations", "GET /console/api/conversations/{key}"),
        *("GET /console/api/bubbles", "GET /console/api/dead-letters", "GET /console/api/opt-outs"),
        *("GET /console/api/spend", "GET /console/api/audit", "GET /console/api/approvals"),
        "GET /console/api/conversations/{key}/pictures/{name}",
    ),
    OPERATOR: (
        "POST /console/api/conversations/{key}/take-over",
        "POST /console/api/conversations/{key}/hand-back",
        "POST /console/api/conversations/{key}/bubbles",
        "POST /console/api/conversations/{key}/pause",
        "POST /console/api/conversations/{key}/resume",
        "POST /console/api/pause",
        "POST /console/api/resume",
        "POST /console/api/bubbles/{bubble_id}/again",
        "POST /console/api/dead-letters/{letter_id}/replay",
        "POST /console/api/opt-outs",
        "POST /console/api/approvals/{approval_id}",
    ),
    ADMIN: (
        "GET /console/api/conversations/{key}/export",
        "POST /console/api/conversations/{key}/erase",
    ),
}
"""The least role of each route there is."""

STREAMS = ("/console/api/events", "/console/api/changes")


def routes() -> list[tuple[str, str]]:
    found = [route for route in create_app(lambda: None).routes if isinstance(route, APIRoute)]
    return [(method, route.path) for route in found for method in route.methods]


def test_every_route_of_the_console_has_the_role_that_is_meant():
    least = {f"{method} {path}": needed(method, path) for method, path in routes()}
    assert least == {route: role for role, some in ROUTES.items() for route in some}


def test_every_route_refuses_who_may_not_and_nobody_else():
    async def story(house: House) -> None:
        async with AsyncExitStack() as doors:
            browsers = {}
            for role in RANK:
                browsers[role] = await doors.enter_async_context(door(house, tokens=TOKENS))
                assert (await log_in(browsers[role], TOKENS[role])).status_code == 204
            for method, path in routes():
                if path in STREAMS:  # they have no end; by the rule above they are like the rest
                    continue
                for role, browser in browsers.items():
                    answer = await ask(browser, method, path)
                    is_refused = answer.status_code == 403
                    is_below = RANK.index(role) < RANK.index(needed(method, path))
                    assert is_refused == is_below, (role, method, path, answer.text)
                    assert not is_refused or "you are logged in as" in answer.text
        told = {(one.role, one.action, one.about) for one in await house.rows(AuditEntry)}
        assert ("viewer", "refused", "pause") in told
        assert ("operator", "refused", "export") in told
        assert ("operator", "pause all", None) in told

    run(story, script())


async def ask(browser: httpx.AsyncClient, method: str, path: str) -> httpx.Response:
    address = re.sub(r"\{\w+\}", "1", path)
    body = {} if method == "POST" else None
    return await browser.request(method, address, json=body, headers=OURS)


def test_the_page_is_told_what_somebody_is():
    async def story(house: House) -> None:
        async with door(house, tokens=TOKENS) as browser, door(house) as here:
            await log_in(browser, TOKENS[VIEWER])
            assert (await browser.get("/console/api/me")).json()["role"] == "viewer"
            assert (await browser.post("/console/api/logout", json={}, headers=OURS)).is_success
            assert (await here.get("/console/api/me")).json()["role"] == "admin"

    run(story, script())


def test_no_two_roles_have_the_same_token():
    with pytest.raises(ValidationError, match="each needs one of its own"):
        Settings(
            threedots_console_token=TOKEN,  # type: ignore[arg-type]
            threedots_console_viewer_token=TOKEN,  # type: ignore[arg-type]
        )
