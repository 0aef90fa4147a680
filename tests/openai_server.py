"""A server on this machine that speaks OpenAI's protocol and says what a test wrote down for it.

    script = [Answer(calls=[Call("weather", {"city": "Rome"})]), Answer("Sunny")]
    with openai_server(script) as server:
        ...  # a client at server.url with the key server.api_key
        server.requests[0].body

Both POST /v1/responses and POST /v1/chat/completions, without streams. It refuses as OpenAI would
what does not fit together (see openai_rules), and a request after the last step.
"""

import asyncio
import itertools
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from tests.openai_rules import Malformed, check_chat, check_responses


@dataclass(frozen=True)
class Call:
    """A tool the model asks for."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What the model says and asks for; an empty one says nothing, which models do."""

    text: str = ""
    calls: Sequence[Call] = ()


@dataclass(frozen=True)
class Failure:
    """An HTTP error in OpenAI's envelope, say Failure(429, {"retry-after": "1"})."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    code: str | None = None


@dataclass(frozen=True)
class Silence:
    """No answer for as long as the server lives: what a timeout is for."""


Step = Answer | Failure | Silence


@dataclass(frozen=True)
class Recorded:
    """A request as it came, refused ones too. Header names are in small letters."""

    path: str
    headers: dict[str, str]
    body: Any


class OpenAIServer:
    """The address and key to give a client, and every request it has made."""

    api_key = "sk-test"

    def __init__(self, script: Sequence[Step], port: int):
        self.url = f"http://127.0.0.1:{port}/v1"
        self.requests: list[Recorded] = []
        self._steps = iter(script)
        self._ids = itertools.count(1)
        self._closing = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/v1/responses", self._responses, methods=["POST"]),
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
            ]
        )

    def close(self) -> None:
        """Let go of the requests held in silence. Called on the server's own loop."""
        self._closing.set()

    async def _responses(self, request: Request) -> JSONResponse:
        return await self._play(request, check_responses, responses_answer)

    async def _chat(self, request: Request) -> JSONResponse:
        return await self._play(request, check_chat, chat_answer)

    async def _play(
        self, request: Request, check: Callable[[Any], None], shaped: Callable[..., dict[str, Any]]
    ) -> JSONResponse:
        try:
            body = json.loads(await request.body())
        except ValueError:
            body = None
        self.requests.append(Recorded(request.url.path, dict(request.headers), body))
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return refusal(401, "Incorrect API key provided.", code="invalid_api_key")
        try:
            check(body)
        except Malformed as error:
            return refusal(400, str(error), param=error.param)
        match next(self._steps, None):
            case Answer() as answer:
                return JSONResponse(shaped(body["model"], answer, self._ids))
            case Failure(status, headers, code):
                return refusal(status, "As the script says.", headers=headers, code=code)
            case Silence():
                await self._closing.wait()
                return refusal(503, "The server is closing.")
            case None:
                # 400, because clients try again after a 5xx.
                return refusal(400, "The script has no step for this request.")


@contextmanager
def openai_server(script: Sequence[Step]) -> Iterator[OpenAIServer]:
    """The server on a free loopback port, for as long as the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = OpenAIServer(script, listener.getsockname()[1])
        config = uvicorn.Config(
            server.app, log_config=None, lifespan="off", ws="none", timeout_graceful_shutdown=5
        )
        running = uvicorn.Server(config)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(
            target=loop.run_until_complete, args=(running.serve(sockets=[listener]),)
        )
        thread.start()
        try:
            yield server
        finally:
            running.should_exit = True
            loop.call_soon_threadsafe(server.close)
            thread.join()
            loop.close()


def refusal(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error in OpenAI's envelope."""
    kinds = {401: "authentication_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status_code=status, headers=headers)


def responses_answer(model: str, answer: Answer, ids: Iterator[int]) -> dict[str, Any]:
    """The answer as POST /v1/responses gives it. OpenAI API reference, Responses."""
    output: list[dict[str, Any]] = []
    if answer.text:
        part = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
        output.append(
            {
                "type": "message",
                "id": f"msg_{next(ids)}",
                "status": "completed",
                "role": "assistant",
                "content": [part],
            }
        )
    for call in answer.calls:
        number = next(ids)
        output.append(
            {
                "type": "function_call",
                "id": f"fc_{number}",
                "call_id": f"call_{number}",
                "name": call.name,
                "arguments": json.dumps(call.arguments),
                "status": "completed",
            }
        )
    return {
        "id": f"resp_{next(ids)}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": model,
        "output": output,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 10,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 110,
        },
    }


def chat_answer(model: str, answer: Answer, ids: Iterator[int]) -> dict[str, Any]:
    """The answer as POST /v1/chat/completions gives it. OpenAI API reference, Chat."""
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": None}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{next(ids)}",
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in answer.calls
        ]
    reason = "tool_calls" if answer.calls else "stop"
    return {
        "id": f"chatcmpl_{next(ids)}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": reason}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }
