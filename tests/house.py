"""The real harness and the real twin in one process, and the handset as the only way in.

async def story(house: House) -> None:
    sent = await house.text("hi")
    await house.settled(turns=1)
    screen = await house.screen(sent.conversation_id)
    assert screen.last["body"] == "hello"

run(story, script("hello"))
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from pydantic_ai import BinaryContent
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.toolsets import AbstractToolset
from sqlmodel import Session, col, select

from evals.local import KEY, Local, local_settings
from memory import engines, schema
from memory.tables import Bubble, Mailbox, Message, Transcript, Turn
from memory.transcript import TurnRecord
from phone.clock import Clock, HeldClock, utc
from phone.emulator.records import PROJECT
from phone.webhook import sign
from tools.hands import Hands

ANA = "+14155550123"
BEN = "+14155550124"
KIM = "kim@example.com"
PATIENCE = 20.0
"""Seconds until a test that waits for something gives up."""

Story = Callable[["House"], Awaitable[None]]
Wire = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]


def call(tool: str, **arguments: Any) -> ToolCallPart:
    """A tool call in a script."""
    return ToolCallPart(tool, arguments)


@dataclass
class Script:
    """A model that plays what is written, response by response, and keeps what it was asked."""

    responses: list[list[ModelResponsePart] | Exception]
    seen: list[list[ModelMessage]] = field(default_factory=list)
    infos: list[AgentInfo] = field(default_factory=list)
    last_for_ever: bool = False
    """Whether the last response is given again and again."""

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return self.play(messages, info)

    def play(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        """The next response."""
        self.seen.append(list(messages))
        self.infos.append(info)
        if not self.responses:
            raise AssertionError("the model was asked more often than the script has answers")
        response = self.responses[0] if self._is_at_its_end else self.responses.pop(0)
        if isinstance(response, Exception):
            raise response
        return ModelResponse(parts=response)

    @property
    def _is_at_its_end(self) -> bool:
        return self.last_for_ever and len(self.responses) == 1

    @property
    def is_played(self) -> bool:
        """Whether nothing is left that the model should still have been asked for."""
        return not self.responses or self._is_at_its_end

    @property
    def model(self) -> FunctionModel:
        return FunctionModel(self, model_name="script")

    def asked(self, place: int = -1) -> list[str]:
        """The user messages of the newest request the model saw, as text, without our context."""
        parts = [
            part
            for message in self.seen[place]
            if isinstance(message, ModelRequest)
            for part in message.parts
            if isinstance(part, UserPromptPart)
        ]
        starts = [i for i, part in enumerate(parts) if _text(part).startswith("[About this")]
        return [_text(part) for part in parts[starts[-1] + 1 :]]

    def context(self, place: int = -1) -> str:
        """Our context in the newest request the model saw, without the marks around data."""
        found = [
            _text(part)
            for message in self.seen[place]
            if isinstance(message, ModelRequest)
            for part in message.parts
            if isinstance(part, UserPromptPart) and _text(part).startswith("[About this")
        ]
        return re.sub(r"</?data-[0-9a-f]{8}>", "", found[-1])

    def told(self, place: int = -1) -> list[str]:
        """What the tools answered in the last message of a request."""
        return [str(p.content) for p in self.seen[place][-1].parts if isinstance(p, ToolReturnPart)]

    def retried(self, place: int = -1) -> list[str]:
        """What the last message of a request sent back to the model, to be done otherwise."""
        return [
            str(part.content)
            for part in self.seen[place][-1].parts
            if (isinstance(part, ToolReturnPart) and part.outcome == "retried")
            or (isinstance(part, UserPromptPart) and "retry_feedback" in _text(part))
        ]

    def talk(self, place: int = -1) -> list[str]:
        """The words of all messages of a request, in order: theirs, and what the model said."""
        return [
            _text(part) if isinstance(part, UserPromptPart) else part.content
            for message in self.seen[place]
            for part in message.parts
            if isinstance(part, TextPart)
            or (isinstance(part, UserPromptPart) and not _text(part).startswith("[About this"))
        ]

    def pictures(self, place: int = -1) -> list[BinaryContent]:
        """The pictures the model saw in a request."""
        return [
            item
            for message in self.seen[place]
            for part in message.parts
            if isinstance(part, UserPromptPart) and not isinstance(part.content, str)
            for item in part.content
            if isinstance(item, BinaryContent)
        ]

    def tools(self, place: int = -1) -> dict[str, set[str]]:
        """Each tool the model was offered, with the names of its arguments."""
        return {
            tool.name: set(tool.parameters_json_schema.get("properties", {}))
            for tool in self.infos[place].function_tools
        }


def _text(part: UserPromptPart) -> str:
    content = part.content if isinstance(part.content, str) else part.content[0]
    return content if isinstance(content, str) else ""


class Gated(Script):
    """A scripted model that thinks until it is told to go on.

    Attributes:
        thinking: How many requests it thinks about just now.
    """

    def __init__(
        self, responses: list[list[ModelResponsePart] | Exception], *, last_for_ever: bool
    ) -> None:
        super().__init__(responses, last_for_ever=last_for_ever)
        self.thinking = 0
        self._gate = asyncio.Event()

    async def __call__(  # type: ignore[override]
        self, messages: list[ModelMessage], info: AgentInfo
    ) -> ModelResponse:
        self.thinking += 1
        try:
            await self._gate.wait()
        finally:
            self.thinking -= 1
        return self.play(messages, info)

    async def is_thinking(self, *, about: int = 1) -> None:
        """Wait until it thinks about so many requests at once."""
        async with asyncio.timeout(PATIENCE):
            while self.thinking < about:  # noqa: ASYNC110  # a count, not one event
                await asyncio.sleep(0.005)

    def go_on(self) -> None:
        """Let it answer, now and from now on."""
        self._gate.set()

    def go_on_once(self) -> None:
        """Let it answer what it thinks about now, and think about what comes next."""
        self._gate.set()
        self._gate = asyncio.Event()


Response = str | ToolCallPart | Sequence[str | ToolCallPart] | Exception


def script(*responses: Response, last_for_ever: bool = False) -> Script:
    """A scripted model: each response is words, a tool call, several of them, or an error."""
    return Script([_response(response) for response in responses], last_for_ever=last_for_ever)


def gated(*responses: Response, last_for_ever: bool = False) -> Gated:
    """The same, thinking about each request until `go_on`."""
    return Gated([_response(response) for response in responses], last_for_ever=last_for_ever)


def _response(response: Response) -> list[ModelResponsePart] | Exception:
    if isinstance(response, Exception):
        return response
    parts = [response] if isinstance(response, str | ToolCallPart) else response
    return [TextPart(part) if isinstance(part, str) else part for part in parts]


@dataclass
class Sent:
    """What the handset answered to a text."""

    message_ids: list[str]
    conversation_id: str
    channel: str


@dataclass
class Screen:
    """What is on the person's screen."""

    data: dict[str, Any]

    @property
    def outbound(self) -> list[dict[str, Any]]:
        return [m for m in self.data["messages"] if m["direction"] == "outbound"]

    @property
    def bodies(self) -> list[str]:
        return [m["body"] for m in self.outbound]

    @property
    def last(self) -> dict[str, Any]:
        return self.outbound[-1]

    def message(self, message_id: str) -> dict[str, Any]:
        return next(m for m in self.data["messages"] if m["id"] == message_id)


