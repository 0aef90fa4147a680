"""What is refused before anything leaves, and that the refusal says how to write it."""

from __future__ import annotations

import httpx
import pytest

from phone.errors import BadRequest
from phone.types import SEND_STYLES, TAPBACKS, OutboundMessage
from tests.phone.talk import Service, body_of

GOOD = {"from_number": "+15551234567", "to_number": "+15559876543", "body": "hi"}
SENT = httpx.Response(200, json={"id": "cmb1"})


def wrong(**fields) -> str:
    with pytest.raises(BadRequest) as caught:
        OutboundMessage(**{**GOOD, **fields})
    return str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"to_number": "(415) 555-0123"},
        {"to_number": "+44 20 7946 0000"},
        {"to_number": "12345"},
        {"to_number": "kim@example.com"},
        {"to_number": "grp_0123456789abcdef01234567"},
        {"from_number": None, "number_id": "cmn1"},
        {"from_number": None, "agent_id": "cma1"},
        {"to_number": None, "recipients": ["+15559876543", "kim@example.com"]},
        {"to_number": None, "recipients": ["+15559876543"] * 32},
        {"body": "", "media_urls": ["https://example.com/cat.jpg"]},
        {"media_urls": ["https://example.com/cat.jpg"] * 20},
        {"reply_to_message_id": "cmm1", "send_style": "slam"},
        {"body": "🔥\n\u00a0é"},
    ],
)
def test_what_agentphone_takes_is_let_through(fields):
    given = {**GOOD, **fields}
    service = Service(SENT)
    service.use(lambda phone: phone.send(OutboundMessage(**given)))
    assert body_of(service.request) == {
        name: value for name, value in given.items() if value is not None
    }


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"from_number": None}, ["from_number, number_id or agent_id"]),
        ({"from_number": "5551234567"}, ["from_number is '5551234567'", "+14155550123"]),
        ({"from_number": ""}, ["from_number is ''", "+14155550123"]),
        ({"from_number": None, "number_id": " "}, ["number_id is ' '"]),
        ({"to_number": None}, ["to_number, or recipients"]),
        ({"to_number": "Kim"}, ["to_number is 'Kim'", "+14155550123", "e-mail", "grp_"]),
        ({"to_number": ""}, ["to_number is ''"]),
        ({"to_number": "grp_"}, ["to_number is 'grp_'"]),
        ({"to_number": 15559876543}, ["to_number is 15559876543"]),
        ({"recipients": ["+15559876543", "+15559876544"]}, ["both given"]),
        ({"to_number": None, "recipients": ["+15559876543"]}, ["1 people", "2 to 32"]),
        ({"to_number": None, "recipients": ["+15559876543"] * 33}, ["33 people", "2 to 32"]),
        ({"to_number": None, "recipients": ["+15559876543", "grp_x"]}, ["'grp_x'", "e-mail"]),
        ({"body": ""}, ["nothing to say", "body or media_urls"]),
        ({"body": " \n"}, ["nothing to say"]),
        ({"body": "half \ud83d"}, ["body", "position 5", "between characters"]),
        ({"body": None}, ["body is wrong", "string"]),
        ({"media_urls": ["http://example.com/a.jpg"]}, ["'http://example.com/a.jpg'", "https"]),
        ({"media_urls": ["cat.jpg"]}, ["'cat.jpg'", "https"]),
        ({"media_urls": ["https:///a.jpg"]}, ["https://example.com/a.jpg"]),
        ({"media_urls": ["https://exa mple.com/a"]}, ["https://example.com/a.jpg"]),
        ({"media_urls": ["https://[::1/a"]}, ["https://example.com/a.jpg"]),
        ({"media_urls": ["https://example.com/a.jpg"] * 21}, ["21 addresses", "at most 20"]),
        ({"send_style": "explode"}, ["send_style is 'explode'", *SEND_STYLES]),
        ({"reply_to_message_id": ""}, ["reply_to_message_id is ''"]),
        ({"text": "hi"}, ["no field text"]),
    ],
)
def test_what_agentphone_would_refuse_is_named_with_its_value_and_the_fix(fields, says):
    text = wrong(**fields)
    assert [part for part in says if part not in text] == []


