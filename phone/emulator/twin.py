"""The twin: one object that holds a line, its webhooks, its faults and its memory."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, Literal, Self

import httpx

from phone.clock import Clock, HeldClock, SystemClock
from phone.emulator import fates, moments
from phone.emulator.addresses import check_webhook_url
from phone.emulator.courier import Courier
from phone.emulator.faults import ApiFaults
from phone.emulator.line import Line
from phone.emulator.records import PROJECT, HookRecord
from phone.emulator.switches import Switches

log = logging.getLogger(__name__)

SAVE_EVERY = 0.05
"""Seconds of the machine's time over which changes are gathered before they are saved."""

Load = Callable[[], Iterable[tuple[str, str, str]]]
"""What an earlier twin saved: `(kind, id, JSON text)`, in any order."""

Save = Callable[[list[tuple[str, str, str | None]]], None]
"""Keeps changed records: `(kind, id, JSON text)`, None in place of the text for one that is gone.
Called from a thread, one batch at a time."""


class Twin:
    """AgentPhone, locally: `create_app(twin)` serves it, `async with twin:` makes it live.

    A new twin has one agent, an iMessage number and an SMS number of that agent, and the webhook if
    one is given. Nothing it does reaches further than that webhook.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int | None = None,
        api_keys: Sequence[str] = ("sk_twin",),
        agent_name: str | None = None,
        webhook_url: str | None = None,
        webhook_secret: str | None = None,
        profile: Literal["2026", "2025"] | None = None,
        switches: Switches | None = None,
        time_scale: float = 1.0,
        transport: httpx.AsyncBaseTransport | None = None,
        base_url: str | None = None,
        wall: Callable[[], float] | None = None,
        load: Load | None = None,
        save: Save | None = None,
    ) -> None:
        """Build the line; nothing is opened and nothing runs yet.

        Args:
            clock: What the line lives by. The machine's clock when left out.
            seed: Makes ids and secrets the same every time; chance decides without one.
            api_keys: The bearer tokens that are let in.
            agent_name: What the agent is called; when left out, `Threedots` or what was saved.
            webhook_url: Where the project's webhook points. Raises `Refusal` for a bad address.
            webhook_secret: Its secret; a new one is made when left out.
            profile: The shape of webhook payloads; short for the switch of that name.
            switches: The twin's choices where sources disagree.
            time_scale: What the pauses between webhook retries are multiplied by.
            transport: How webhooks leave; real HTTP when left out.
            base_url: The twin's own address for media in webhooks. When left out, the address it
                was last called by.
            wall: The time webhooks are signed with, Unix seconds: the machine's, because whoever
                checks the signature uses theirs; that of a held clock when the twin lives by one.
            load: Read once, here.
            save: Told of what changed, soon after it did and once more at the end.
        """
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.api_keys = frozenset(api_keys)
        self.switches = switches or Switches()
        if profile is not None:
            self.switches.profile = profile
        self.faults = ApiFaults()
        self.line = Line(clock=self.clock, rng=random.Random(seed), switches=self.switches)  # noqa: S311 ids, not secrets of anybody
        self._fixed_base_url = base_url
        self._called_by_client = False
        self._transport = transport
        self._save = save
        self._client: httpx.AsyncClient | None = None
        if wall is None:
            wall = self.clock.now if isinstance(self.clock, HeldClock) else time.time
        self.courier = Courier(
            self.line,
            client=self._http,
            wall=wall,
            time_scale=time_scale,
            base_url=base_url or "http://127.0.0.1:8000",
        )
        self._furnish(load, agent_name)
        if webhook_url is not None:
            self.set_webhook(webhook_url, secret=webhook_secret)

    def _furnish(self, load: Load | None, agent_name: str | None) -> None:
        if load is not None:
            self.line.load(load())
            moments.begin(self.line)
        if not self.line.agents and not self.line.numbers:
            self.line.furnish(agent_name or "Threedots")
        elif agent_name is not None and self.line.agents:
            agent = next(iter(self.line.agents.values()))
            agent.name = agent_name
            self.line.touch("agent", agent.id)

    def set_webhook(
        self,
        url: str,
        *,
        key: str = PROJECT,
        secret: str | None = None,
        context_limit: int = 10,
        timeout: int = 30,
    ) -> HookRecord:
        """Point the project's webhook, or an agent's, at an address.

        As at AgentPhone the id stays and the secret is new every time, unless one is given. Raises
        `Refusal` (422 `VALIDATION_ERROR_URL`) for an address that is neither https nor loopback.
        """
        check_webhook_url(url)
        old = self.line.hooks.get(key)
        secret = secret or self.line.mint.secret()
        previous = old.secret if old is not None and old.secret != secret else None
        hook = HookRecord(
            key=key,
            id=old.id if old else self.line.new_id(),
            url=url,
            secret=secret,
            previous_secret=previous or (old.previous_secret if old else None),
            context_limit=context_limit,
            timeout=timeout,
            created_at=self.line.now(),
        )
        return self.line.add("hook", key, hook)

    def called_at(self, base_url: str, *, by_client: bool) -> None:
        """Learn the address the twin is called by; a client's counts more than the handset's.

        A client sends its key only to the host it calls, so media must be found on that very host.
        """
        if self._fixed_base_url is None and (by_client or not self._called_by_client):
            self.courier.base_url = base_url
            self._called_by_client = by_client

    def reset(self) -> None:
        """Empty the line; its numbers, agents and webhooks stay."""
        self.faults.replace([])
        self.courier.forget()
        self.line.reset()

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        self._client = await self._stack.enter_async_context(
            httpx.AsyncClient(transport=self._transport, trust_env=False, timeout=None)  # noqa: S113 the courier sets each hook's own
        )
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())
        self.line.log.reopen()
        # What was planned while nothing ran is planned afresh with all the rest below.
        self.line.agenda.clear()
        self.line.typing.clear()
        self._running: set[asyncio.Task[None]] = set()
        self.courier.spawn = self._spawn
        self._spawn(self.line.agenda.run())
        self._stopping = asyncio.Event()
        self._saving = asyncio.Lock()
        self._tasks.create_task(self._keep_saving())
        fates.follow_all(self.line)
        self.courier.resume()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.courier.spawn = None
        self.line.log.close()
        for task in list(self._running):
            task.cancel()
        self._stopping.set()
        await self._stack.aclose()
        self._client = None
        await self.save()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def _http(self) -> httpx.AsyncClient:
        if self._client is None:
            raise RuntimeError("The twin is not running: use it inside `async with twin:`.")
        return self._client

    async def _keep_saving(self) -> None:
        """Save every now and then until the twin stops."""
        while self._save is not None and not self._stopping.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(SAVE_EVERY):
                    await self._stopping.wait()
            try:
                await self.save()
            except Exception:
                log.exception("The line could not be saved; it is tried again.")

    async def save(self) -> None:
        """Save what has changed by now; it is kept when this returns. For a twin that is live."""
        async with self._saving:
            await self._save_changes()

    async def _save_changes(self) -> None:
        if self._save is None or not (changes := self.line.take_changes()):
            return
        try:
            await asyncio.to_thread(self._save, changes)
        except BaseException:
            for kind, id, _ in changes:
                if kind != "marks":
                    self.line.touch(kind, id)
            raise
