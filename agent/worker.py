"""Takes turns: one at a time in a conversation, many conversations at once."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial

from agent.deployment import Deployment
from agent.turn import take_turn
from memory.store import StoreUnavailable
from memory.turns import LEASE, Claim, LeaseLost, claim, let_go, renew, take, void_leases

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Conversations worked on at the same time by one process."""

LOOK_EVERY = 0.5
"""Seconds between looks for work nobody woke us for: another process may have written it."""

BREATH = 1.0
"""Seconds to wait after the database could not be had, or a turn broke."""


class Worker:
    """Claims conversations that are due and takes their turns, until told to stop."""

    def __init__(self, deployment: Deployment, *, name: str) -> None:
        self._deployment = deployment
        self._name = name
        self._free = asyncio.Semaphore(AT_ONCE)
        self._stopping = False
        self.busy = 0

    async def run(self) -> None:
        """Take turns until `stop`; then finish those begun and return."""
        store = self._deployment.store
        if store.is_sqlite:  # ours alone: whoever held a lease is dead
            await store.write(void_leases)
        async with asyncio.TaskGroup() as turns:
            while not self._stopping:
                held = await self._claim()
                if held is None:
                    await store.wait_for_work(LOOK_EVERY)
                else:
                    turns.create_task(self._work(held))

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the turns under way are settled."""
        self._stopping = True
        self._deployment.store.wake()

    async def _claim(self) -> Claim | None:
        """The next conversation that is due, once there is room for one more."""
        await self._free.acquire()
        held = None
        try:
            now = self._deployment.clock.now()
            held = await self._deployment.store.write(partial(claim, owner=self._name, now=now))
        except StoreUnavailable as error:
            log.warning("no work can be claimed: %s", error)
            await asyncio.sleep(BREATH)
        finally:
            if held is None:
                self._free.release()
        return held

    async def _work(self, held: Claim) -> None:
        """Take this conversation's turns until nothing waits in it, holding on to the lease."""
        self.busy += 1
        try:
            async with asyncio.TaskGroup() as both:
                renewing = both.create_task(self._hold_on(held))
                await self._take_turns(held)
                renewing.cancel()
        except* LeaseLost:
            log.warning("conversation %s is somebody else's now", held.mailbox_id)
        except* Exception:
            # The one place that catches everything: a bug in one turn must not stop the others. The
            # turn stays running, and is taken up again when the lease has run out.
            log.exception("a turn in conversation %s broke", held.mailbox_id)
        finally:
            self.busy -= 1
            self._free.release()

    async def _take_turns(self, held: Claim) -> None:
        deployment = self._deployment
        while not self._stopping:
            burst = await deployment.store.write(
                partial(take, claim=held, turn_id=deployment.new_id(), now=deployment.clock.now())
            )
            if burst is None:
                return
            await take_turn(deployment, held, burst)
        with suppress(StoreUnavailable):
            await deployment.store.write(partial(let_go, claim=held, now=deployment.clock.now()))

    async def _hold_on(self, held: Claim) -> None:
        """Renew the lease while the turn goes on. Raises LeaseLost, which ends the turn."""
        clock, store = self._deployment.clock, self._deployment.store
        while True:
            await clock.sleep(LEASE / 3)
            try:
                if not await store.write(partial(renew, claim=held, now=clock.now())):
                    raise LeaseLost(f"conversation {held.mailbox_id}")
            except StoreUnavailable as error:
                log.warning(
                    "the lease of conversation %s was not renewed: %s", held.mailbox_id, error
                )
