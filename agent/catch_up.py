"""Catching up: what was written while we could not hear is read back from AgentPhone.

at the start                     from the last message that reached us
after AgentPhone was away, or    from when it last answered
this process stood still
when a webhook was given up      from when it was first tried
"""

from __future__ import annotations

import logging
import math
from datetime import datetime, timedelta
from functools import partial

from agent.deployment import Deployment
from memory.catching_up import FRESH_FOR, Place, ReadBack, known, last_seen, take_in
from memory.store import StoreUnavailable
from phone.account import WebhookDelivery
from phone.clock import utc
from phone.errors import NotFound, PhoneError

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=5)
"""How much further back is read: AgentPhone's clock and ours may differ, and webhooks overtake
each other."""

LOOK_EVERY = 60.0
"""Seconds between two looks at whether AgentPhone answers and its webhooks arrive."""

GAP = 60.0
"""Seconds beyond that without an answer from AgentPhone after which something may be missing."""

LOOK_BACK = 24
"""Hours of webhook deliveries that are looked through: AgentPhone's own default."""

PATIENCE = 5
"""How often a conversation that cannot be read is tried, a look apart."""


class CatchUp:
    """Sees to it that every text reaches the inbox, with a webhook or without."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._answered_at = deployment.clock.now()
        self._beginning: datetime | None = None
        self._mourned: set[str] = set()

    async def run(self) -> None:
        """Catch up now, and whenever a gap shows, until cancelled."""
        since: datetime | None = await self._start()
        # AgentPhone's times end at the millisecond: what came in this one comes by webhook.
        until, failures = math.floor(self._answered_at * 1000) / 1000, 0
        while True:
            complete = since is None or await self._try(since, until)
            failures = 0 if complete else failures + 1
            if failures == PATIENCE:
                log.error("what was written since %s could not all be read; giving up", since)
            if complete or failures == PATIENCE:
                since, failures = None, 0
            await self._deployment.clock.sleep(LOOK_EVERY)
            gap, until = await self._gap(), self._deployment.clock.now()
            since = min((at for at in (since, gap) if at is not None), default=None)

    async def _start(self) -> datetime:
        """From when to read at the start. What was before our very first one concerns nobody."""
        clock = self._deployment.clock
        while True:
            try:
                seen = await self._deployment.store.read(last_seen)
            except StoreUnavailable as error:
                log.warning("it cannot be seen what was missed: %s", error)
                await clock.sleep(1.0)
                continue
            if seen is None:
                self._beginning = utc(clock.now()) - FRESH_FOR
            return min(seen or utc(clock.now()) - FRESH_FOR, utc(clock.now()))

    async def _try(self, since: datetime, until: float) -> bool:
        try:
            return await catch_up(self._deployment, since, until=utc(until))
        except (PhoneError, StoreUnavailable) as error:
            log.warning("what was missed could not be read: %s", error)
            return False

    async def _gap(self) -> datetime | None:
        """Since when something may be missing; None when all is well, or nobody can be asked."""
        clock, quiet_since = self._deployment.clock, self._answered_at
        try:
            lost = await self._given_up()
        except (PhoneError, StoreUnavailable) as error:
            log.warning("it cannot be seen whether webhooks arrive: %s", error)
            return None
        self._answered_at = clock.now()
        if self._answered_at - quiet_since > LOOK_EVERY + GAP:
            log.warning("nothing was heard for %.0f s", self._answered_at - quiet_since)
            return min(utc(quiet_since), lost or utc(quiet_since))
        return lost

    async def _given_up(self) -> datetime | None:
        """When the first message was delivered in vain that never reached us otherwise."""
        away = math.ceil((self._deployment.clock.now() - self._answered_at) / 3600)
        hours = min(max(LOOK_BACK, away), 168)
        deliveries = await self._deployment.phone.webhook_deliveries(hours=hours)
        failed = [one for one in deliveries if self._is_news(one)]
        ids = [one.message_id for one in failed if one.message_id]
        have = await self._deployment.store.read(partial(known, message_ids=ids))
        self._mourned |= {one.id for one in failed}
        times = [one.created_at for one in failed if one.message_id not in have]
        return min((at for at in times if at is not None), default=None)

    def _is_news(self, delivery: WebhookDelivery) -> bool:
        at, first = delivery.created_at, self._beginning
        return (
            delivery.status == "failed"
            and delivery.event_type in (None, "agent.message")
            and delivery.id not in self._mourned
            and (first is None or at is None or at >= first)
        )


async def catch_up(deployment: Deployment, since: datetime, *, until: datetime) -> bool:
    """Take in what was written since then and did not reach us; whether all of it could be read.

    What was written after `until` comes by webhook. Raises PhoneError and StoreUnavailable.
    """
    reads, complete = [], True
    async for conversation in deployment.phone.conversations():
        at = conversation.last_message_at
        if at is not None and at < since - OVERLAP:
            break  # the latest written in come first
        if conversation.created_at is not None and conversation.created_at >= until:
            continue
        try:
            messages = deployment.phone.messages(
                conversation.id, after=since - OVERLAP, before=until
            )
            reads.append(ReadBack(conversation, [message async for message in messages]))
        except NotFound:
            continue  # deleted while we read
        except PhoneError as error:
            log.warning("conversation %s could not be read back: %s", conversation.id, error)
            complete = False
    await _take_in(deployment, reads)
    return complete


async def _take_in(deployment: Deployment, reads: list[ReadBack]) -> None:
    stored = due = 0
    reached: Place | None = None
    while True:
        caught = await deployment.store.write(
            partial(
                take_in,
                reads=reads,
                now=deployment.clock.now(),
                own_numbers=frozenset(deployment.own_numbers),
                ears=deployment.guard.ears,
                after=reached,
                held_for=deployment.held_for,
            )
        )
        stored, due, reached = stored + caught.stored, due + caught.due, caught.reached
        if caught.due:
            deployment.store.wake()
        if reached is None:
            break
    if stored:
        deployment.meters.missed(stored)
        log.warning("%d messages had been missed; %d are answered now", stored, due)
