"""Words, numbers and secrets that must be seen nowhere, in a day on which everything fails."""

from __future__ import annotations

import io
import json
import logging
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.logs import JsonLines, Lines, Safe, redactor_of
from evals.local import local_settings
from memory.store import StoreUnavailable
from phone.clock import HeldClock
from tests.house import BEN, KIM, House, call, run, script
from tests.stories.test_intake import message

BODY = "canary-in-a-body"
ANSWER = "canary-in-an-answer"
ARGUMENT = "canary-in-an-argument"
PHOTO = "canary-in-an-address"
ANA = "+14155550177"
OPENAI = "sk-canary-of-openai-0123"


@pytest.mark.parametrize("form", [JsonLines, Lines])
def test_no_word_number_or_secret_gets_into_a_log_or_an_answer(form: type[Safe], tmp_path: Path):
    written = io.StringIO()
    base = local_settings("http://127.0.0.1:8000", database=tmp_path / "unused.db")
    given = {"openai_api_key": SecretStr(OPENAI), "threedots_quiet_for": 0.0}
    handler = logging.StreamHandler(written)
    answers: list[str] = []
    secrets: list[str] = []

    async def story(house: House) -> None:
        secrets.append(house.webhook_secret)
        settings = base.model_copy(
            update=given | {"agentphone_webhook_secret": SecretStr(house.webhook_secret)}
        )
        handler.setFormatter(form(redactor_of(settings)))
        await a_bad_day(house, answers)

    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        played = script(
            [call("react", tapback="love"), call("remember", fact=ARGUMENT)],
            ANSWER,
            RuntimeError(f"cannot say {BODY} to {ANA} with {OPENAI}"),
            ANSWER,
            last_for_ever=True,
        )
        run(story, played, clock=HeldClock(), folder=tmp_path)
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
    told = written.getvalue()
    assert len(told.splitlines()) > 10, told
    assert "RuntimeError" in told and "a webhook was refused" in told
    everything = told + "\n".join(answers)
    for canary in (BODY, ANSWER, ARGUMENT, PHOTO, ANA, ANA[1:], BEN, KIM, OPENAI, *secrets):
        assert canary not in everything, [
            line for line in everything.splitlines() if canary in line
        ]


async def a_bad_day(house: House, answers: list[str]) -> None:
    """Everything that can be said to a log is said: refusals, crashes, forgeries, a full disk."""
    await house.text(BODY, from_handle=ANA)
    await house.settled(turns=1)
    echo = {"error": {"message": f"not to {ANA}: {ANSWER}", "code": "NO", "type": "no"}}
    error = {"error": {"message": f"nothing about {ANA} just now", "code": "NO", "type": "no"}}
    await house.faults(
        {"method": "POST", "path": "*/typing", "status": 500, "times": 5, "body": error},
        {"method": "POST", "path": "/v1/messages", "status": 400, "times": 5, "body": echo},
        {"method": "PATCH", "path": "*", "status": 500, "times": 5, "body": error},
        {"method": "GET", "path": "*", "status": 400, "times": 5, "body": error},
    )
    photo = f"https://files.example.com/{PHOTO}?sig={PHOTO}"
    await house.text(f"{BODY} again", from_handle=BEN, media_urls=[photo])
    await house.text(f"{BODY} once more", from_handle=KIM)
    await house.pass_time_until_settled(turns=3, at_most=120)
    await house.faults()
    deliveries = [
        (b"not json " + BODY.encode(), {}),
        (json.dumps(message(BODY, **{"from": None})).encode(), {}),
        (json.dumps(message(BODY)).encode(), {"signature": f"sha256={BODY}"}),
        (json.dumps(message(BODY)).encode(), {"signature": "sha256=" + "a" * 64}),
        (json.dumps(message(BODY, channel="voice", transcript=BODY)).encode(), {}),
        (json.dumps(message(BODY, messageId=None)).encode(), {}),
        (json.dumps(message(f"{BODY} other", messageId=None)).encode(), {}),
    ]
    for body, changes in deliveries:
        answers.append((await house.webhook(body, webhook_id="del_same", **changes)).text)
    assert house.local.deployment is not None
    await house.local.deployment.store.close()
    answers.append((await house.webhook(message(BODY))).text)
    for path in ("/readyz", "/metrics", "/healthz"):
        answers.append((await house.http.get(path)).text)
    with pytest.raises(StoreUnavailable):
        await house.rows(object)
