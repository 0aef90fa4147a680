"""PUT /handset/faults: API calls that fail in every way a client must survive."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from phone.emulator.app import create_app
from phone.emulator.twin import Twin
from tests.emulator.serving import served
from tests.emulator.stage import ANA, IMESSAGE, Stage, staged

SENDING = {"from_number": IMESSAGE, "to_number": ANA, "body": "Hello"}


async def fault(stage: Stage, **fault: object) -> None:
    fault = {"method": "POST", "path": "/v1/messages"} | fault
    await stage.call("PUT", "/handset/faults", [fault])


@staged()
async def test_a_fault_answers_the_usual_envelope_with_its_code_as_often_as_asked(stage: Stage):
    await fault(stage, times=2, status=402, code="INSUFFICIENT_BALANCE")
    for _ in range(2):
        refused = await stage.refused("POST", "/v1/messages", SENDING)
        assert refused[:2] == (402, "INSUFFICIENT_BALANCE")
    assert stage.twin.line.messages == {}
    await stage.send()


@staged()
async def test_a_throttle_says_when_to_come_back(stage: Stage):
    await fault(stage, status=429, code="RATE_LIMIT_EXCEEDED", headers={"Retry-After": "7"})
    answer = await stage.try_call("POST", "/v1/messages", SENDING)
    assert answer.headers["retry-after"] == "7"
    await fault(stage, code="RATE_LIMIT_EXCEEDED")
    answer = await stage.try_call("POST", "/v1/messages", SENDING)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.json()["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("code", ["CONVERSATION_STREAK_LIMIT", "CONVERSATION_INACTIVE"])
@staged()
async def test_a_cap_is_a_429_without_a_time(stage: Stage, code: str):
    await fault(stage, code=code)
    answer = await stage.try_call("POST", "/v1/messages", SENDING)
    assert answer.status_code == 429 and "retry-after" not in answer.headers


@staged()
async def test_a_fault_after_the_effect_does_the_work_and_hides_it(stage: Stage):
    await fault(stage, status=500, after_effect=True)
    assert (await stage.refused("POST", "/v1/messages", SENDING))[0] == 500
    (message,) = stage.twin.line.messages.values()
    assert message.body == "Hello"


@pytest.mark.parametrize(("after_effect", "stored"), [(True, 1), (False, 0)])
@staged()
async def test_a_dropped_call_has_no_answer(stage: Stage, after_effect: bool, stored: int):
    await fault(stage, drop=True, after_effect=after_effect)
    with pytest.raises(httpx.RemoteProtocolError):
        await stage.try_call("POST", "/v1/messages", SENDING)
    assert len(stage.twin.line.messages) == stored
    (told,) = await stage.events("api_call")
    assert (told["status"], told["body"]) == (None, SENDING)


@staged()
async def test_a_delay_alone_waits_and_then_succeeds(stage: Stage):
    await fault(stage, delay=30)
    call = asyncio.ensure_future(stage.send())
    await stage.settle()
    await stage.advance(29)
    assert not call.done() and stage.twin.line.messages == {}
    await stage.advance(1)
    assert (await call)["status"] == "sent"


@staged()
async def test_a_delay_with_a_status_waits_and_then_fails(stage: Stage):
    await fault(stage, delay=30, status=504)
    call = asyncio.ensure_future(stage.try_call("POST", "/v1/messages", SENDING))
    await stage.settle()
    await stage.advance(30)
    assert (await call).status_code == 504


@pytest.mark.parametrize(
    ("body", "text", "kind"),
    [
        ("<html>Bad gateway</html>", "<html>Bad gateway</html>", "text/html"),
        ('{"id": "cm', '{"id": "cm', "application/json"),
        ({"id": "x", "channel": "pigeon"}, '{"id": "x", "channel": "pigeon"}', "application/json"),
    ],
)
@staged()
async def test_an_answer_may_be_anything(stage: Stage, body: object, text: str, kind: str):
    await fault(stage, status=200, body=body)
    answer = await stage.try_call("POST", "/v1/messages", SENDING)
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (200, text, kind)


@staged()
async def test_a_star_in_the_path_stands_for_any_text(stage: Stage):
    written = await stage.text()
    path = f"/v1/conversations/{written['conversation_id']}"
    await fault(stage, path="/v1/conversations/*/typing", status=503)
    await stage.call("PATCH", path, {"metadata": {}})
    assert (await stage.refused("POST", f"{path}/typing"))[0] == 503
    await fault(stage, path="/v1/conversations*", method="get", status=503, times=2)
    assert (await stage.refused("GET", path))[0] == 503
    assert (await stage.refused("GET", "/v1/conversations?limit=1"))[0] == 503


@staged()
async def test_faults_are_met_in_their_order_and_replaced_as_a_whole(stage: Stage):
    await stage.call("PUT", "/handset/faults", [{"status": 500}, {"status": 503}, {"status": 504}])
    assert (await stage.refused("POST", "/v1/messages", SENDING))[0] == 500
    assert (await stage.refused("POST", "/v1/messages", SENDING))[0] == 503
    await stage.call("PUT", "/handset/faults", [])
    await stage.send()


@staged()
async def test_a_message_may_be_sent_and_yet_not_arrive(stage: Stage):
    await fault(stage, undelivered="The carrier lost it.")
    sent = await stage.send()
    await stage.advance(1)
    (bubble,) = (await stage.screen(sent["conversation_id"]))["messages"]
    assert (bubble["status"], bubble["failure_reason"]) == ("failed", "The carrier lost it.")


@staged()
async def test_the_handset_never_meets_a_fault(stage: Stage):
    await stage.call("PUT", "/handset/faults", [{"status": 500, "times": 100}])
    await stage.text()
    assert (await stage.call("GET", "/handset/line"))["numbers"]


@staged()
async def test_faulted_calls_are_told_with_the_status_given(stage: Stage):
    await fault(stage, status=418, body={"odd": True})
    await stage.try_call("POST", "/v1/messages?x=1", SENDING)
    await stage.send()
    told = await stage.events("api_call")
    assert [(one["method"], one["path"], one["status"]) for one in told] == [
        ("POST", "/v1/messages", 418),
        ("POST", "/v1/messages", 200),
    ]
    assert told[0]["body"] == SENDING


@pytest.mark.parametrize(
    "slip",
    [
        {"status": 99},
        {"times": 0},
        {"delay": -1},
        {"statuss": 500},
        {"headers": {"X": "é"}},
        {"headers": {"X Y": "z"}},
    ],
)
@staged()
async def test_a_slip_in_a_fault_is_named(stage: Stage, slip: dict):
    status, _, text = await stage.refused("PUT", "/handset/faults", [slip])
    assert status == 422 and next(iter(slip)) in text


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_a_real_server_cuts_the_connection_too(http: str):
    twin = Twin(webhook_url=None)
    with served(create_app(twin), http=http) as address, httpx.Client(base_url=address) as client:
        fault = {"path": "/v1/messages", "drop": True, "after_effect": True}
        assert client.put("/handset/faults", json=[fault]).status_code == 200
        client.headers["Authorization"] = "Bearer sk_twin"
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            client.post("/v1/messages", json=SENDING)
        events = client.get("/handset/events").json()["events"]
        assert [one["status"] for one in events if one["type"] == "api_call"] == [None]
        assert len(twin.line.messages) == 1
        assert client.post("/v1/messages", json=SENDING).status_code == 200
