"""Whatever is thrown at it, the twin never answers with an error of its own."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import string

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase

from phone.clock import HeldClock
from phone.emulator.app import create_app
from phone.emulator.receiving import Writing, receive
from phone.emulator.records import ConversationRecord
from phone.emulator.sending import Sending, send
from phone.emulator.twin import Twin
from tests.emulator.stage import ANA, BO, IMESSAGE, shared_app

AUTH = {"Authorization": "Bearer sk_twin"}
TWIN = Twin(clock=HeldClock(), seed=1)
SCHEMA = schemathesis.openapi.from_asgi("/v1/openapi.json", create_app(TWIN, run_twin=False))

SKIPPED = r"^/handset/(faults|webhook-faults|events|reset|switches)$"
"""Faults make errors on purpose, a reset takes away what calls need, a stream has no end."""

EXAMPLES = 8
"""How many calls are made to each operation."""


VALID = {
    **{"from_number": IMESSAGE, "to_number": ANA, "from_handle": ANA, "handle": ANA},
    **{"members": [ANA, BO], "reaction": "love", "phoneNumber": BO, "url": "https://example.com"},
    **{"image_url": "https://example.com/a.png", "media_urls": ["https://example.com/a.png"]},
    **{"group_id": None, "channel": None, "reply_to_message_id": None, "recipients": None},
}
TURNS = itertools.count()
"""Every other body gets these values in the fields it has, so that calls get past the first 422."""


def known(line) -> dict[str, str]:
    """Ids that exist, so that calls get past the 404."""
    conversation: ConversationRecord
    conversation, messages = receive(line, Writing(from_handle=ANA, body="Hi"))
    send(line, Sending(from_number=IMESSAGE, to_number=ANA, body="Hello"))
    number = line.active_numbers()[0] if line.active_numbers() else None
    return {
        "conversation_id": conversation.id,
        "message_id": messages[0].id,
        "number_id": number.id if number else "gone",
        "agent_id": next(iter(line.agents), "gone"),
    }


OPERATIONS = [found.ok() for found in SCHEMA.exclude(path_regex=SKIPPED).get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_no_call_is_answered_with_an_error_of_the_twin(operation):
    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy())
    def calls(case):
        answer = called(case)
        assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"

    calls()


def called(case):
    """Make the call on a line that has just been furnished."""
    TWIN.line.agents.clear()
    TWIN.line.numbers.clear()
    TWIN.line.hooks.clear()
    TWIN.reset()
    TWIN.line.furnish("Threedots")
    TWIN.set_webhook("https://example.com/hook")
    TWIN.line.switches.webhook_down = True  # or a trial event would leave this machine
    ids = known(TWIN.line)
    case.path_parameters = {
        name: ids.get(name, value) for name, value in (case.path_parameters or {}).items()
    }
    if isinstance(case.body, dict) and next(TURNS) % 2:
        case.body = {name: (VALID | ids).get(name, value) for name, value in case.body.items()}
    return case.call(headers=AUTH)


def nonsense(rng: random.Random, depth: int = 0):
    """Some JSON value, often an ugly one."""
    simple = [
        None,
        True,
        -1,
        10**30,
        1.5e300,
        "",
        "\x00",
        "\ud800",
        "é" * 300,
        "grp_",
        ANA,
        "https://",
    ]
    kind = rng.randrange(4 if depth < 3 else 1)
    if kind == 1:
        return [nonsense(rng, depth + 1) for _ in range(rng.randrange(4))]
    if kind == 2:
        names = [*FIELDS, rng.choice(string.printable)]
        return {rng.choice(names): nonsense(rng, depth + 1) for _ in range(rng.randrange(5))}
    return rng.choice(simple)


FIELDS = (
    *("body", "to_number", "from_number", "recipients", "media_urls", "media_url", "send_style"),
    *("reply_to_message_id", "metadata", "group_name", "image_url", "reaction", "url", "handle"),
    *("from_handle", "group_id", "members", "name", "advance", "phoneNumber", "contextLimit"),
)

DOORS = (
    ("POST", "/v1/messages"),
    ("PATCH", "/v1/conversations/{conversation_id}"),
    ("POST", "/v1/conversations/{conversation_id}/background"),
    ("POST", "/v1/messages/{message_id}/reactions"),
    ("POST", "/v1/webhooks"),
    ("POST", "/v1/contacts"),
    ("POST", "/handset/messages"),
    ("POST", "/handset/people"),
    ("POST", "/handset/groups"),
    ("PUT", "/handset/faults"),
    ("PUT", "/handset/webhook-faults"),
    ("PUT", "/handset/switches"),
)


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_no_nonsense_is_answered_with_an_error_of_the_twin(method: str, path: str):
    async def play() -> None:
        rng = random.Random(f"{method} {path}")
        twin = Twin(clock=HeldClock(), seed=1)
        app = shared_app()
        app.state.twin = twin
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://twin", headers=AUTH
        ) as client:
            real = path.format(**known(twin.line))
            valid = {"from_number": IMESSAGE, "to_number": ANA, "from_handle": ANA, "body": "Hi"}
            for _ in range(30):
                body = nonsense(rng)
                if isinstance(body, dict) and rng.random() < 0.5:
                    body = valid | body
                answer = await client.request(method, real, content=json.dumps(body))
                assert answer.status_code < 500, body
                await client.put("/handset/faults", json=[])
                assert (await client.get("/v1/conversations")).status_code < 500, body
                assert (await client.get("/handset/conversations")).status_code < 500, body
                assert (await client.get("/handset/events")).status_code < 500, body

    asyncio.run(play())
