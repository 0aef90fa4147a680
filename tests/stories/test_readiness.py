"""`/readyz`: what is wrong is named, and asking often costs nothing."""

from __future__ import annotations

import asyncio
import re
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text
from sqlmodel import Session

from agent.readiness import TROUBLES
from phone.clock import HeldClock
from phone.errors import Unauthorized
from tests.house import House, Wire, run, script
from tests.stories.test_overload import store_of


async def readiness(house: House) -> tuple[int, dict[str, Any]]:
    answer = await house.http.get("/readyz")
    return answer.status_code, answer.json()


def test_however_often_it_is_asked_the_database_is_written_to_once_in_five_seconds():
    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock)
        probes: list[str] = []
        engine = store_of(house)._writer_engine
        event.listen(engine, "before_cursor_execute", lambda *told: probes.append(told[2]))

        def written() -> int:
            return sum(said.startswith("INSERT INTO event ") for said in probes)

        answers = await asyncio.gather(*(readiness(house) for _ in range(50)))
        assert {status for status, _ in answers} == {200}
        assert written() == 1
        house.clock.advance(5)
        await readiness(house)
        assert written() == 2

    run(story, script(), clock=HeldClock())


def test_a_database_that_another_version_has_changed_is_named():
    def changed(session: Session) -> None:
        session.connection().execute(text("UPDATE alembic_version SET version_num = '9999'"))

    async def story(house: House) -> None:
        await store_of(house).write(changed)
        status, found = await readiness(house)
        assert status == 503 and "schema 9999" in found["schema"]

    run(story, script())


class Told(httpx.AsyncBaseTransport):
    """AgentPhone as it is, with another time or another answer on top."""

    def __init__(self, below: httpx.AsyncBaseTransport) -> None:
        self.below = below
        self.status: int | None = None
        self.date: str | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.status is not None:
            return httpx.Response(self.status, json={"error": {"message": "no"}})
        answer = await self.below.handle_async_request(request)
        if self.date is not None:
            answer.headers["Date"] = self.date
        return answer


def in_between(told: list[Told]) -> Wire:
    """Puts it there, and hands it out."""

    def wire(below: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        told.append(Told(below))
        return told[0]

    return wire


@pytest.mark.parametrize(("off", "status"), [(30, 200), (-75, 503), (75, 503)])
def test_a_clock_more_than_a_minute_from_agentphones_is_named(off: int, status: int):
    told: list[Told] = []

    async def story(house: House) -> None:
        assert house.clock is not None and house.local.deployment is not None
        deployment = house.local.deployment
        deployment.session = "live"
        told[0].date = formatdate(house.clock.now() - off, usegmt=True)
        await deployment.phone.numbers()
        found = await readiness(house)
        assert found[0] == status
        assert ("set this machine's clock" in (found[1]["clock"] or "")) == (status == 503)

    run(story, script(), clock=HeldClock(), wire=in_between(told))


def test_a_key_that_is_refused_is_named_until_it_is_taken_again():
    told: list[Told] = []

    async def story(house: House) -> None:
        assert house.local.deployment is not None
        phone = house.local.deployment.phone
        told[0].status = 401
        with pytest.raises(Unauthorized):
            await phone.numbers()
        status, found = await readiness(house)
        assert status == 503 and "AGENTPHONE_API_KEY" in found["key"]
        told[0].status = None
        await phone.numbers()
        assert (await readiness(house))[0] == 200

    run(story, script(), clock=HeldClock(), wire=in_between(told))


def test_the_page_says_what_each_trouble_is():
    page = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text()
    table = page.partition("## Whether it is well")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.M)) == set(TROUBLES)
