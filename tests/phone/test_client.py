"""The client against the exchanges written down: what it asks, and what it makes of the answers."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import httpx
import pytest

from phone import errors
from phone.answers import Act
from phone.api import Api
from phone.client import UNSET, AgentPhoneClient
from phone.types import OutboundMessage
from tests.phone.fixtures import PLACEHOLDERS, fixture, names
from tests.phone.talk import KEY, HurriedClock, Service, body_of, everything

LINE, PERSON, MESSAGE, CONVERSATION, AGENT, GROUP = (
    PLACEHOLDERS[name]
    for name in ("line", "person", "message_id", "conversation_id", "agent_id", "group_id")
)
UNKNOWN = "cmunknown00000000000000000"
PHOTOS = ["https://example.com/1.jpg", "https://example.com/2.jpg"]
OURS = {"threedots": {"v": 1, "rev": 7}}
HOOK = "https://example.com/hooks"


def text(body="On my way", **fields):
    fields.setdefault("from_number", LINE)
    if "recipients" not in fields:
        fields.setdefault("to_number", PERSON)
    return OutboundMessage(body=body, **fields)


def sending(*args, **fields):
    return lambda phone: phone.send(text(*args, **fields))


def without_from(**sender):
    return lambda phone: phone.send(text(from_number=None, **sender))


CALLS = {
    "send_text": sending(),
    "send_by_number_id": without_from(number_id=PLACEHOLDERS["number_id"]),
    "send_by_agent_id": without_from(agent_id=AGENT),
    "send_threaded_with_effect": sending("Yes!", reply_to_message_id=MESSAGE, send_style="slam"),
    "send_photo": sending("Look", media_urls=["https://example.com/cat.jpg"]),
    "send_carousel": sending("", media_urls=PHOTOS),
    "send_carousel_with_text": sending("Look", media_urls=PHOTOS),
    "send_sms_drops_the_effect": sending("Yes!", reply_to_message_id=MESSAGE, send_style="slam"),
    "send_mms": sending("Look", media_urls=PHOTOS),
    "send_to_group": sending("Hello all", to_number=GROUP),
    "send_start_group": sending("Hello both", recipients=[PERSON, PLACEHOLDERS["other_person"]]),
    "send_reply_target_unknown": sending("Yes!", reply_to_message_id=UNKNOWN),
    "react_tapback": lambda phone: phone.react(MESSAGE, "love"),
    "react_emoji": lambda phone: phone.react(MESSAGE, "🔥"),
    "react_on_sms": lambda phone: phone.react(MESSAGE, "love"),
    "react_unknown_message": lambda phone: phone.react(UNKNOWN, "love"),
    "typing": lambda phone: phone.typing(CONVERSATION),
    "typing_on_sms": lambda phone: phone.typing(CONVERSATION),
    "background_set": lambda phone: phone.set_background(
        CONVERSATION, "https://example.com/sky.jpg"
    ),
    "background_remove": lambda phone: phone.remove_background(CONVERSATION),
    "conversations": lambda phone: everything(phone.conversations()),
    "conversations_of_agent": lambda phone: everything(phone.conversations(agent_id=AGENT)),
    "conversation": lambda phone: phone.conversation(CONVERSATION),
    "conversation_of_group": lambda phone: phone.conversation(CONVERSATION),
    "conversation_unknown": lambda phone: phone.conversation(UNKNOWN),
    "conversation_metadata_replaced": lambda phone: phone.update_conversation(
        CONVERSATION, metadata={"crm_id": "c_9", **OURS}
    ),
    "conversation_metadata_cleared": lambda phone: phone.update_conversation(
        CONVERSATION, metadata=None
    ),
    "conversation_group_renamed": lambda phone: phone.update_conversation(
        CONVERSATION, group_name="Trip"
    ),
    "messages": lambda phone: everything(phone.messages(CONVERSATION)),
    "numbers": lambda phone: phone.numbers(),
    "agents": lambda phone: phone.agents(),
    "capabilities": lambda phone: phone.capabilities(PERSON),
    "webhook_none": lambda phone: phone.webhook(),
    "webhook_get": lambda phone: phone.webhook(),
    "webhook_set": lambda phone: phone.set_webhook(HOOK, context_limit=0, timeout=20),
    "webhook_delete": lambda phone: phone.delete_webhook(),
    "webhook_test": lambda phone: phone.test_webhook(message="Hello", channel="sms"),
    "webhook_deliveries": lambda phone: phone.webhook_deliveries(),
    "agent_webhook_none": lambda phone: phone.webhook(AGENT),
    "agent_webhook_get": lambda phone: phone.webhook(AGENT),
    "agent_webhook_set": lambda phone: phone.set_webhook(
        HOOK, agent_id=AGENT, context_limit=0, timeout=20
    ),
    "agent_webhook_delete": lambda phone: phone.delete_webhook(AGENT),
    "agent_webhook_test": lambda phone: phone.test_webhook(
        agent_id=AGENT, message="Hello", channel="sms"
    ),
    "agent_webhook_deliveries": lambda phone: phone.webhook_deliveries(agent_id=AGENT),
    "wrong_key": lambda phone: phone.numbers(),
}
"""How each exchange is asked for here."""

NOT_OURS = {
    "send_without_destination": "refused before it leaves",
    "send_unknown_style": "refused before it leaves",
    "webhook_set_on_bad_url": "refused before it leaves",
    "webhook_test_of_agent": "the agent's own webhook is tested instead",
}
"""Exchanges this client never has, and why."""

REFUSALS = {
    "send_carousel_with_text": errors.Refused,
    "send_reply_target_unknown": errors.ReplyTargetGone,
    "react_on_sms": errors.NotOnIMessage,
    "react_unknown_message": errors.NotFound,
    "typing_on_sms": errors.NotOnIMessage,
    "conversation_unknown": errors.NotFound,
    "wrong_key": errors.Unauthorized,
}

SILENT = {
    "typing",
    "background_remove",
    "webhook_none",
    "agent_webhook_none",
    "webhook_delete",
    "agent_webhook_delete",
}
"""Calls whose answer says nothing beyond yes, or that there is nothing."""


def response(answer):
    """A written answer as httpx has it."""
    if "text" in answer:
        content = answer["text"].encode()
    else:
        content = json.dumps(answer["json"]).encode() if "json" in answer else b""
    return httpx.Response(answer["status"], headers=answer.get("headers"), content=content)


def answered(*answers):
    """A service that answers `(status, json)` pairs."""
    return Service(*(httpx.Response(status, json=value) for status, value in answers))


def test_every_call_written_down_is_made_here_or_excused():
    assert {f"call_{name}" for name in CALLS | NOT_OURS} == set(names("call"))


@pytest.mark.parametrize("name", CALLS)
def test_each_request_is_the_one_written_down(name: str):
    exchange = fixture(f"call_{name}")
    service = Service(response(exchange["answer"]))
    try:
        service.use(CALLS[name])
    except errors.Refused:
        assert name in REFUSALS
    asked, request = exchange["request"], service.request
    assert (request.method, request.url.path) == (asked["method"], asked["path"])
    assert dict(request.url.params) == asked.get("query", {})
    assert body_of(request) == asked.get("json")


@pytest.mark.parametrize("name", [name for name in CALLS if name not in REFUSALS])
def test_each_answer_written_down_is_read_to_the_last_field(name: str):
    answer = fixture(f"call_{name}")["answer"]
    result = Service(response(answer)).use(CALLS[name])
    if result is None:
        assert name in SILENT
        return
    said = answer["json"]
    rows = said.get("data") or said.get("items") or [said] if isinstance(said, dict) else said
    results = result if isinstance(result, list) else [result]
    for one, row in zip(results, rows, strict=True):
        known = {info.alias or field: field for field, info in type(one).model_fields.items()}
        for key, value in row.items():
            assert key in known or one.model_extra[key] == value
            assert value is None or key not in known or known[key] in one.model_fields_set


@pytest.mark.parametrize(("name", "kind"), REFUSALS.items())
def test_each_refusal_written_down_is_the_right_error(name: str, kind):
    answer = fixture(f"call_{name}")["answer"]
    with pytest.raises(errors.PhoneError) as caught:
        Service(response(answer)).use(CALLS[name])
    assert type(caught.value) is kind
    assert caught.value.status == answer["status"]
    assert caught.value.code == answer["json"]["error"]["code"]


def test_what_came_back_from_a_send_is_what_really_happened():
    answer = fixture("call_send_sms_drops_the_effect")["answer"]
    sent = Service(response(answer)).use(CALLS["send_sms_drops_the_effect"])
    assert (sent.channel, sent.reply_parent_unresolved) == ("sms", True)
    assert sent.conversation_id == CONVERSATION


def test_a_new_groups_id_is_in_the_answer():
    answer = fixture("call_send_start_group")["answer"]
    sent = Service(response(answer)).use(CALLS["send_start_group"])
    assert sent.to_number.startswith("grp_")


def test_a_conversation_has_its_messages_oldest_first_and_its_capabilities():
    detail = fixture("call_conversation")["answer"]["json"]
    late = detail["messages"][0] | {"id": "z", "receivedAt": "2026-01-02T00:00:00Z"}
    conversation = answered((200, detail | {"messages": [late, *detail["messages"]]})).use(
        lambda phone: phone.conversation(CONVERSATION)
    )
    assert [message.id for message in conversation.messages] == [MESSAGE, "z"]
    assert conversation.capabilities.emoji_reactions is True
    assert conversation.last_message_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_webhooks_secret_does_not_show_when_it_is_printed():
    answer = fixture("call_webhook_get")["answer"]
    webhook = Service(response(answer)).use(CALLS["webhook_get"])
    assert webhook.secret.get_secret_value() == "whsec_0123456789abcdef"
    assert "whsec_0123" not in repr(webhook)


def test_only_the_highest_ranking_sender_is_named():
    def senders(**given):
        service = Service(response(fixture("call_send_text")["answer"]))
        service.use(lambda phone: phone.send(text(**{"from_number": None, **given})))
        sent = body_of(service.request)
        return {field for field in ("from_number", "number_id", "agent_id") if field in sent}

    assert senders(from_number=LINE, number_id="n", agent_id="a") == {"from_number"}
    assert senders(number_id="n", agent_id="a") == {"number_id"}
    assert senders(agent_id="a") == {"agent_id"}


def test_every_request_carries_the_key_and_says_who_asks():
    service = Service(response(fixture("call_numbers")["answer"]))
    service.use(lambda phone: phone.numbers(), sub_account_id="sub_1")
    headers = service.request.headers
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert headers["X-Sub-Account-Id"] == "sub_1"
    assert headers["User-Agent"].startswith("threedots/")


def test_without_a_sub_account_its_header_is_not_there():
    service = Service(response(fixture("call_numbers")["answer"]))
    service.use(lambda phone: phone.numbers())
    assert "X-Sub-Account-Id" not in service.request.headers


def test_a_base_url_may_have_a_path_of_its_own():
    service = Service(response(fixture("call_numbers")["answer"]))
    service.use(lambda phone: phone.numbers(), base_url="https://proxy.example/agentphone")
    assert str(service.request.url).startswith("https://proxy.example/agentphone/v1/numbers?")


@pytest.mark.parametrize("key", ["", " ", "sk live", "sk_real\n", "sk_é"])
def test_a_key_that_cannot_be_one_is_refused_without_showing_it(key: str):
    with pytest.raises(ValueError, match="AGENTPHONE_API_KEY") as caught:
        AgentPhoneClient(key)
    assert not key.strip() or key.strip() not in str(caught.value)


@pytest.mark.parametrize("base_url", ["", "api.agentphone.ai", "ftp://x", "https://"])
def test_a_base_url_that_is_none_is_refused_with_the_right_one(base_url: str):
    with pytest.raises(ValueError, match=r"https://api\.agentphone\.ai"):
        AgentPhoneClient(KEY, base_url=base_url)


def test_a_twin_on_this_machine_is_reached_past_the_proxy_of_the_environment(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnull")
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            async with AgentPhoneClient(KEY, base_url=f"http://127.0.0.1:{port}") as phone:
                assert await phone.webhook() is None

    asyncio.run(main())


def test_where_nobody_listens_nothing_was_sent():
    async def main() -> None:
        async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
        async with AgentPhoneClient(KEY, base_url=f"http://127.0.0.1:{port}") as phone:
            await phone.send(text())

    with pytest.raises(errors.NotSent, match="nothing was sent"):
        asyncio.run(main())


# What may take how long


@pytest.mark.parametrize(
    ("name", "seconds"),
    [
        ("send_text", 30.0),
        ("react_tapback", 2.0),
        ("typing", 2.0),
        ("background_set", 2.0),
        ("background_remove", 2.0),
        ("conversation", 15.0),
        ("conversation_metadata_cleared", 10.0),
    ],
)
def test_every_call_has_its_time_limit_and_five_seconds_to_connect(name: str, seconds: float):
    service = Service(response(fixture(f"call_{name}")["answer"]))
    service.use(CALLS[name])
    limits = service.request.extensions["timeout"]
    assert limits["read"] == limits["write"] == seconds
    assert limits["connect"] == limits["pool"] == min(5.0, seconds)


def test_a_call_without_an_answer_is_given_up_in_time():
    async def never(request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody wakes it")

    async def main() -> None:
        transport = httpx.MockTransport(never)
        async with Api(KEY, base_url="https://api.agentphone.ai", transport=transport) as api:
            await api.do("POST", "/v1/messages", Act("the send"), within=0.01)

    with pytest.raises(errors.Unreachable, match="TimeoutError"):
        asyncio.run(main())


# Updating


def test_an_update_sends_only_what_was_given():
    service = Service(response(fixture("call_conversation_metadata_cleared")["answer"]))
    service.use(
        lambda phone: phone.update_conversation(CONVERSATION, metadata=None, group_name="Trip")
    )
    assert body_of(service.request) == {"metadata": None, "group_name": "Trip"}


def test_an_update_of_nothing_is_a_mistake():
    service = answered((200, {}))
    with pytest.raises(errors.BadRequest, match="metadata or group_name"):
        service.use(lambda phone: phone.update_conversation(CONVERSATION, metadata=UNSET))
    assert service.requests == []


@pytest.mark.parametrize("odd", [{"a": float("nan")}, {"a": "\ud800"}, {"a": {1, 2}}])
def test_metadata_that_is_no_json_never_leaves(odd):
    service = answered((200, {}))
    with pytest.raises(errors.BadRequest, match="JSON"):
        service.use(lambda phone: phone.update_conversation(CONVERSATION, metadata=odd))
    assert service.requests == []


def test_an_update_is_made_once_whatever_happens():
    service = answered((503, {"detail": "down"}))
    with pytest.raises(errors.Unreachable):
        service.use(lambda phone: phone.update_conversation(CONVERSATION, metadata=OURS))
    assert len(service.requests) == 1


# Webhooks


def test_a_twin_on_this_machine_may_be_told_a_local_webhook():
    service = Service(response(fixture("call_webhook_set")["answer"]))
    local = "http://127.0.0.1:8080/webhooks/agentphone"
    service.use(lambda phone: phone.set_webhook(local), base_url="http://127.0.0.1:8000")
    assert body_of(service.request) == {"url": local}


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "ftp://example.com/", "example.com", ""])
def test_agentphone_itself_is_only_told_https_webhooks(url: str):
    service = answered((200, {}))
    with pytest.raises(errors.BadRequest, match="https"):
        service.use(lambda phone: phone.set_webhook(url))
    assert service.requests == []


@pytest.mark.parametrize(
    "wrong", [{"context_limit": 51}, {"context_limit": -1}, {"timeout": 4}, {"timeout": 121}]
)
def test_webhook_limits_are_checked_before_the_secret_changes(wrong):
    service = answered((200, {}))
    with pytest.raises(errors.BadRequest, match=f"{next(iter(wrong))} is"):
        service.use(lambda phone: phone.set_webhook(HOOK, **wrong))
    assert service.requests == []


def test_setting_a_webhook_is_never_repeated():
    service = answered((502, {}))
    with pytest.raises(errors.Unreachable):
        service.use(lambda phone: phone.set_webhook(HOOK))
    assert len(service.requests) == 1


def test_an_agents_deliveries_are_those_of_the_last_hours_too():
    (row,) = fixture("call_agent_webhook_deliveries")["answer"]["json"]
    earlier = row | {"id": "old", "createdAt": "2025-12-31T23:15:00Z"}
    service = answered((200, [row | {"id": "new"}, earlier]))
    found = service.use(lambda phone: phone.webhook_deliveries(agent_id=AGENT, hours=1))
    assert [delivery.id for delivery in found] == ["new"]


@pytest.mark.parametrize("hours", [0, 169])
def test_deliveries_go_back_a_week_at_most(hours: int):
    with pytest.raises(errors.BadRequest, match="1 to 168"):
        answered((200, [])).use(lambda phone: phone.webhook_deliveries(hours=hours))


@pytest.mark.parametrize("limit", [0, 101])
def test_a_conversation_shows_a_hundred_messages_at_most(limit: int):
    with pytest.raises(errors.BadRequest, match="1 to 100"):
        answered((200, {})).use(lambda phone: phone.conversation(CONVERSATION, message_limit=limit))


# Trying again


def test_a_read_is_tried_again_until_it_works():
    works = response(fixture("call_conversation")["answer"])
    service = Service(httpx.ConnectError("refused"), httpx.Response(503), works)
    assert service.use(lambda phone: phone.conversation(CONVERSATION)).id == CONVERSATION
    assert service.clock.pauses == [0.5, 1.0]


def test_a_read_waits_as_long_as_it_is_told_within_reason():
    works = response(fixture("call_conversation")["answer"])

    def slow(seconds):
        return httpx.Response(429, headers={"Retry-After": seconds})

    service = Service(slow("7"), slow("86400"), works)
    service.use(lambda phone: phone.conversation(CONVERSATION))
    assert service.clock.pauses == [7.0, 30.0]


@pytest.mark.parametrize("failing", [httpx.ReadTimeout("slow"), httpx.Response(502)])
def test_a_read_gives_up_after_three_tries(failing):
    service = Service(failing)
    with pytest.raises(errors.Unreachable):
        service.use(lambda phone: phone.conversation(CONVERSATION))
    assert len(service.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 302])
def test_a_read_that_was_refused_is_not_repeated(status: int):
    service = Service(httpx.Response(status, headers={"Location": "https://elsewhere.example/"}))
    with pytest.raises(errors.CallFailed):
        service.use(lambda phone: phone.conversation(CONVERSATION))
    assert len(service.requests) == 1


FAILURES = [
    httpx.ConnectError("refused"),
    httpx.ReadTimeout("slow"),
    httpx.Response(429, headers={"Retry-After": "1"}),
    httpx.Response(500),
    httpx.Response(503),
    httpx.Response(408),
    httpx.Response(307, headers={"Location": "https://elsewhere.example/"}),
    httpx.Response(404),
]


@pytest.mark.parametrize("failure", FAILURES, ids=str)
@pytest.mark.parametrize(
    "name", ["send_text", "react_tapback", "typing", "background_set", "background_remove"]
)
def test_nothing_that_people_notice_is_ever_done_twice(name: str, failure):
    service = Service(failure)
    with pytest.raises(errors.CallFailed):
        service.use(CALLS[name])
    assert len(service.requests) == 1
    assert service.clock.pauses == []


def test_the_clock_given_is_the_only_one_waited_on():
    clock = HurriedClock()
    service = Service(httpx.Response(503))
    with pytest.raises(errors.Unreachable):
        service.use(lambda phone: phone.numbers(), clock=clock)
    assert len(clock.pauses) == 2
