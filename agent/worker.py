"""Takes turns: one at a time in a conversation, many conversations at once."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial

from agent.beside import keep_at
from agent.deployment import Deployment
from agent.memories import save_memories
from agent.sweep import send_loose
from agent.turn import take_turn
from memory.crashes import broke, hand_back, hand_back_all, put_aside
from memory.remembering import SWEEP_EVERY as SAVE_EVERY
from memory.store import StoreUnavailable
from memory.turns import CRASHES, LEASE, Claim, LeaseLost, claim, let_go, renew, take, void_leases

log = logging.getLogger(__name__)

URGENT = 8
"""As many more, in which somebody says STOP, START or HELP, or is in a crisis: when everything else
waits for models, these do not."""

LOOK_EVERY = 0.5
"""Seconds between looks for work nobody woke us for: another process may have written it."""

BREATH = 1.0
"""Seconds to wait after the database could not be had, or a turn broke."""


class Worker:
    """Claims conversations that are due and takes their turns, until told to stop."""

    def __init__(self, deployment: Deployment, *, name: str) -> None:
        self._deployment = deployment
        self._name = name
        self._free = asyncio.Semaphore(deployment.at_once)
        self._stopping = False
        self._stopped = asyncio.Event()
        self.busy = 0

    async def run(self) -> None:
        """Take turns until `stop`; then finish those begun and return."""
        store = self._deployment.store
        if not store.is_shared:  # whoever held a lease is dead
            await self._void_leases()
        async with asyncio.TaskGroup() as turns:
            save = partial(save_memories, self._deployment, owner=self._name)
            clock = self._deployment.clock
            saving = turns.create_task(
                keep_at("saving memories", save, every=SAVE_EVERY, clock=clock)
            )
            turns.create_task(self._take_the_urgent(turns))
            while not self._stopping:
                held = await self._claim(self._free)
                if held is None:
                    await store.wait_for_work(LOOK_EVERY)
                else:
                    turns.create_task(self._work(held, self._free))
            saving.cancel()

    async def _take_the_urgent(self, turns: asyncio.TaskGroup) -> None:
        """Answer consent words and cries for help also while no place is free for anything else."""
        lane = asyncio.Semaphore(URGENT)
        while not self._stopping:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._stopped.wait()
            while self._free.locked() and not self._stopping:
                held = await self._claim(lane, only_urgent=True)
                if held is None:
                    break
                turns.create_task(self._work(held, lane))

    def stop(self) -> None:
        """Claim nothing more; `run` returns when the turns under way are settled."""
        self._stopping = True
        self._stopped.set()
        self._deployment.store.wake()

    async def hand_back(self) -> None:
        """Give back what was cut off, once `run` has been cancelled: nobody has to wait for it."""
        give = partial(hand_back_all, owner=self._name, now=self._deployment.clock.now())
        with suppress(StoreUnavailable):
            await self._deployment.store.write(give)

    async def _void_leases(self) -> None:
        while not self._stopping:
            try:
                return await self._deployment.store.write(void_leases)
            except StoreUnavailable as error:
                log.warning("no work can be claimed: %s", error)
                await asyncio.sleep(BREATH)

    async def _claim(self, places: asyncio.Semaphore, *, only_urgent: bool = False) -> Claim | None:
        """The next conversation that is due, once there is a place for one more."""
        await places.acquire()
        held = None
        try:
            now = self._deployment.clock.now()
            look = partial(claim, owner=self._name, only_urgent=only_urgent, now=now)
            held = await self._deployment.store.write(look)
        except StoreUnavailable as error:
            log.warning("no work can be claimed: %s", error)
            await asyncio.sleep(BREATH)
        finally:
            if held is None:
                places.release()
        return held

    async def _work(self, held: Claim, places: asyncio.Semaphore) -> None:
        """Take this conversation's turns until nothing waits in it, holding on to the lease."""
        self.busy += 1
        try:
            async with asyncio.TaskGroup() as both:
                renewing = both.create_task(self._hold_on(held))
                await self._take_turns(held)
                renewing.cancel()
        except* LeaseLost:
            log.warning("conversation %s is somebody else's now", held.mailbox_id)
        except* StoreUnavailable as error:
            log.warning(
                "a turn in conversation %s was interrupted: %s", held.mailbox_id, _one(error)
            )
            await self._wait_for_the_store(held)
        except* Exception as error:
            # The one place that catches everything: a bug in one turn must not stop the others. The
            # turn stays running, and is taken up again when the lease has run out.
            log.exception("a turn in conversation %s broke", held.mailbox_id)
            await self._note(held, type(_one(error)).__name__)
        finally:
            self.busy -= 1
            places.release()

    async def _take_turns(self, held: Claim) -> None:
        deployment = self._deployment
        while not self._stopping:
            await send_loose(deployment, held)
            burst = await deployment.store.write(
                partial(
                    take,
                    claim=held,
                    turn_id=deployment.new_id(),
                    kind=deployment.session,
                    now=deployment.clock.now(),
                )
            )
            if burst is None:
                return
            if burst.turn.attempts > CRASHES:  # whoever died in it could not say so
                await self._put_aside(held, burst.turn.id)
            else:
                await take_turn(deployment, held, burst)
        with suppress(StoreUnavailable):
            await deployment.store.write(partial(let_go, claim=held, now=deployment.clock.now()))

    async def _put_aside(self, held: Claim, turn_id: str) -> None:
        aside = partial(put_aside, claim=held, turn_id=turn_id, now=self._deployment.clock.now())
        await self._deployment.store.write(aside)
        log.error("turn %s kept breaking; see: threedots dead-letters list", turn_id)

    async def _note(self, held: Claim, error: str) -> None:
        """Count a turn that broke; one that broke too often is put aside, and the rest goes on."""
        note = partial(broke, claim=held, error=error, now=self._deployment.clock.now())
        with suppress(StoreUnavailable):
            if await self._deployment.store.write(note):
                log.error(
                    "a turn in conversation %s kept breaking; see: threedots dead-letters list",
                    held.mailbox_id,
                )
                self._deployment.store.wake()

    async def _wait_for_the_store(self, held: Claim) -> None:
        """Give the conversation back as soon as the database can be had: nothing broke here."""
        while not self._stopping:
            back = partial(hand_back, claim=held, now=self._deployment.clock.now())
            try:
                return await self._deployment.store.write(back)
            except StoreUnavailable:
                await asyncio.sleep(BREATH)

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


def _one(error: BaseException) -> BaseException:
    """The first exception inside of groups of them."""
    return _one(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
