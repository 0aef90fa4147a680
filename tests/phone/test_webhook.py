"""What we believe of a webhook, and what we read in it."""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from copy import deepcopy
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phone.errors import BadPayload, BadSignature
from phone.types import Ignored, InboundMessage, InboundReaction
from phone.webhook import check_secrets, dedupe_keys, parse, sign, verify
from tests.phone.fixtures import fixture, names

NOW = 1_800_000_000.0
SECRET = "whsec_0123456789"
BODY = b'{"event":"agent.message"}'
STAMP = "1800000000"


def check(body=BODY, *, signature="", timestamp=STAMP, secrets=(SECRET,), now=NOW):
    """Verify the body, rightly signed unless told otherwise."""
    if signature == "":
        signature = sign(BODY, secret=SECRET, timestamp=int(STAMP))
    verify(body, signature=signature, timestamp=timestamp, secrets=secrets, now=now)


def refusal(**wrong) -> BadSignature:
    with pytest.raises(BadSignature) as caught:
        check(**wrong)
    return caught.value


def read(body, *, webhook_id="del_1"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(raw, webhook_id=webhook_id, now=NOW)


def message(**data):
    """A 2026 text message with some of its data changed; None takes a field away."""
    body = deepcopy(fixture("webhook_message_2026")["body"])
    body["data"] |= data
    body["data"] = {name: value for name, value in body["data"].items() if value is not None}
    return body


# The signature


def test_the_documented_signature_is_what_we_compute():
    vector = fixture("signature_vector")
    body = vector["body_text"].encode()
    signed = sign(body, secret=vector["secret"], timestamp=int(vector["timestamp"]))
    assert signed == vector["signature"]


def test_what_agentphone_signed_just_now_is_believed():
    check()


def test_the_former_secret_still_counts_while_it_is_listed():
    check(secrets=("whsec_the_new_one", SECRET))


@pytest.mark.parametrize("now", [NOW - 300, NOW + 300])
def test_five_minutes_either_way_are_tolerated(now: float):
    check(now=now)


@pytest.mark.parametrize("now", [NOW - 301, NOW + 301, float("nan"), float("inf")])
def test_a_right_signature_from_another_time_says_that_a_clock_is_wrong(now: float):
    assert refusal(now=now).why == "timestamp_out_of_tolerance"


@pytest.mark.parametrize("missing", [{"signature": None}, {"timestamp": None}, {"timestamp": ""}])
def test_a_webhook_without_its_headers_is_not_signed(missing):
    assert refusal(**missing).why == "not_signed"


def test_one_changed_byte_is_a_wrong_signature():
    assert refusal(body=BODY.replace(b"agent", b"Agent")).why == "wrong_signature"


def test_a_wrong_signature_is_called_that_even_when_it_is_old_too():
    assert refusal(body=b"{}", now=NOW + 9999).why == "wrong_signature"


GOOD = sign(BODY, secret=SECRET, timestamp=int(STAMP))


@pytest.mark.parametrize(
    "signature",
    [
        GOOD.upper(),
        "sha256=" + GOOD[7:].upper(),
        GOOD[7:],
        f"{GOOD}, {GOOD}",
        f"{GOOD}\n",
        f" {GOOD}",
        GOOD[:-1],
        "sha1=" + GOOD[7:],
        "sha256=" + "é" * 64,
        "\udc80" * 71,
        GOOD + "\udc80",
        "sha256=" + "٣" * 64,
    ],
)
def test_a_signature_written_any_other_way_is_refused(signature: str):
    assert refusal(signature=signature).why == "wrong_signature"


@pytest.mark.parametrize(
    "timestamp",
    [
        " 1800000000",
        "+1800000000",
        "1_800_000_000",
        "\uff11\uff18" + "\uff10" * 8,
        "1800000000.0",
        "18",
        "9" * 5000,
        f"{STAMP}, {STAMP}",
        "1800000000\n",
    ],
)
def test_a_timestamp_written_any_other_way_is_refused_even_when_signed(timestamp: str):
    text = timestamp.encode() + b"." + BODY
    signature = "sha256=" + hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert refusal(signature=signature, timestamp=timestamp).why == "wrong_signature"


@pytest.mark.parametrize("secrets", [[], [""], ["short"]])
def test_nobody_can_sign_with_an_empty_secret(secrets):
    for secret in ["", *secrets]:
        forged = sign(BODY, secret=secret, timestamp=int(STAMP))
        assert refusal(signature=forged, secrets=secrets).why == "wrong_signature"


def test_no_refusal_shows_the_secret_or_what_the_signature_should_have_been():
    for error in (refusal(body=b"{}"), refusal(now=0.0), refusal(signature=None)):
        assert SECRET not in str(error)
        assert GOOD[7:] not in str(error)


@settings(deadline=None)
@given(
    body=st.binary(max_size=40),
    signature=st.none() | st.text(max_size=80) | st.just(GOOD),
    timestamp=st.none() | st.text(max_size=12) | st.just(STAMP),
    secrets=st.lists(st.text(max_size=20), max_size=3),
    now=st.floats(),
)
def test_whatever_arrives_verify_believes_it_or_says_bad_signature(
    body, signature, timestamp, secrets, now
):
    try:
        verify(body, signature=signature, timestamp=timestamp, secrets=secrets, now=now)
    except BadSignature as error:
        assert error.why in {"not_signed", "wrong_signature", "timestamp_out_of_tolerance"}
    else:
        assert signature in [sign(body, secret=s, timestamp=int(timestamp)) for s in secrets]


def test_a_short_test_secret_is_enough_to_start():
    check_secrets(["whsec_test", "whsec_the_former_one"])


@pytest.mark.parametrize(
    "secrets",
    [[], [""], ["whsec_test", ""], ["whsec_1"], ["whsec_..."], ["whsec_...abcdef"], ["changeme"],
     ["<your secret>"], ["your-secret"], ["whsec_0123 4567"], ["whsec_ü0123456"]],
)  # fmt: skip
def test_a_secret_that_protects_nothing_is_refused_with_the_fix(secrets):
    with pytest.raises(ValueError, match="AGENTPHONE_WEBHOOK_SECRET") as caught:
        check_secrets(secrets)
    assert not any(secret and secret in str(caught.value) for secret in secrets)


# What it says


@pytest.mark.parametrize("name", names("webhook"))
def test_every_webhook_written_down_is_read_as_it_says(name: str):
    webhook = fixture(name)
    inbound = read(webhook["body"], webhook_id=webhook["headers"]["X-Webhook-ID"])
    said = inbound.model_dump()
    assert {field: said[field] for field in webhook["reads"]} == webhook["reads"]
    assert inbound.webhook_id == webhook["headers"]["X-Webhook-ID"]


def test_the_earlier_messages_of_a_webhook_are_read_with_their_times():
    (earlier,) = read(fixture("webhook_message_2026")["body"]).recent_history
    assert (earlier.content, earlier.message_id) == ("yo", "cmm0")
    assert earlier.at == datetime(2025, 12, 31, 23, 59, tzinfo=UTC)


def test_a_group_names_its_members():
    group = read(fixture("webhook_message_group")["body"]).group
    assert (group.group_id, group.group_name) == ("grp_0123456789abcdef01234567", "Trip")
    assert [(one.identifier, one.name) for one in group.participants] == [
        ("+15559876543", "Sam"),
        ("kim@example.com", None),
    ]


def test_one_odd_member_does_not_cost_the_group_the_others():
    body = deepcopy(fixture("webhook_message_group")["body"])
    body["data"]["group"]["participants"].insert(0, {"name": "nobody"})
    assert [one.name for one in read(body).group.participants] == ["Sam", None]


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00.25Z", datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-01-01T00:00:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T02:00:00+02:00", datetime(2026, 1, 1, tzinfo=UTC)),
        (1767225600, datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_utc_and_without_a_zone_mean_utc(written, at: datetime):
    inbound = read(message(receivedAt=written))
    assert inbound.received_at == at
    assert inbound.received_at.tzinfo is UTC
    assert inbound.received_at_known


@pytest.mark.parametrize("odd", [None, "yesterday", True, [], "0001-01-01T00:00:00+14:00", 1e300])
def test_without_a_readable_time_the_envelope_tells_it_and_then_our_own_clock(odd):
    body = message(receivedAt=odd)
    assert read(body).received_at == datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert not read(body).received_at_known
    del body["timestamp"]
    assert read(body).received_at.timestamp() == NOW


@pytest.mark.parametrize(
    ("field", "value", "reads"),
    [
        ("id", "cmm7", ("message_id", "cmm7")),
        ("body", "hello", ("text", "hello")),
        ("mediaUrl", "https://x/1", ("media_urls", ["https://x/1"])),
        ("mediaUrls", "https://x/1", ("media_urls", [])),
        ("mediaUrls", [None, 5, "https://x/1", "https://x/1"], ("media_urls", ["https://x/1"])),
        ("to", 15551234567, ("to_number", "15551234567")),
        ("conversationId", {"a": 1}, ("conversation_id", None)),
        ("contact", "Sam", ("sender_name", None)),
        ("contact", {"name": ["Sam"]}, ("sender_name", None)),
        ("group", "grp_x", ("group", None)),
    ],
)
def test_an_odd_field_never_costs_us_the_message(field, value, reads):
    # The fields that outrank the ones under test are taken away.
    usual = {"messageId": None, "message": None, "contact": None}
    name, expected = reads
    assert getattr(read(message(**{**usual, field: value})), name) == expected


def test_somebody_may_really_write_none():
    assert read(message(message="None")).text == "None"


def test_blanks_around_a_text_are_kept():
    assert read(message(message=" hi\n")).text == " hi\n"


@pytest.mark.parametrize("odd", ["text", [], 5, True])
def test_a_conversation_state_that_is_no_object_is_none(odd):
    assert read(message() | {"conversationState": odd}).conversation_state is None


@pytest.mark.parametrize("direction", [None, "sideways", 5])
def test_only_what_says_inbound_can_start_a_turn(direction):
    assert read(message(direction=direction)).why == "no_direction"


def test_the_test_button_outranks_everything_else():
    body = message(direction="outbound") | {"test": True, "channel": "voice"}
    assert read(body).why == "test"


@pytest.mark.parametrize("test", [False, None, "no", [], {}])
def test_only_true_makes_a_test(test):
    assert isinstance(read(message() | {"test": test}), InboundMessage)


@pytest.mark.parametrize("event", [None, 5, "", "AGENT.MESSAGE", ["agent.message"]])
def test_an_event_without_a_known_name_is_ignored_and_recorded(event):
    assert read(message() | {"event": event}).why == "unknown_event"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[]",
        b"null",
        b'"agent.message"',
        b'{"event":"agent.message"}',
        b'{"event":"agent.message","data":null}',
        b'{"event":"agent.message","data":{"direction":"inbound","message":"hi"}}',
        b'{"event":"agent.message","data":{"direction":"inbound","from":"None","message":"hi"}}',
        b'{"event":"agent.reaction","data":{"direction":"inbound","fromNumber":"+15559876543"}}',
        b"\xef\xbb\xbf{}",
        '{"event":"x"}'.encode("utf-16"),
        b'{"event":"\xff"}',
        b'{"event":' * 100_000,
        b"[" * 100_000,
        b'{"event":' + b"9" * 5000 + b"}",
        b'{"event":NaN}',
        b'{"event":"x"',
    ],
)
def test_what_nobody_can_read_is_bad_payload_and_nothing_worse(body: bytes):
    with pytest.raises(BadPayload):
        read(body)


