"""The phone in a terminal: one person texting the line, over the handset API and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import httpx
from rich.console import Console
from rich.text import Text

ME = "+15555550123"
"""Who one is in the terminal: a number nobody has."""

HELP = (
    "Write and press Enter. /sms and /imessage switch the channel, /like, /love… tap back, "
    "Ctrl-D ends."
)

SIGNS = {
    "love": "❤️",
    "like": "👍",
    "dislike": "👎",
    "laugh": "😂",
    "emphasize": "‼️",
    "question": "❓",
}


class Running(Protocol):
    """The twin with whatever answers behind it: an ASGI application that must be running."""

    def running(self) -> AbstractAsyncContextManager[None]:
        """Both at work, until the block ends."""
        ...

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None: ...


async def chat(local: Running, *, console: Console, channel: str, verbose: bool) -> None:
    """Read lines, text them, and show what comes back, until the input ends."""
    transport = httpx.ASGITransport(app=local)
    async with (
        local.running(),
        httpx.AsyncClient(transport=transport, base_url="http://twin.local", timeout=60.0) as http,
    ):
        terminal = Terminal(http, console, channel=channel, verbose=verbose)
        await terminal.begin()
        watching = asyncio.create_task(terminal.watch())
        try:
            await terminal.write()
            await terminal.settle()
        finally:
            watching.cancel()


class Terminal:
    """One person's side of one conversation."""

    def __init__(
        self, http: httpx.AsyncClient, console: Console, *, channel: str, verbose: bool
    ) -> None:
        self._http = http
        self._console = console
        self._channel = channel
        self._verbose = verbose
        self._seen = 0
        self._conversation: str | None = None
        self._shown: dict[str, tuple[Any, ...]] = {}
        self._newest: str | None = None
        self._quiet = asyncio.Event()

    async def begin(self) -> None:
        """Say who is there, and start from now: what was said earlier is not shown again."""
        line = (await self._http.get("/handset/line")).json()
        await self._http.post("/handset/people", json={"handle": ME, "name": "You"})
        events = (await self._http.get("/handset/events", params={"after": 0, "wait": 0})).json()
        self._seen = events["last"]
        name = line["agents"][0]["name"] if line["agents"] else "the line"
        self._console.print(f"Texting {name} by {self._channel}. {HELP}", style="dim")

    async def write(self) -> None:
        """Text every line that is typed; return when the input ends."""
        async for line in _lines():
            if line.startswith("/"):
                await self._command(line[1:].split())
            elif line.strip():
                await self._text(line)

    async def _text(self, body: str) -> None:
        self._quiet.clear()
        message = {"from_handle": ME, "body": body, "channel": self._channel}
        answer = await self._http.post("/handset/messages", json=message)
        if answer.is_success:
            self._conversation = answer.json()["conversation_id"]
        else:
            self._console.print(answer.text, style="red")

    async def _command(self, words: list[str]) -> None:
        match words:
            case ["sms" | "imessage" as channel]:
                self._channel = channel
                self._console.print(f"By {channel} from now on.", style="dim")
            case [reaction] if reaction in SIGNS and self._newest:
                tapback = {"from_handle": ME, "message_id": self._newest, "reaction": reaction}
                await self._http.post("/handset/reactions", json=tapback)
            case _:
                self._console.print(HELP, style="dim")

    async def watch(self) -> None:
        """Show what happens on the line, as it happens."""
        while True:
            query = {"after": self._seen, "wait": 25}
            answer = (await self._http.get("/handset/events", params=query)).json()
            for event in answer["events"]:
                self._show(event)
            self._seen = max(self._seen, answer["last"])

    async def settle(self, *, patience: float = 15.0) -> None:
        """After the input has ended (it was piped in), wait until the agent has answered."""
        if self._conversation is None:
            return
        try:
            async with asyncio.timeout(patience):
                await self._quiet.wait()
                await asyncio.sleep(0.5)
        except TimeoutError:
            return

    def _show(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "message" if event.get("direction") == "outbound":
                self._bubble(event)
            case "reaction" if event.get("from_handle") != ME:
                reaction = event["reaction"]["reaction"]
                self._console.print(f"  {SIGNS.get(reaction, reaction)}", style="magenta")
                self._quiet.set()
            case "typing" if event.get("typing"):
                self._console.print("  …", style="dim")
            case "background":
                self._console.print("  (the background changed)", style="dim")
            case "api_call" if self._verbose:
                self._console.print(
                    f"  {event['method']} {event['path']} → {event['status']}", style="dim"
                )

    def _bubble(self, message: dict[str, Any]) -> None:
        """One bubble, again only when what it says about itself has changed to a failure."""
        state = (message.get("body"), message.get("status") == "failed")
        if self._shown.get(message["id"]) == state:
            return
        self._shown[message["id"]] = state
        self._newest = message["id"]
        notes = [
            message.get("send_style"),
            "in thread" if message.get("reply_to_message_id") else None,
        ]
        if message.get("status") == "failed":
            notes.append(f"not delivered: {message.get('failure_reason')}")
        notes += message.get("media_urls") or []
        text = Text("  ")
        text.append(message.get("body") or "", style="bold cyan")
        if shown := ", ".join(note for note in notes if note):
            text.append(f"  ({shown})", style="dim")
        self._console.print(text)
        self._quiet.set()


async def _lines() -> AsyncIterator[str]:
    """Lines from the keyboard (or a pipe), without holding up what is shown meanwhile."""
    while True:
        try:
            yield await asyncio.to_thread(input)
        except EOFError:
            return
