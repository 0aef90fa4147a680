"""The recorded calls hold: the twin answers each as AgentPhone does."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.stage import ANA, BO, IMESSAGE, SMS, Stage

FOLDER = Path(__file__).parents[1] / "fixtures" / "agentphone"
CALLS = sorted(FOLDER.glob("call_*.json"))
HOOK = {"url": "https://example.com/hooks"}


async def prepare(stage: Stage, given: str) -> dict[str, str]:
    """Bring the line to where the call was made; what the placeholders stand for."""
    line = await stage.call("GET", "/handset/line")
    agent_id = line["agents"][0]["id"]
    values = {"person": ANA, "other_person": BO, "line": IMESSAGE, "agent_id": agent_id}
    if "webhook" in given:
        path = f"/v1/agents/{agent_id}/webhook" if given.startswith("agent_") else "/v1/webhooks"
        await stage.call("POST", path, HOOK)
    if given == "sms_chat":
        values["line"] = SMS
    if given == "group_chat":
        group = await stage.call("POST", "/handset/groups", {"members": [ANA, BO]})
        values["group_id"] = group["group_id"]
        written = await stage.text(group_id=group["group_id"])
    elif given.endswith(("_chat", "_delivered")):
        written = await stage.text(to_number=values["line"])
    else:
        written = None
    if written:
        values["conversation_id"] = written["conversation_id"]
        values["message_id"] = written["messages"][0]["id"]
    values["number_id"] = next(
        number["id"] for number in line["numbers"] if number["phone_number"] == values["line"]
    )
    examples = json.loads((FOLDER / "placeholders.json").read_text())
    return {key: str(value) for key, value in examples.items()} | values


def fill(value: Any, values: dict[str, str]) -> Any:
    """The value with every placeholder filled in, however deep."""
    if isinstance(value, dict):
        return {key: fill(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, values) for item in value]
    if isinstance(value, str):
        for name, real in values.items():
            value = value.replace("{" + name + "}", real)
    return value


def differences(example: Any, real: Any, where: str = "answer") -> list[str]:
    """Where a real answer has not the shape of the example."""
    if example is None:
        return []
    if isinstance(example, dict):
        if not isinstance(real, dict):
            return [f"{where} is {real!r}, not an object"]
        missing = [f"{where}.{key} is missing" for key in example if key not in real]
        present = [key for key in example if key in real]
        return missing + [
            found
            for key in present
            for found in differences(example[key], real[key], f"{where}.{key}")
        ]
    if isinstance(example, list):
        if not isinstance(real, list):
            return [f"{where} is {real!r}, not a list"]
        items = enumerate(real if example else [])
        return [
            found for i, item in items for found in differences(example[0], item, f"{where}.{i}")
        ]
    kind = (int, float) if type(example) in (int, float) else type(example)
    if not isinstance(real, kind) or isinstance(example, bool) != isinstance(real, bool):
        return [f"{where} is {real!r}, example {example!r}"]
    return []


def at(value: Any, place: str) -> Any:
    for step in place.split("."):
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


async def hold_to(recorded: dict[str, Any]) -> None:
    given, request = recorded["given"], recorded["request"]
    async with Stage(webhook_url=None, webhook_secret=None).set_up() as stage:
        values = await prepare(stage, given)
        request, answer = fill(request, values), fill(recorded["answer"], values)
        if "api_key" in request:
            stage.http.headers["Authorization"] = f"Bearer {request['api_key']}"
        real = await stage.try_call(
            request["method"], request["path"], request.get("json"), params=request.get("query")
        )
        assert real.status_code == answer["status"], real.text
        if "json" not in answer:
            assert real.content == b""
            return
        assert differences(answer["json"], real.json()) == []
        if answer["json"] is None:
            assert real.json() is None
        for place in answer.get("same", []):
            assert at(real.json(), place) == at(answer["json"], place), place


def test_there_are_recorded_calls():
    assert len(CALLS) > 40


@pytest.mark.parametrize("path", CALLS, ids=lambda path: path.stem)
def test_the_twin_answers_as_recorded(path: Path):
    asyncio.run(hold_to(json.loads(path.read_text())))


def test_a_wrong_shape_would_be_noticed():
    assert differences({"a": [{"b": 1}], "c": True}, {"a": [{"b": "1"}], "c": 1}) != []
    assert differences({"a": {"b": 1}}, {"a": {}}) == ["answer.a.b is missing"]