def test_of_a_key_given_twice_the_last_one_counts():
    body = json.dumps(message()).replace('"message": "hi"', '"message": "one", "message": "two"')
    assert read(body.encode()).text == "two"


@pytest.mark.parametrize(
    ("escaped", "text"),
    [
        (r"a\ud83dz", "a\ufffdz"),
        (r"\udd25\ud83d", "\ufffd\ufffd"),
        (r"\uD83D\uDD25", "🔥"),
        (r"a\u0000b", "a\u2400b"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\\ufffd"),
    ],
)
def test_a_text_with_half_an_emoji_or_a_nul_is_kept_in_a_form_databases_take(escaped, text):
    body = json.dumps(message(message="HERE")).replace("HERE", escaped).encode()
    inbound = read(body)
    assert inbound.text == text
    row = sqlite3.connect(":memory:").execute("select ?", (inbound.text,)).fetchone()
    assert row == (text,)


def test_infinity_in_a_conversations_state_becomes_null():
    body = json.dumps(message()).replace('"c_9"', "1e999").encode()
    assert read(body).conversation_state == {"crm_id": None}


# Have we heard it before


def test_a_message_with_an_id_is_known_by_it_whatever_the_header_says():
    body = fixture("webhook_message_2026")["body"]
    assert dedupe_keys(read(body, webhook_id="del_1")) == ["msg:cmm0000000000000000000001"]
    assert dedupe_keys(read(body, webhook_id="forged")) == ["msg:cmm0000000000000000000001"]


def test_two_messages_under_one_header_are_two_messages():
    one, two = (read(message(messageId=each), webhook_id="del_1") for each in ("a", "b"))
    assert not set(dedupe_keys(one)) & set(dedupe_keys(two))


@pytest.mark.parametrize("name", ["webhook_message_2025", "webhook_reaction"])
def test_what_has_no_id_is_known_by_its_header_and_by_what_happened(name: str):
    body = fixture(name)["body"]
    hook, digest = dedupe_keys(read(body, webhook_id="del_7"))
    assert hook == "hook:del_7"
    assert digest.startswith("sha:")
    later = body | {"timestamp": "2026-01-01T00:30:00Z"}
    assert dedupe_keys(read(later, webhook_id="replayed"))[1] == digest


@pytest.mark.parametrize("name", ["webhook_message_2025", "webhook_reaction"])
def test_without_a_header_what_happened_is_all_there_is(name: str):
    (key,) = dedupe_keys(read(fixture(name)["body"], webhook_id=""))
    assert key.startswith("sha:")


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("message", "hi!"),
        ("receivedAt", "2026-01-01T00:00:00.500Z"),
        ("conversationId", "cmc2"),
        ("from", "+15550000000"),
        ("mediaUrl", "https://x/1"),
    ],
)
def test_an_older_message_that_differs_in_anything_is_another_one(field, other):
    body = fixture("webhook_message_2025")["body"]
    changed = body | {"data": body["data"] | {field: other}}
    assert dedupe_keys(read(body))[1] != dedupe_keys(read(changed))[1]


