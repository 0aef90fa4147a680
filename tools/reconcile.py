"""After a lost answer: reading the conversation back until it shows what became of a bubble.

It can only find a bubble, never clear it for another send.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from sqlmodel import Session, col, select

from memory.confirming import (
    AFTER,
    BEFORE,
    confirm,
    due_for_a_look,
    looked,
    unknown_in,
)
from memory.elsewhere import read_copy
from memory.store import Store
from memory.tables import Bubble, BubbleState, Mailbox
from phone.client import AgentPhoneClient
from phone.clock import Clock
from phone.errors import PhoneError
from phone.webhook import copy_of_ours
from tools.meters import Meters

log = logging.getLogger(__name__)

MOMENTS = (1.0, 3.0, 7.0, 15.0, 30.0)
"""Seconds after the answer was lost at which the conversation is read: pauses of 1, 2, 4, 8, 15.
So long is what follows held back, and no longer."""

READ_WITHIN = 10.0
"""Seconds one look may take. A lost answer often means that AgentPhone cannot be read either."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Finds out what became of bubbles whose answer was lost."""

    store: Store
    phone: AgentPhoneClient
    clock: Clock
    meters: Meters = field(default_factory=Meters)

    async def find(self, bubble_ids: Collection[str], *, patiently: bool = True) -> list[Bubble]:
        """Read back until the fate of all of these is known, for 30 s at most; return them.

        The seconds count from when the last answer was lost: a look that is overdue, after a stop,
        is taken at once. With `patiently=False` that is the only one.
        """
        bubbles = await self._rows(bubble_ids)
        places = await self.store.read(partial(_places, bubble_ids=bubble_ids))
        lost_at = max(map(_lost_at, _unknown(bubbles)), default=0.0)
        moments = self._moments(lost_at) if patiently else [self.clock.now()]
        for moment in moments if places else []:
            await self.clock.sleep(moment - self.clock.now())
            for mailbox_id in places:
                await self.look(mailbox_id)
            bubbles = await self._rows(bubble_ids)
            if not _unknown(bubbles):
                break
        return bubbles

    async def look(self, mailbox_id: int) -> bool:
        """Read a conversation back once; False when AgentPhone could not be read."""
        mailbox, unknown = await self.store.read(partial(_to_find, mailbox_id=mailbox_id))
        if not unknown or mailbox is None or mailbox.conversation_id is None:
            return True
        left_at = [bubble.dispatched_at or bubble.created_at for bubble in unknown]
        history = self.phone.messages(
            mailbox.conversation_id, after=min(left_at) - BEFORE, before=max(left_at) + AFTER
        )
        try:
            async with asyncio.timeout(READ_WITHIN):
                stored = [message async for message in history]
        except (PhoneError, TimeoutError) as error:
            log.warning(
                "conversation %s could not be read back: %s", mailbox.conversation_id, error
            )
            return False
        now = self.clock.now()
        found = await self.store.write(
            partial(confirm, mailbox_id=mailbox_id, stored=stored, now=now)
        )
        _say(found, self.meters)
        return True

    async def read_copy(self, body: bytes, *, held_for: timedelta) -> None:
        """Take a webhook with a copy of an outbound message for what it shows: that ours went out,
        or that a person wrote, who then holds the conversation for so long."""
        copied = copy_of_ours(body)
        if copied is None:
            return
        conversation_id, message = copied
        take = partial(
            read_copy,
            conversation_id=conversation_id,
            message=message,
            held_for=held_for,
            now=self.clock.now(),
        )
        _say(await self.store.write(take), self.meters)

    async def look_for_all(self) -> None:
        """Take the looks that are due, and give up on what nobody will find out any more."""
        now = self.clock.now()
        for mailbox in await self.store.read(partial(due_for_a_look, now=now)):
            mailbox_id = mailbox.id or 0
            was_read = await self.look(mailbox_id)
            given_up = await self.store.write(
                partial(looked, mailbox_id=mailbox_id, was_read=was_read, now=now)
            )
            for bubble in given_up:
                self.meters.found_out(bubble.state)
                log.warning("nobody knows whether bubble %s arrived; not looked for now", bubble.id)

    def _moments(self, lost_at: float) -> list[float]:
        """When to look: what is still to come, and once now if one has passed already."""
        planned = [lost_at + seconds for seconds in MOMENTS]
        coming = [moment for moment in planned if moment > self.clock.now()]
        return coming if len(coming) == len(planned) else [self.clock.now(), *coming]

    async def _rows(self, bubble_ids: Collection[str]) -> list[Bubble]:
        wanted = select(Bubble).where(col(Bubble.id).in_(bubble_ids))
        in_order = wanted.order_by(col(Bubble.position))
        return await self.store.read(lambda session: list(session.exec(in_order)))


def _say(found: Sequence[Bubble], meters: Meters) -> None:
    for bubble in found:
        meters.found_out(bubble.state)
        log.info("bubble %s, whose answer was lost, is %s", bubble.id, bubble.state)


def _to_find(session: Session, *, mailbox_id: int) -> tuple[Mailbox | None, list[Bubble]]:
    return session.get(Mailbox, mailbox_id), unknown_in(session, mailbox_id=mailbox_id)


def _places(session: Session, *, bubble_ids: Collection[str]) -> list[int]:
    """The mailboxes that can be read back for those of these bubbles whose fate is unknown."""
    unknown = select(Bubble.mailbox_id).where(
        col(Bubble.id).in_(bubble_ids), Bubble.state == BubbleState.UNCONFIRMED
    )
    known = col(Mailbox.conversation_id).is_not(None)
    places = select(Mailbox.id).where(known, col(Mailbox.id).in_(unknown))
    return [mailbox_id for mailbox_id in session.exec(places) if mailbox_id is not None]


def _unknown(bubbles: Sequence[Bubble]) -> list[Bubble]:
    return [bubble for bubble in bubbles if bubble.state == BubbleState.UNCONFIRMED]


def _lost_at(bubble: Bubble) -> float:
    """When its answer was lost, Unix seconds; after a crash, when it left."""
    after_crash = bubble.code == "crash" and bubble.dispatched_at is not None
    at = bubble.dispatched_at if after_crash else bubble.finished_at
    return (at or bubble.created_at).timestamp()
