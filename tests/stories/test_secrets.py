"""The webhook's secret changes while a server runs."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from agent.secret_place import Place, keyring_of
from agent.settings import Settings
from phone.clock import HeldClock
from phone.emulator.records import PROJECT
from phone.keyring import FORMER_FOR, Key
from phone.webhook import TRIAL, sign
from server import Door
from tests.house import House, run, script
from tests.stories.test_intake import message

CHANGED = "whsec_changed_by_somebody_else"


async def deliver(house: House, secret: str, number: int) -> int:
    body = f'{{"event": "agent.daydream", "number": {number}}}'.encode()
    assert house.local.deployment is not None
    timestamp = int(house.local.deployment.clock.now())
    signature = sign(body, secret=secret, timestamp=timestamp)
    answer = await house.webhook(body, webhook_id=f"del_{number}", signature=signature)
    return answer.status_code


def test_the_old_secret_is_accepted_for_a_day_after_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path / ".env", in_env=True)

    async def story(house: House) -> None:
        assert isinstance(house.clock, HeldClock) and house.local.deployment is not None
        old = house.webhook_secret
        place.write([Key(old)])
        house.local._door = Door(keyring_of(Settings(agentphone_webhook_secret=old)))
        house.local._door.open(house.local.deployment)
        assert await deliver(house, CHANGED, 1) == 401
        place.write([Key(CHANGED), Key(old, house.clock.now() + FORMER_FOR)])
        assert await deliver(house, CHANGED, 2) == 200, "without a restart"
        assert await deliver(house, old, 3) == 200
        house.clock.advance(FORMER_FOR + 1)
        assert await deliver(house, CHANGED, 4) == 200
        assert await deliver(house, old, 5) == 401

    run(story, script(), clock=HeldClock())


def test_a_secret_that_changed_behind_our_back_is_noticed_and_explained(
    caplog: pytest.LogCaptureFixture,
):
    async def story(house: House) -> None:
        ours = house.webhook_secret
        house.local.twin.line.hooks[PROJECT].secret = CHANGED
        for number in range(3):
            assert await deliver(house, CHANGED, number) == 401
        await house.pass_time(20)
        ready = await house.http.get("/readyz")
        assert (ready.status_code, "threedots connect" in ready.json()["secret"]) == (503, True)
        house.local.twin.line.hooks[PROJECT].secret = ours
        assert await deliver(house, ours, 4) == 200
        assert (await house.http.get("/readyz")).json()["secret"] is None

    with caplog.at_level(logging.WARNING):
        run(story, script(), clock=HeldClock())
    told = "the secret AgentPhone signs with is not the one in .env: run `threedots connect"
    assert caplog.text.count(told) == 1
    assert CHANGED not in caplog.text


def test_forged_webhooks_make_nobody_think_that_the_secret_has_changed(
    caplog: pytest.LogCaptureFixture,
):
    async def story(house: House) -> None:
        for number in range(9):
            assert await deliver(house, "whsec_of_a_stranger", number) == 401
        await house.pass_time(20)
        assert (await house.http.get("/readyz")).status_code == 200

    with caplog.at_level(logging.WARNING):
        run(story, script(), clock=HeldClock())
    assert "somebody who is not AgentPhone sends webhooks" in caplog.text
    assert "threedots connect" not in caplog.text


def test_a_test_webhook_starts_nothing_and_nothing_is_sent_to_its_made_up_number():
    async def story(house: House) -> None:
        for number, changes in enumerate([{"test": True}, {}]):
            body = message(f"{TRIAL}{number:016x}", messageId=f"msg_{number}", **changes)
            body["data"]["conversationId"] = None
            assert (await house.webhook(body, webhook_id=f"del_{number}")).status_code == 200
        assert await house.settled(turns=0) == []
        assert await house.messages() == [] and await house.calls("POST", "/messages") == []

    run(story, script())
