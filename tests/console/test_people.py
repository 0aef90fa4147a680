"""A person's right to what is kept about them, and to be erased, from the console."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from agent.erasing import Erased, erase_person
from console.api import create_app
from memory.audit import AuditEntry
from memory.persons import Person
from memory.tables import Message
from tests.console.test_doorway import OURS
from tests.console.test_timeline import console
from tests.house import ANA, BEN, House, run, script


def test_what_is_kept_about_a_person_is_handed_over_as_a_file():
    async def story(house: House) -> None:
        sent = await house.text("my dog Rex")
        await house.settled(turns=1)
        await house.text("a secret of Ben's", from_handle=BEN)
        await house.settled(turns=2)
        async with console(house) as client:
            path = f"/console/api/conversations/{sent.conversation_id}/export"
            answer = await client.get(path)
        assert "attachment" in answer.headers["content-disposition"]
        assert "my dog Rex" in answer.text
        assert "secret of Ben" not in answer.text
        assert [entry.action for entry in await house.rows(AuditEntry)] == ["export"]

    run(story, script("hello", "hello"))


@pytest.mark.parametrize(
    ("handle", "status", "left"), [(ANA, 200, [BEN]), (BEN, 409, [ANA, BEN]), ("", 409, [ANA, BEN])]
)
def test_a_person_is_erased_when_their_handle_is_written_once_more(
    tmp_path: Path, handle: str, status: int, left: list[str]
):
    async def story(house: House) -> None:
        deployment = house.local.deployment
        assert deployment is not None

        async def erase(person: Person) -> Erased:
            return await erase_person(
                person, store=deployment.store, phone=deployment.phone, clock=deployment.clock,
                listed_in=tmp_path / "erasures.jsonl",
            )  # fmt: skip

        sent = await house.text("my dog Rex")
        await house.settled(turns=1)
        await house.text("hi", from_handle=BEN)
        await house.settled(turns=2)
        app = create_app(lambda: deployment, erase=erase)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            path = f"/console/api/conversations/{sent.conversation_id}"
            await client.post(f"{path}/take-over", headers=OURS)
            answer = await client.post(f"{path}/erase", json={"handle": handle}, headers=OURS)
        assert answer.status_code == status, answer.text
        assert sorted(message.sender for message in await house.rows(Message)) == left
        if status == 200:
            kept = await house.rows(AuditEntry)
            assert [entry.action for entry in kept] == ["take over", "erase"]
            assert {entry.conversation_id for entry in kept} == {None}

    run(story, script("hello", "hello"))


def test_on_a_developers_own_phone_nobody_is_erased():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.settled(turns=1)
        async with console(house) as client:
            path = f"/console/api/conversations/{sent.conversation_id}"
            assert (await client.get(path)).json()["may_erase"] is False
            answer = await client.post(f"{path}/erase", json={"handle": ANA}, headers=OURS)
            assert answer.status_code == 409

    run(story, script("hello"))