def test_a_refusal_never_quotes_the_message():
    assert "card" not in wrong(body=["my card number"])
    assert "card" not in wrong(body="my card number \ud83d")
    assert "card" not in wrong(body="my card number", to_number="nobody")


def test_a_refusal_of_a_long_value_is_short():
    assert len(wrong(to_number="x" * 10_000)) < 300


def test_text_beside_several_media_is_let_through_because_mms_takes_it():
    OutboundMessage(**GOOD, media_urls=["https://example.com/1.jpg", "https://example.com/2.jpg"])


LOCAL = "http://localhost:8000/handset/media/1.jpg"


def test_a_picture_beside_the_twin_may_be_sent_to_the_twin():
    service = Service(SENT)
    message = OutboundMessage(**GOOD, media_urls=[LOCAL])
    service.use(lambda phone: phone.send(message), base_url="http://127.0.0.1:8000")
    assert body_of(service.request)["media_urls"] == [LOCAL]


def test_a_picture_on_this_machine_is_never_sent_to_agentphone_itself():
    message = OutboundMessage(**GOOD, media_urls=[LOCAL])
    assert "media_urls" in refuses(lambda phone: phone.send(message))
    assert "image_url" in refuses(lambda phone: phone.set_background("c", LOCAL))


def test_a_message_read_back_from_storage_is_checked_the_same_way():
    with pytest.raises(BadRequest, match="nothing to say"):
        OutboundMessage.model_validate_json('{"agent_id": "a", "to_number": "12345"}')


def refuses(act) -> str:
    """The refusal; nothing may have been asked."""
    service = Service(SENT)
    with pytest.raises(BadRequest) as caught:
        service.use(act)
    assert service.requests == []
    return str(caught.value)


@pytest.mark.parametrize("reaction", [*TAPBACKS, "🔥", "❤️", "👍🏽", "👨‍👩‍👧", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☺"])
def test_a_tapback_or_a_single_emoji_may_be_left(reaction: str):
    service = Service(SENT)
    service.use(lambda phone: phone.react("cmm1", reaction))
    assert body_of(service.request) == {"reaction": reaction}


@pytest.mark.parametrize(
    "reaction",
    ["", "Liked", "LOVE", "love ", "🔥🔥", "🔥!", "a", "1", "#", "é", "🇩", "\ud83d", " "],
)
def test_anything_else_is_refused_with_what_there_is(reaction: str):
    text = refuses(lambda phone: phone.react("cmm1", reaction))
    assert "love, like, dislike, laugh, emphasize, question" in text
    assert "single emoji" in text


@pytest.mark.parametrize(
    "url", ["http://example.com/sky.jpg", "", "sky.jpg", "https://", "file:///etc"]
)
def test_a_background_is_a_public_https_picture(url: str):
    text = refuses(lambda phone: phone.set_background("c", url))
    assert "image_url" in text
    assert "https" in text


@pytest.mark.parametrize("odd", ["", " ", ".", "..", "\ud800"])
@pytest.mark.parametrize(
    "act",
    [
        lambda odd, phone: phone.react(odd, "love"),
        lambda odd, phone: phone.typing(odd),
        lambda odd, phone: phone.conversation(odd),
        lambda odd, phone: phone.webhook(odd),
    ],
)
def test_an_id_that_is_none_never_becomes_part_of_an_address(act, odd: str):
    assert "give the id" in refuses(lambda phone: act(odd, phone))


def test_an_id_cannot_climb_out_of_its_address():
    service = Service(SENT)
    service.use(lambda phone: phone.typing("a/../../messages?x=1#y"))
    raw = service.request.url.raw_path.decode()
    assert raw == "/v1/conversations/a%2F..%2F..%2Fmessages%3Fx%3D1%23y/typing"
