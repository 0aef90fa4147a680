"""A real agent and OpenAI's real client, against a server that speaks the protocol."""

import asyncio
import io
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
import pytest
from openai.types.chat import ChatCompletion
from openai.types.responses import Response
from PIL import Image
from pydantic_ai import Agent, BinaryContent, ModelAPIError, models
from pydantic_ai.exceptions import (
    ModelAuthenticationError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelServerError,
)
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings

from tests.openai_server import Answer, Call, Failure, OpenAIServer, Silence, openai_server

OnePrompt = str | Sequence[str | BinaryContent]


@pytest.fixture(autouse=True)
def model_requests() -> Iterator[None]:
    with models.override_allow_model_requests(True):
        yield


@pytest.fixture(params=[OpenAIResponsesModel, OpenAIChatModel])
def api(request: pytest.FixtureRequest) -> Any:
    return request.param


def ask(api: Any, server: OpenAIServer, prompt: OnePrompt = "hi", **settings: Any) -> str:
    async def conversation() -> str:
        async with httpx2.AsyncClient() as client:
            key = settings.pop("api_key", server.api_key)
            provider = OpenAIProvider(base_url=server.url, api_key=key, http_client=client)
            agent = Agent(api("gpt-5-mini", provider=provider), instructions="Be short.")
            agent.tool_plain(weather)
            answer = await agent.run(prompt, model_settings=ModelSettings(**settings))
            return answer.output

    return asyncio.run(conversation())


def weather(city: str) -> str:
    """Look up the weather."""
    return f"Sun in {city}"


def spoken(body: dict[str, Any]) -> list[dict[str, Any]]:
    return body.get("input") or body["messages"]


def test_the_words_of_the_model_arrive(api: Any):
    with openai_server([Answer("Hello!")]) as server:
        assert ask(api, server) == "Hello!"
    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer sk-test"
    assert request.body["model"] == "gpt-5-mini"
    assert spoken(request.body)[-1] == {"role": "user", "content": "hi"}
    assert "Be short." in (request.body.get("instructions"), spoken(request.body)[0]["content"])


def test_a_tool_is_called_and_its_result_goes_back(api: Any):
    script = [
        Answer(
            "One moment.", [Call("weather", {"city": "Rome"}), Call("weather", {"city": "Oslo"})]
        ),
        Answer("Sunny in both."),
    ]
    with openai_server(script) as server:
        assert ask(api, server) == "Sunny in both."
    offered, answered = (request.body for request in server.requests)
    assert "weather" in str(offered["tools"])
    told = [item.get("output") or item.get("content") for item in spoken(answered)[-2:]]
    assert told == ["Sun in Rome", "Sun in Oslo"]


def test_a_picture_reaches_the_wire(api: Any):
    file = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(file, "PNG")
    picture = BinaryContent(file.getvalue(), media_type="image/png")
    with openai_server([Answer("A red square.")]) as server:
        assert ask(api, server, ["what is it?", picture]) == "A red square."
    content = spoken(server.requests[0].body)[-1]["content"]
    assert content[0]["text"] == "what is it?"
    url = content[1]["image_url"]
    assert (url if isinstance(url, str) else url["url"]) == picture.data_uri


def test_after_a_429_the_same_request_is_made_again(api: Any):
    with openai_server([Failure(429, {"retry-after": "0.01"}), Answer("Hello!")]) as server:
        assert ask(api, server) == "Hello!"
    first, second = server.requests
    assert first.body == second.body


@pytest.mark.parametrize(("status", "error"), [(429, ModelRateLimitError), (500, ModelServerError)])
def test_without_retries_a_failure_is_told_by_its_kind(api: Any, status: int, error: type):
    with openai_server([Failure(status)]) as server, pytest.raises(error):
        ask(api, server, max_retries=0)
    assert len(server.requests) == 1


def test_a_model_that_does_not_answer_is_a_model_error(api: Any):
    with openai_server([Silence()]) as server, pytest.raises(ModelAPIError):
        ask(api, server, timeout=0.2, max_retries=0)
    assert len(server.requests) == 1


def test_a_wrong_key_is_refused_and_not_tried_again(api: Any):
    with openai_server([]) as server, pytest.raises(ModelAuthenticationError) as refusal:
        ask(api, server, api_key="sk-wrong")
    assert "Incorrect API key" in str(refusal.value)
    assert len(server.requests) == 1


def test_a_request_beyond_the_script_fails_at_once(api: Any):
    with openai_server([]) as server, pytest.raises(ModelRequestRejectedError, match="no step"):
        ask(api, server)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("path", "shape"), [("responses", Response), ("chat/completions", ChatCompletion)]
)
def test_an_answer_has_the_shape_that_openai_publishes(path: str, shape: Any):
    body = {"model": "m", "input": "hi", "messages": [{"role": "user", "content": "hi"}]}
    with openai_server([Answer("Hi", [Call("weather", {"city": "Rome"})])]) as server:
        headers = {"authorization": f"Bearer {server.api_key}"}
        answer = httpx2.post(f"{server.url}/{path}", json=body, headers=headers)
    assert shape.model_validate_json(answer.content, strict=True).model == "m"


@pytest.mark.parametrize("path", ["responses", "chat/completions"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{nonsense", b'{"model": "m"}'])
def test_a_malformed_request_is_refused_in_openais_envelope(path: str, body: bytes):
    with openai_server([Answer("Hi")]) as server:
        headers = {"authorization": f"Bearer {server.api_key}"}
        answer = httpx2.post(f"{server.url}/{path}", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
    assert answer.json()["error"]["type"] == "invalid_request_error"