class House:
    """Everything running, with the hands of the people at the other end.

    Attributes:
        clock: What everything lives by, when a test holds it.
    """

    def __init__(self, local: Local, http: httpx.AsyncClient, clock: Clock | None = None) -> None:
        self.local = local
        self.http = http
        self.clock = clock

    async def text(self, body: str = "", *, from_handle: str = ANA, **fields: Any) -> Sent:
        answer = await self._post("messages", {"from_handle": from_handle, "body": body, **fields})
        ids = [message["id"] for message in answer["messages"]]
        return Sent(ids, answer["conversation_id"], answer["channel"])

    async def tap(self, message_id: str, reaction: str, *, from_handle: str = ANA) -> None:
        body = {"from_handle": from_handle, "message_id": message_id, "reaction": reaction}
        await self._post("reactions", body)

    async def person(self, handle: str, **fields: Any) -> None:
        await self._post("people", {"handle": handle, **fields})

    async def group(self, *members: str, **fields: Any) -> dict[str, Any]:
        return await self._post("groups", {"members": list(members), **fields})

    async def fail(self, method: str, path: str, **fields: Any) -> None:
        """Make the next API call like this fail."""
        await self.faults({"method": method, "path": path, **fields})

    async def faults(self, *faults: dict[str, Any]) -> None:
        """Make these API calls fail, in this order; without any, nothing fails from now on."""
        (await self.http.put("/handset/faults", json=list(faults))).raise_for_status()

    async def switch(self, **switches: Any) -> None:
        """Change how the twin behaves where sources about AgentPhone disagree."""
        (await self.http.put("/handset/switches", json=switches)).raise_for_status()

    async def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """A call of AgentPhone's API by somebody else with a key: a dashboard, a CRM."""
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = await self.http.request(method, f"/v1/{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def edit_metadata(self, conversation_id: str, metadata: Any) -> None:
        """Somebody replaces a conversation's metadata."""
        await self.api("PATCH", f"conversations/{conversation_id}", {"metadata": metadata})

    async def by_the_owner(self, conversation_id: str, body: str) -> str:
        """The owner writes in AgentPhone's dashboard, in the agent's place; the message's id."""
        told = {"conversation_id": conversation_id, "body": body}
        return str((await self._post("dashboard/messages", told))["messages"][0]["id"])

    async def human_mode(self, conversation_id: str, *, on: bool) -> None:
        """The owner sets the flag in AgentPhone's dashboard by which they have a conversation."""
        told = {"conversation_id": conversation_id, "on": on}
        answer = await self.http.put("/handset/dashboard/human-mode", json=told)
        answer.raise_for_status()

    async def metadata(self, conversation_id: str) -> Any:
        """The conversation's metadata as AgentPhone has it."""
        return (await self.screen(conversation_id)).data["metadata"]

    @property
    def webhook_secret(self) -> str:
        return self.local.twin.line.hooks[PROJECT].secret

    async def webhook(
        self, body: dict[str, Any] | bytes, *, webhook_id: str = "del_1", **changes: str | None
    ) -> httpx.Response:
        """Deliver a webhook by hand, signed just now.

        `signature` and `timestamp` replace those headers; None leaves the header out.
        """
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        assert self.local.deployment is not None
        timestamp = str(changes.get("timestamp") or int(self.local.deployment.clock.now()))
        right = sign(raw, secret=self.webhook_secret, timestamp=int(timestamp))
        headers = {
            "X-Webhook-Signature": changes.get("signature", right),
            "X-Webhook-Timestamp": changes.get("timestamp", timestamp),
            "X-Webhook-ID": webhook_id,
        }
        given = {name: value for name, value in headers.items() if value is not None}
        return await self.http.post("/webhooks/agentphone", content=raw, headers=given)

    async def webhook_fault(self, action: str, **fields: Any) -> None:
        fault = {"action": action, **fields}
        (await self.http.put("/handset/webhook-faults", json=[fault])).raise_for_status()

    async def picture(self, data: bytes, content_type: str) -> str:
        headers = {"Content-Type": content_type}
        answer = await self.http.post("/handset/media", content=data, headers=headers)
        answer.raise_for_status()
        return str(answer.json()["url"])

    async def line(self) -> dict[str, Any]:
        return (await self.http.get("/handset/line")).json()

    async def sms_number(self) -> str:
        numbers = (await self.line())["numbers"]
        return next(n["phone_number"] for n in numbers if n["type"] == "sms")

    async def screen(self, conversation_id: str) -> Screen:
        answer = await self.http.get(f"/handset/conversations/{conversation_id}")
        answer.raise_for_status()
        return Screen(answer.json())

    async def events(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Everything that happened on the line so far."""
        answer = await self.http.get("/handset/events", params={"after": 0, "wait": 0})
        return [e for e in answer.json()["events"] if kind in (None, e["type"])]

    async def happened(self, kind: str, *, times: int = 1) -> list[dict[str, Any]]:
        """Wait until this has happened so many times on the line."""
        async with asyncio.timeout(PATIENCE):
            while len(found := await self.events(kind)) < times:  # noqa: ASYNC110  # seen by asking
                await asyncio.sleep(0.02)
        return found

    async def calls(self, method: str, path_end: str) -> list[dict[str, Any]]:
        """The API calls the harness made, by method and the end of their path."""
        events = await self.events("api_call")
        return [e for e in events if e["method"] == method and e["path"].endswith(path_end)]

    async def settled(self, *, turns: int) -> list[Turn]:
        """Wait until so many turns are settled and nothing is due; return them, oldest first."""
        async with asyncio.timeout(PATIENCE):
            while True:
                done, due = await self.read(_settled)
                if len(done) >= turns and not due:
                    return done
                await asyncio.sleep(0.02)

    async def until(self, work: Callable[[Session], Any]) -> None:
        """Wait until the database says so."""
        async with asyncio.timeout(PATIENCE):
            while not await self.read(work):  # noqa: ASYNC110  # a database rings no bell
                await asyncio.sleep(0.005)

    async def settled_in(self, conversation_id: str) -> None:
        """Wait until a turn of this conversation is settled, whatever goes on in others."""
        done = select(Turn.id).join(Mailbox, col(Mailbox.id) == Turn.mailbox_id)
        done = done.where(Mailbox.conversation_id == conversation_id, Turn.state == "settled")
        await self.until(lambda session: session.exec(done).first())

    async def stored(self, count: int) -> None:
        """Wait until so many inbound messages have been committed."""
        await self.until(lambda session: len(session.exec(select(Message.id)).all()) >= count)

    async def waits_to_send(self, code: str) -> None:
        """Wait until a bubble waits to be sent again, for this reason."""
        waiting = select(Bubble.id).where(Bubble.state == "prepared", Bubble.code == code)
        await self.until(lambda session: session.exec(waiting).first())

    async def sleeps(self, seconds: float) -> None:
        """Wait until somebody sleeps for so long: who has not begun would sleep on afterwards."""
        assert isinstance(self.clock, HeldClock)
        async with asyncio.timeout(PATIENCE):
            while all(  # noqa: ASYNC110  # falling asleep rings no bell
                abs(left - seconds) > 0.001 for left in self.clock.sleepers
            ):
                await asyncio.sleep(0.005)

    async def pass_time(self, seconds: float, *, step: float = 5.0) -> None:
        """Move the held clock on in small steps, so that whoever holds a lease can renew it."""
        assert isinstance(self.clock, HeldClock)
        until = self.clock.now() + seconds
        while (left := until - self.clock.now()) > 0:
            asleep = len(self.clock.sleepers)
            self.clock.advance(min(left, step))
            await asyncio.sleep(0.01)
            with suppress(TimeoutError):  # who was woken sleeps again, unless it is at an end
                async with asyncio.timeout(0.2):
                    while len(self.clock.sleepers) < asleep:  # noqa: ASYNC110  # a count rings no bell
                        await asyncio.sleep(0.005)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await self.until(self._leases_are_renewed)

    async def pass_time_until_settled(self, *, turns: int, at_most: float) -> None:
        """Move the held clock on until so many turns are settled, for so many seconds at most."""
        for _ in range(round(at_most / 2.5)):
            await self.pass_time(2.5)
            done, due = await self.read(_settled)
            if len(done) >= turns and not due:
                return
        # The clock stands now; a slow machine may still have work to do that needs no more of it.
        try:
            await self.settled(turns=turns)
        except TimeoutError:
            raise AssertionError(f"{turns} turns not settled within {at_most} seconds") from None

    def _leases_are_renewed(self, session: Session) -> bool:
        assert self.clock is not None
        leases = session.exec(select(col(Mailbox.leased_until))).all()
        soon = utc(self.clock.now() + 7.4)
        return all(lease is None or lease > soon for lease in leases)

    async def answered(self, conversation_id: str, *, turns: int = 1) -> Screen:
        """The screen after so many turns."""
        await self.settled(turns=turns)
        return await self.screen(conversation_id)

    async def read(self, work: Callable[[Session], Any]) -> Any:
        assert self.local.deployment is not None
        return await self.local.deployment.store.read(work)

    async def rows(self, table: type[Any]) -> list[Any]:
        return await self.read(lambda session: list(session.exec(select(table)).all()))

    async def records(self) -> list[TurnRecord]:
        """The records of the settled turns, in the order in which they were settled."""
        rows = sorted(await self.rows(Transcript), key=lambda row: row.id)
        return [TurnRecord.model_validate_json(row.record) for row in rows]

    async def bubbles(self) -> list[Bubble]:
        return sorted(await self.rows(Bubble), key=lambda bubble: bubble.position)

    async def messages(self) -> list[Message]:
        return sorted(await self.rows(Message), key=lambda message: message.ref)

    async def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.post(f"/handset/{path}", json=body)
        assert answer.is_success, answer.text
        result: dict[str, Any] = answer.json()
        return result


def _settled(session: Session) -> tuple[list[Turn], bool]:
    settled = select(Turn).where(Turn.state == "settled").order_by(col(Turn.settled_at))
    due = session.exec(select(Mailbox.id).where(col(Mailbox.due_at).is_not(None))).first()
    return list(session.exec(settled).all()), due is not None


@cache
def _new_database() -> bytes:
    """An empty database with its tables: to make one takes as long as a short story."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "new.db"
        engine = engines.writer_engine(engines.database(f"sqlite:///{path}"))
        schema.upgrade(engine)
        engine.dispose()
        return path.read_bytes()


@asynccontextmanager
async def living(
    model: FunctionModel,
    *,
    folder: Path,
    clock: Clock | None = None,
    settings: dict[str, Any] | None = None,
    wire: Wire | None = None,
    more: Sequence[AbstractToolset[Hands]] = (),
) -> AsyncIterator[House]:
    """A house at work, its database in this folder.

    Args:
        more: Tools beyond those of the agent.
        wire: Puts something between the harness and the twin.
    """
    database = folder / "phone.db"
    if not database.exists():  # nothing else runs yet
        database.write_bytes(_new_database())
    base = local_settings("http://127.0.0.1:8000", database=database)
    chosen = base.model_copy(update={"threedots_quiet_for": 0.0} | (settings or {}))
    local = Local(chosen, model, clock=clock, in_process=True, more=more)
    if wire is not None:
        assert local.transport is not None
        local.transport = wire(local.transport)
    transport = httpx.ASGITransport(app=local)
    async with (
        local.running(),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as http,
    ):
        yield House(local, http, clock)


async def crash(
    story: Story, model: FunctionModel, *, folder: Path, wire: Wire | None = None
) -> None:
    """Play a story and then stop in the middle of whatever is under way, letting nothing settle."""
    told = asyncio.Event()

    async def live() -> None:
        async with living(model, folder=folder, wire=wire) as house:
            await story(house)
            told.set()
            await asyncio.Event().wait()

    life, end = asyncio.create_task(live()), asyncio.create_task(told.wait())
    await asyncio.wait([life, end], return_when=asyncio.FIRST_COMPLETED)
    end.cancel()
    life.cancel()
    await asyncio.wait([life], timeout=0.1)
    life.cancel()  # the first asked it to stop, which waits for turns to settle; this one does not
    with suppress(asyncio.CancelledError):
        await life


def run(
    story: Story,
    played: Script,
    *,
    clock: Clock | None = None,
    settings: dict[str, Any] | None = None,
    folder: Path | None = None,
    wire: Wire | None = None,
    more: Sequence[AbstractToolset[Hands]] = (),
) -> None:
    """Play a story in a house of its own, and see that the whole script was used."""

    async def play(where: Path) -> Exception | None:
        async with living(
            played.model, folder=where, clock=clock, settings=settings, wire=wire, more=more
        ) as house:
            try:
                await story(house)
            except Exception as error:
                return error  # raised outside, or it would come wrapped in the house's task groups
        return None

    with tempfile.TemporaryDirectory() as fallback:
        failed = asyncio.run(play(folder or Path(fallback)))
    if failed is not None:
        raise failed
    assert played.is_played, "the script has answers the model was never asked for"