@pytest.mark.parametrize(
    ("field", "other"),
    [("reactionType", "like"), ("messageId", "cmm2"), ("createdAt", "2026-01-01T00:00:09Z")],
)
def test_another_tapback_is_another_one(field, other):
    body = fixture("webhook_reaction")["body"]
    changed = body | {"data": body["data"] | {field: other}}
    assert dedupe_keys(read(body))[1] != dedupe_keys(read(changed))[1]


def test_a_redelivery_without_a_time_of_its_own_is_still_known():
    body = fixture("webhook_message_2025")["body"]
    body["data"].pop("receivedAt")
    later = body | {"timestamp": "2026-01-01T00:30:00Z"}
    assert dedupe_keys(read(body)) == dedupe_keys(read(later))


# Anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=None), max_size=8)
    | st.sampled_from(["None", "agent.message", "inbound", "\x00", "2026-01-01", "9" * 30]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
BODIES = [fixture(name)["body"] for name in names("webhook")]


def places(value, path=()):
    """The path of every value inside, and of the whole."""
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, one in inner:
        yield from places(one, (*path, key))


def put(value, path, new):
    if not path:
        return new
    value = deepcopy(value)
    at = value
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    return value


@st.composite
def mutations(draw):
    """A webhook with up to three of its values replaced by anything JSON can say, or nearly."""
    body = draw(st.sampled_from(BODIES))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(body))))
        body = put(body, path, draw(JSON))
    return json.dumps(body).encode()


def assert_storable(inbound):
    assert isinstance(inbound, InboundMessage | InboundReaction | Ignored)
    kept = inbound.model_dump(mode="json")
    text = json.dumps(kept, ensure_ascii=False, allow_nan=False)
    text.encode()
    assert "\\u0000" not in text
    if not isinstance(inbound, Ignored):
        assert all(key.isprintable() for key in dedupe_keys(inbound)) or inbound.message_id


@settings(max_examples=400, deadline=None)
@given(mutations())
def test_a_mutilated_webhook_is_read_or_is_bad_payload_and_is_storable(raw: bytes):
    try:
        inbound = read(raw)
    except BadPayload:
        return
    assert_storable(inbound)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_are_bad_payload(raw: bytes):
    try:
        read(raw)
    except BadPayload as error:
        assert str(error)
