"""Whatever is thrown at the server's doors: no error of its own, and nothing forged is stored."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase

from agent.settings import HOME
from memory.tables import DeadLetter, Event
from phone.clock import HeldClock
from phone.webhook import sign
from server import Door
from tests.house import House, run, script
from tests.stories.test_intake import message
from tools.media import MediaLibrary

FORGED = 250
"""Deliveries that are made of one that was rightly signed, and changed after it."""

SIGNED = 60
"""Bodies that are changed first and signed then, as if AgentPhone had lost its mind."""

Delivery = tuple[bytes, dict[bytes, bytes]]
Change = Callable[[random.Random, bytes], bytes]


def flip(dice: random.Random, text: bytes) -> bytes:
    place, bit = dice.randrange(len(text)), 1 << dice.randrange(8)
    return text[:place] + bytes([text[place] ^ bit]) + text[place + 1 :]


def cut(dice: random.Random, text: bytes) -> bytes:
    return text[: dice.randrange(len(text))]


def insert(dice: random.Random, text: bytes) -> bytes:
    place = dice.randrange(len(text) + 1)
    strange = [
        b"\x00",
        b" ",
        b"\n",
        b"\xff",
        b"\xef\xbb\xbf",
        b"{",
        b"9" * 400,
        b'"',
        b"\xed\xa0\x80",
    ]
    return text[:place] + dice.choice(strange) + text[place:]


def swap(dice: random.Random, text: bytes) -> bytes:
    a, b = sorted(dice.sample(range(len(text) + 1), 2))
    return text[:a] + text[a:b][::-1] + text[b:]


def again(dice: random.Random, text: bytes) -> bytes:
    return text * dice.randrange(2, 4)


CHANGES: list[Change] = [flip, cut, insert, swap, again]


def signed(body: bytes, secret: str, at: int) -> Delivery:
    signature = sign(body, secret=secret, timestamp=at)
    return body, {
        b"X-Webhook-Signature": signature.encode(),
        b"X-Webhook-Timestamp": str(at).encode(),
    }


def forged(dice: random.Random, genuine: Delivery) -> Delivery:
    """The same delivery with something changed after it was signed."""
    body, headers = genuine[0], dict(genuine[1])
    change = dice.choice(CHANGES)
    part = dice.choice([b"body", b"body", *headers])
    if part == b"body":
        return change(dice, body), headers
    if dice.random() < 0.1:
        del headers[part]
    else:
        headers[part] = change(dice, headers[part])
    return body, headers


async def deliver(house: House, delivery: Delivery, number: int) -> httpx.Response:
    body, headers = delivery
    named = [*headers.items(), (b"X-Webhook-ID", b"del_%d" % number)]
    return await house.http.post("/webhooks/agentphone", content=body, headers=named)


def test_nothing_that_was_changed_after_it_was_signed_is_stored():
    async def story(house: House) -> None:
        assert house.local.deployment is not None
        dice, at = random.Random(7), int(house.local.deployment.clock.now())
        genuine = signed(json.dumps(message()).encode(), house.webhook_secret, at)
        for number in range(FORGED):
            delivery = forged(dice, genuine)
            if delivery == genuine:
                continue
            answer = await deliver(house, delivery, number)
            assert (answer.status_code, answer.json()) == (401, {"ok": False}), delivery
        assert await house.rows(Event) == [] and await house.rows(DeadLetter) == []
        taken = await deliver(house, genuine, FORGED)
        assert taken.status_code == 200, "what they were made of is taken"

    run(story, script("hello", last_for_ever=True), clock=HeldClock())


def nonsense(dice: random.Random) -> bytes:
    """A webhook as AgentPhone never sent one."""
    event = message(f"text {dice.random()}", messageId=None, conversationId=None)
    strange = [
        None,
        True,
        -1,
        10**30,
        1e308,
        "",
        "\x00",
        "\ud800",
        [],
        {},
        [[]],
        {"a": None},
        "é" * 300,
    ]
    for _ in range(dice.randrange(1, 4)):
        inside = event["data"] if dice.random() < 0.7 else event
        if isinstance(inside, dict) and inside:
            inside[dice.choice([*inside, "group", "mediaUrls", "contact", "recentHistory"])] = (
                dice.choice(strange)
            )
    body = json.dumps(event).encode()
    return dice.choice(CHANGES)(dice, body) if dice.random() < 0.5 else body


def test_whatever_is_rightly_signed_is_taken_in_without_an_error():
    async def story(house: House) -> None:
        assert house.local.deployment is not None
        dice, at = random.Random(11), int(house.local.deployment.clock.now())
        for number in range(SIGNED):
            delivery = signed(nonsense(dice), house.webhook_secret, at)
            answer = await deliver(house, delivery, number)
            assert answer.status_code == 200, delivery
        kept = len(await house.rows(Event)) + len(await house.rows(DeadLetter))
        assert kept > SIGNED / 2, "each is kept, apart from those that were the same"
        assert await house.rows(DeadLetter), "some could not be read"

    run(story, script("hello", last_for_ever=True))


DOOR = Door(["whsec_of_the_fuzzer_0123"], metrics_token="of the fuzzer")
DOOR.app.openapi_url = "/openapi.json"
DOOR.app.setup()
LIBRARY = MediaLibrary(
    HOME / "prompts" / "media.toml",
    HOME / "media",
    secret="whsec_of_the_fuzzer_0123",
    shipped=HOME / "prompts" / "media.toml",
)
OPERATIONS = [
    found.ok()
    for found in schemathesis.openapi.from_asgi("/openapi.json", DOOR.app).get_all_operations()
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_call_is_answered_with_an_error_of_the_server(operation):
    @hypothesis.settings(
        max_examples=40,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def calls(case):
        # Pictures are looked for in earnest; what needs a database has stories of its own.
        with_pictures: Any = SimpleNamespace(library=LIBRARY)
        DOOR.deployment = with_pictures if operation.path.startswith("/media") else None
        answer = case.call()
        starting = operation.path == "/readyz" and answer.status_code == 503
        assert starting or answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"

    calls()


def test_every_route_of_the_server_is_among_them():
    assert {operation.path for operation in OPERATIONS} >= {"/healthz", "/readyz", "/metrics"}
