"""What each failure is called, because that decides what happens next."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phone import errors
from phone.answers import Act, failure, read_problem, retry_after
from phone.types import OutboundMessage
from tests.phone.fixtures import fixture, names
from tests.phone.talk import KEY, Service

SECRET_TEXT = "my card number is 4111"
SEND = OutboundMessage(from_number="+15551234567", to_number="+15559876543", body=SECRET_TEXT)
REPLY = SEND.model_copy(update={"reply_to_message_id": "cmm1"})

MEANING = {
    "detail_only": (errors.NotFound, 404, None),
    "error_only": (errors.PaymentRequired, 402, "INSUFFICIENT_BALANCE"),
    "detail_and_error": (errors.Refused, 422, "VALIDATION_ERROR"),
    "detail_list": (errors.Refused, 422, None),
    "throttled": (errors.Throttled, 429, "RATE_LIMIT_EXCEEDED"),
    "cap_conversation_awaiting_reply": (errors.ConversationCap, 429, "CONVERSATION_AWAITING_REPLY"),
    "cap_conversation_streak_limit": (errors.ConversationCap, 429, "CONVERSATION_STREAK_LIMIT"),
    "cap_conversation_inactive": (errors.ConversationCap, 429, "CONVERSATION_INACTIVE"),
    "cap_outbound_limit_reached": (errors.ConversationCap, 429, "OUTBOUND_LIMIT_REACHED"),
    "cap_new_conversation_limit_reached": (
        errors.ConversationCap, 429, "NEW_CONVERSATION_LIMIT_REACHED",
    ),
    "not_registered": (errors.NotRegistered, 403, "FORBIDDEN"),
    "blocked_by_cdn": (errors.Refused, 403, None),
    "bad_gateway_page": (errors.Unreachable, 502, None),
    "carrier_error": (errors.Unreachable, 502, "CARRIER_ERROR"),
    "delivery_unconfirmed": (errors.Unreachable, 409, "DELIVERY_UNCONFIRMED"),
    "emoji_unsupported": (errors.Refused, 400, "VALIDATION_ERROR"),
}  # fmt: skip
GOES_THROUGH = {"sent_without_conversation", "sent_on_unknown_channel", "sent_on_null_channel"}


def answer(name: str) -> httpx.Response:
    written = fixture(f"answer_{name}")["answer"]
    content = written["text"] if "text" in written else json.dumps(written["json"])
    headers = written["headers"]
    return httpx.Response(written["status"], headers=headers, content=content.encode())


def error_of(response, act=lambda phone: phone.send(SEND)) -> errors.PhoneError:
    with pytest.raises(errors.PhoneError) as caught:
        Service(response).use(act)
    return caught.value


def refused(status: int, text: str = "no", code: str | None = None, **headers) -> httpx.Response:
    body = {"error": {"message": text, "code": code}}
    return httpx.Response(status, json=body, headers=headers)


def reacting(phone):
    return phone.react("cmm1", "🔥")


def test_every_answer_written_down_has_a_meaning():
    assert {f"answer_{name}" for name in MEANING.keys() | GOES_THROUGH} == set(names("answer"))


@pytest.mark.parametrize(("name", "meaning"), MEANING.items())
def test_each_answer_written_down_is_the_right_error(name: str, meaning):
    to_react = fixture(f"answer_{name}")["to"] == "react"
    error = error_of(answer(name), reacting) if to_react else error_of(answer(name))
    assert (type(error), error.status, error.code) == meaning


@pytest.mark.parametrize("name", sorted(GOES_THROUGH))
def test_an_odd_yes_is_a_yes(name: str):
    sent = Service(answer(name)).use(lambda phone: phone.send(SEND))
    assert sent.id == "cmb1"
    assert sent.media_urls == []
    assert sent.channel == fixture(f"answer_{name}")["answer"]["json"]["channel"]


@pytest.mark.parametrize(
    "odd",
    [{"status": None}, {"media_urls": "x"}, {"media_urls": [None]}, {"from_number": 5},
     {"reply_parent_unresolved": "perhaps"}, {"conversation_id": 7}],
)  # fmt: skip
def test_a_message_that_has_gone_out_is_not_called_lost_over_an_odd_field(odd):
    service = Service(httpx.Response(200, json={"id": "cmb1", "channel": "sms", **odd}))
    sent = service.use(lambda phone: phone.send(SEND))
    assert (sent.id, sent.channel) == ("cmb1", "sms")


# A send whose fate is unknown is never called refused


@pytest.mark.parametrize("status", [408, 409, 500, 502, 503, 504, 520, 599])
def test_an_answer_that_does_not_say_leaves_the_send_open(status: int):
    error = error_of(refused(status, code="CONVERSATION_INACTIVE"))
    assert type(error) is errors.Unreachable
    assert error.status == status


@pytest.mark.parametrize(
    "body",
    [b"", b'{"id":"cmb1","sta', b"<html>ok</html>", b"null", b"[]", b'"cmb1"', b"{}",
     b'{"id":null}', b"\xff"],
)  # fmt: skip
def test_a_yes_that_cannot_be_read_leaves_the_send_open(body: bytes):
    error = error_of(httpx.Response(200, content=body))
    assert type(error) is errors.Unreachable
    assert error.status == 200


@pytest.mark.parametrize(
    "failure",
    [httpx.ReadTimeout("x"), httpx.WriteTimeout("x"), httpx.ReadError("x"), httpx.WriteError("x"),
     httpx.CloseError("x"), httpx.RemoteProtocolError("disconnected"), httpx.DecodingError("x"),
     TimeoutError()],
)  # fmt: skip
def test_a_line_that_broke_after_the_first_byte_leaves_the_send_open(failure):
    error = error_of(failure)
    assert type(error) is errors.Unreachable
    assert error.status is None


@pytest.mark.parametrize(
    "failure",
    [httpx.ConnectError("[Errno -2] Name or service not known"), httpx.ConnectTimeout("x"),
     httpx.PoolTimeout("x"), httpx.ProxyError("x")],
)  # fmt: skip
def test_a_line_that_was_never_made_means_nothing_was_sent(failure):
    error = error_of(failure)
    assert type(error) is errors.NotSent
    assert "nothing was sent" in str(error)


# Refusals


@pytest.mark.parametrize(
    ("text", "code"),
    [("Reply target not found.", "NOT_FOUND"), ("Reply target not found.", None), ("gone", None),
     ("Not Found", "NOT_FOUND"), ("The number you reply to is unknown", "X")],
)  # fmt: skip
def test_a_404_to_a_reply_means_that_what_was_replied_to_is_gone(text, code):
    error = error_of(refused(404, text, code), lambda phone: phone.send(REPLY))
    assert type(error) is errors.ReplyTargetGone


@pytest.mark.parametrize(
    ("text", "code"),
    [("Phone number not found", None), ("no", "PHONE_NUMBER_NOT_FOUND"),
     ("Unknown agent", "NOT_FOUND")],
)  # fmt: skip
def test_a_404_about_something_else_is_not_blamed_on_the_reply(text, code):
    error = error_of(refused(404, text, code), lambda phone: phone.send(REPLY))
    assert type(error) is errors.NotFound


def test_without_a_reply_a_404_is_no_reply_target():
    assert type(error_of(refused(404, "Reply target not found."))) is errors.NotFound


@pytest.mark.parametrize(
    "text",
    ["Reactions are only supported for iMessage", "Not available on SMS", "sms conversation",
     "This conversation is not iMessage"],
)  # fmt: skip
@pytest.mark.parametrize(
    "act",
    [reacting, lambda phone: phone.typing("c"), lambda phone: phone.remove_background("c"),
     lambda phone: phone.set_background("c", "https://example.com/sky.jpg")],
)  # fmt: skip
def test_an_imessage_act_refused_for_sms_says_so(text, act):
    error = error_of(refused(400, text), act)
    assert type(error) is errors.NotOnIMessage
    assert "in a text" in str(error)


def test_an_emoji_the_line_is_too_old_for_is_not_mistaken_for_sms():
    text = "Custom emoji reactions are only available on newer iMessage lines"
    assert type(error_of(refused(400, text), reacting)) is errors.Refused


def test_a_send_refused_with_400_is_just_refused():
    assert type(error_of(refused(400, "not supported on SMS"))) is errors.Refused


@pytest.mark.parametrize("status", [400, 403, 422])
def test_an_empty_balance_is_an_empty_balance_under_any_status(status: int):
    assert type(error_of(refused(status, code="INSUFFICIENT_BALANCE"))) is errors.PaymentRequired


@pytest.mark.parametrize("code", ["RATE_LIMIT_EXCEEDED", "RATE_LIMITED", None, "TOO_MANY"])
def test_a_throttle_is_known_by_its_code_or_by_having_none(code):
    error = error_of(refused(429, code=code, **{"Retry-After": "3"}))
    assert (type(error), error.retry_after) == (errors.Throttled, 3.0)


@pytest.mark.parametrize("code", ["CONVERSATION_SOMETHING_NEW", "DAILY_LIMIT_REACHED"])
def test_a_cap_nobody_has_heard_of_is_not_waited_for(code):
    assert type(error_of(refused(429, code=code))) is errors.ConversationCap


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_says_where_the_address_is_set(status: int):
    service = Service(httpx.Response(status, headers={"Location": "https://evil.example/"}))
    with pytest.raises(errors.CallFailed, match="AGENTPHONE_BASE_URL") as caught:
        service.use(lambda phone: phone.send(SEND))
    assert type(caught.value) is errors.CallFailed
    assert len(service.requests) == 1


# How long to wait

NOW = 1_800_000_000.0


def http_date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        (http_date(90), 90.0),
        ("0", 0.0),
        ("-5", 0.0),
        (http_date(-90), 0.0),
        ("86400", 3600.0),
        ("1e999", 3600.0),
        (http_date(10**7), 3600.0),
        (None, None),
        ("", None),
        ("nan", None),
        ("soon", None),
        ("Mon, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_how_long_to_wait_is_read_in_seconds_with_a_bound(header, seconds):
    assert retry_after(header, NOW) == seconds


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_header_makes_the_wait_negative_or_endless(header: str):
    seconds = retry_after(header, NOW)
    assert seconds is None or 0 <= seconds <= 3600


# What errors say


def test_the_words_are_agentphones_with_the_status_the_code_and_what_to_do():
    error = error_of(answer("error_only"))
    assert str(error) == (
        "AgentPhone answered the send with 402 INSUFFICIENT_BALANCE: Insufficient balance. Add"
        " funds to continue; add funds to the AgentPhone account"
    )


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "A"}, "detail": "B", "message": "C"}, "A"),
        ({"error": {"message": ""}, "detail": "B", "message": "C"}, "B"),
        ({"detail": [{"msg": "one"}, {"loc": []}, 5, {"msg": "two"}], "message": "C"}, "one; two"),
        ({"detail": [], "message": "C"}, "C"),
        ({"error": "A"}, "A"),
        ({"error": {"message": {"a": 1}}}, '{"error": {"message": {"a": 1}}}'),
        (["no"], '["no"]'),
    ],
)  # fmt: skip
def test_the_words_are_found_in_whichever_shape_they_come(body, text):
    assert read_problem(json.dumps(body).encode()).text == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "no explanation"),
        (b"error code: 1010", "error code: 1010"),
        (b"<!DOCTYPE html><title>502\n Bad Gateway</title>", 'a web page titled "502 Bad Gateway"'),
        (b"<html><body>x</body></html>", "a web page"),
        (b"\xff\xfe", "\ufffd\ufffd"),
        (b'{"error": {"message": "trunc', '{"error": {"message": "trunc'),
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_is_told_in_short(body: bytes, text: str):
    assert read_problem(body).text == text


@settings(deadline=None)
@given(st.binary(max_size=400) | st.integers(300, 5000).map(lambda size: b"x" * size))
def test_whatever_the_body_the_words_are_there_and_short(body: bytes):
    assert 0 < len(read_problem(body).text) <= 300


@settings(deadline=None)
@given(st.integers(300, 599), st.binary(max_size=80), st.booleans(), st.booleans())
def test_every_answer_is_some_error(status, body, replying, imessage_only):
    act = Act("the send", replying=replying, imessage_only=imessage_only)
    error = failure(status, {}, body, act=act, now=NOW)
    assert error.status == status
    assert isinstance(error, errors.Unreachable) == (status >= 500 or status in {408, 409})


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 502])
def test_an_answer_that_quotes_the_key_or_the_message_back_does_not_reach_the_error(status):
    quoting = {"detail": f"you said {SECRET_TEXT} with {KEY}"}
    error = error_of(httpx.Response(status, json=quoting))
    assert KEY not in str(error)
    assert SECRET_TEXT not in str(error)
    assert "you said [hidden] with [hidden]" in str(error)


@pytest.mark.parametrize("failing", [httpx.ConnectError, httpx.ReadError])
def test_a_broken_line_that_quotes_the_key_does_not_either(failing):
    assert KEY not in str(error_of(failing(f"header {KEY}")))
