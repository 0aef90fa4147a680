"""`threedots serve`, word for word, in a process that kills itself at one moment of a turn's life.

Nothing in the product knows of these moments. They are met at its three openings: the door a
webhook comes in by, the store everything is committed in, and the wire to AgentPhone.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

import agent.models
import agent.running
import server
import threedots
from agent import journal
from memory.bubbles import dispatch, record
from memory.inbox import accept
from memory.keeping import finish, keep
from memory.store import Store
from memory.turns import settle, take
from tests.crashes import bell

Step = Callable[..., Any] | str
"""A piece of database work, or one of the three things that happen outside the database."""

READING = "the body of a webhook is read"
ACKNOWLEDGING = "AgentPhone is told 200"
SENDING = "a text goes over the wire"


@dataclass(frozen=True)
class Moment:
    """The instant before or after a step, when it comes for the so manieth time."""

    edge: str
    step: Step
    times: int = 1


def before(step: Step, *, times: int = 1) -> Moment:
    return Moment("before", step, times)


def after(step: Step) -> Moment:
    return Moment("after", step)


POINTS = {
    "K0": after(READING),  # nobody has looked at it yet
    "K1": before(accept),  # the signature is good, nothing is stored
    "K2": after(accept),  # stored, not acknowledged
    "K3": after(ACKNOWLEDGING),  # nobody will bring it again
    "K4": before(take),  # the conversation is claimed, no turn begun
    "K5": before(journal._keep),  # the model has answered, which nobody wrote down
    "K6": before(journal._finish),  # a tool has done its work, which nobody wrote down
    "K6b": before(journal._finish, times=2),  # the same, of one that may be run again
    "K7": before(dispatch),  # the words are written, none may leave yet
    "K8": after(dispatch),  # they may leave, and have not
    "K9": after(SENDING),  # they have left, no answer was read
    "K10": before(record),  # the answer is read, which nobody wrote down
    "K11": after(keep),  # our copy of the memory is new, AgentPhone's is old
    "K12": before(finish),  # AgentPhone's is new as well, which nobody wrote down
    "K13": after(settle),  # all is done, the conversation still held
}
"""The life of a turn, and where it may be cut."""


class Doom:
    """What a server dies of; None: of nothing."""

    def __init__(self, moment: Moment | None) -> None:
        self._moment = moment
        self._met = 0

    def meets(self, edge: str, step: Step) -> None:
        if self._moment is None or (edge, step) != (self._moment.edge, self._moment.step):
            return
        self._met += 1
        if self._met == self._moment.times:
            os.kill(os.getpid(), signal.SIGKILL)


def serve(port: int, point: str | None) -> None:
    """`threedots serve --port …`, with the model and the tool of these tests, until the point."""
    doom = Doom(POINTS[point] if point else None)
    bell.hang()
    agent.models.model_for = lambda _: bell.model()  # type: ignore[assignment]
    agent.running.Store = partial(DoomedStore, doom)  # type: ignore[misc,assignment]
    create_app = server.create_app
    server.create_app = lambda settings, model, **more: DoomedDoor(  # type: ignore[assignment]
        create_app(settings, model, transport=DoomedWire(doom), **more), doom
    )
    threedots.serve("127.0.0.1", port)


class DoomedStore(Store):
    """Dies before a piece of work is given to the writer, or when its commit has returned."""

    def __init__(self, doom: Doom, url: str, **more: Any) -> None:
        super().__init__(url, **more)
        self._doom = doom

    async def write(self, work: Any) -> Any:
        step = work.func if isinstance(work, partial) else work
        self._doom.meets("before", step)
        result = await super().write(work)
        self._doom.meets("after", step)
        return result


class DoomedDoor:
    """Dies when a webhook has been read, or its answer is out."""

    def __init__(self, door: server.Door, doom: Doom) -> None:
        self._door = door
        self._doom = doom

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def reading() -> Any:
            message = await receive()
            if not message.get("more_body"):
                self._doom.meets("after", READING)
            return message

        if scope["type"] != "http" or scope["path"] != server.WEBHOOK:
            return await self._door(scope, receive, send)
        await self._door(scope, reading, send)
        await bytes_are_out()
        self._doom.meets("after", ACKNOWLEDGING)


class DoomedWire(httpx.AsyncBaseTransport):
    """Dies when the last byte of a text has left."""

    def __init__(self, doom: Doom) -> None:
        self._wire = httpx.AsyncHTTPTransport()
        self._doom = doom

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        async def trace(event: str, _: Any) -> None:
            if event == "http11.send_request_body.complete":
                await bytes_are_out()
                self._doom.meets("after", SENDING)

        if (request.method, request.url.path) == ("POST", "/v1/messages"):
            request.extensions = {**request.extensions, "trace": trace}
        return await self._wire.handle_async_request(request)

    async def aclose(self) -> None:
        await self._wire.aclose()


async def bytes_are_out() -> None:
    """Let the loop go round once: it hands what was written to the system at the round's end."""
    await asyncio.sleep(0)
