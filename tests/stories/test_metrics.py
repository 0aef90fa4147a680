"""`/metrics`: what is counted, and who may read it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.promises import Watch
from memory.figures import figures
from memory.tables import Bubble, Consent, Mailbox, Message
from phone.clock import HeldClock, utc
from server import Door
from tests.house import ANA, BEN, House, call, run, script
from tests.stories.test_intake import message


async def measured(house: House) -> dict[str, float]:
    """Each sample by its name, labels in braces as Prometheus writes them."""
    page = await house.http.get("/metrics")
    assert page.status_code == 200
    found = {}
    for family in text_string_to_metric_families(page.text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[sample.name.removeprefix("threedots_") + (f"{{{labels}}}" if labels else "")] = (
                sample.value
            )
    return found


def test_what_happens_is_counted_and_nobody_is_named():
    async def story(house: House) -> None:
        sent = await house.text("hi")
        await house.answered(sent.conversation_id)
        await house.webhook_fault("duplicate")
        await house.text("stop", from_handle=BEN)
        await house.settled(turns=2)
        await house.happened("webhook_delivery", times=3)
        await house.webhook(b"not json")
        await house.webhook(message(), signature="sha256=" + "0" * 64)
        await house.webhook(message(event="agent.daydream"), webhook_id="del_9")
        found = await measured(house)
        expected = {
            "webhook_total{result=accepted}": 2, "webhook_total{result=duplicate}": 1,
            "webhook_total{result=unreadable}": 1, "webhook_total{result=wrong_signature}": 1,
            "webhook_total{result=ignored}": 1, "ack_seconds_count": 6,
            "webhook_signed_total{secret=newest}": 5, "turn_total{outcome=answered,reason=}": 2,
            "turn_seconds_count": 2, "bubble_total{state=confirmed}": 2,
            "send_http_total{result=accepted}": 2, "tool_total{state=done,tool=react}": 1,
            "optout{how=keyword,says=stop}": 1, "deadletter_open": 1, "unconfirmed_open": 0,
            "queue_age_seconds": 0, "conversations_due": 0, "post_after_stop": 0,
            "database_up": 1, "sending_paused": 0, "turns_running": 0,
            "llm_requests_total{result=answered}": 2,
        }  # fmt: skip
        assert {name: found.get(name) for name in expected} == expected
        assert found["llm_tokens_total{kind=output}"] > 0
        page = (await house.http.get("/metrics")).text
        for private in (ANA, ANA[2:], BEN[2:], sent.conversation_id, "msg_"):
            assert private not in page

    run(story, script([call("react", tapback="love")], "hello"))


def test_a_recorded_webhook_under_another_id_a_loop_and_why_turns_were_dropped_are_counted():
    async def story(house: House) -> None:
        for webhook_id in ("del_1", "del_1", "del_2"):
            await house.webhook(message(), webhook_id=webhook_id)
        await house.settled(turns=1)
        for number in range(3):
            await house.text("I am out of the office until Monday.")
            await house.settled(turns=2 + number)
        found = await measured(house)
        assert found["webhook_total{result=duplicate}"] == 1
        assert found["webhook_total{result=replay_suspected}"] == 1
        assert found["loop_breaker_total"] == 1
        assert found["turn_total{outcome=dropped,reason=loop}"] == 1

    settings = {"threedots_loop_breaker": True}
    run(story, script("hello", last_for_ever=True), settings=settings)


def test_what_nobody_knows_yet_is_shown_until_somebody_does():
    async def story(house: House) -> None:
        await house.fail("POST", "/v1/messages", drop=True)
        await house.text("hi")
        await house.until(lambda session: figures(session, now=0.0).open_bubbles["unconfirmed"])
        found = await measured(house)
        assert (found["unconfirmed_open"], found["bubble_open{state=unconfirmed}"]) == (1, 1)
        assert found["send_http_total{result=unknown}"] == 1
        assert found["queue_age_seconds"] >= 0 and found["conversations_due"] == 1
        await house.pass_time_until_settled(turns=1, at_most=60)

    run(story, script("hello"), clock=HeldClock())


def test_a_reply_that_left_after_a_stop_raises_the_alarm():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        await house.text("stop")
        await house.settled(turns=2)
        assert (await measured(house))["post_after_stop"] == 0
        assert house.local.deployment is not None

        def wrong(session):
            consent = session.exec(Consent.__table__.select()).first()
            session.exec(
                Bubble.__table__.update()
                .where(Bubble.kind == "reply")
                .values(dispatched_at=consent.at + timedelta(seconds=1))
            )

        await house.local.deployment.store.write(wrong)
        assert (await measured(house))["post_after_stop"] == 1

    run(story, script("hello"))


def test_a_database_that_is_gone_is_said_and_the_counters_go_on():
    async def story(house: House) -> None:
        await house.text("hi")
        await house.settled(turns=1)
        assert house.local.deployment is not None
        await house.local.deployment.store.close()
        await house.webhook(message())
        found = await measured(house)
        assert (found["database_up"], found["webhook_total{result=not_stored}"]) == (0, 1)

    run(story, script("hello"))


def test_who_comes_through_a_proxy_or_without_the_token_finds_nothing():
    async def story(house: House) -> None:
        assert (await house.http.get("/metrics")).status_code == 200
        through = await house.http.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"})
        assert (through.status_code, through.text) == (404, "")
        house.local._door = Door([house.webhook_secret], metrics_token="right")
        assert house.local.deployment is not None
        house.local._door.open(house.local.deployment)
        assert (await house.http.get("/metrics")).status_code == 404
        right = {"Authorization": "Bearer right"}
        assert (await house.http.get("/metrics", headers=right)).status_code == 200

    run(story, script())


def test_a_broken_promise_is_shown_said_and_a_person_is_called_once_for_it(
    caplog: pytest.LogCaptureFixture,
):
    calls = []

    async def called(told):
        calls.append(told)
        return len(calls) > 1  # nobody answers the first time

    def forget(session):
        session.exec(Mailbox.__table__.update().values(due_at=None))
        session.exec(Message.__table__.update().values(state="waiting", stored_at=utc(0)))

    async def story(house: House) -> None:
        deployment = house.local.deployment
        assert deployment is not None
        deployment.call_person = called
        watch = Watch(deployment)
        await house.text("hi")
        await house.settled(turns=1)
        await watch.look()
        assert (await measured(house))["promise_broken{promise=nobody_forgotten}"] == 0
        await deployment.store.write(forget)
        for _ in range(3):
            await watch.look()
        assert (await measured(house))["promise_broken{promise=nobody_forgotten}"] == 1
        assert [told["promise"] for told in calls] == ["nobody_forgotten"] * 2

    run(story, script("hello"))
    assert "PROMISE BROKEN, 1 times of late: What was stored is answered" in caplog.text
