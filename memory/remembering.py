"""Loading the memory when a turn starts and saving it at its end: GET, merge, PATCH, compare.

AgentPhone replaces the metadata whole and has no versions, so it is read again just before it is
written, to keep what others put there. Whatever fails is not the turn's business: our own copy is
the truth meanwhile, and the next turn, or the sweep in between, saves it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, select

from memory.keeping import (
    Write,
    absorb,
    begin,
    block,
    finish,
    is_news,
    keep,
    kept,
    owe,
    told_by_webhook,
)
from memory.state import ConversationState
from memory.store import Store, StoreUnavailable
from memory.tables import Mailbox
from memory.turns import LEASE, Claim, LeaseLost, let_go
from phone.client import AgentPhoneClient
from phone.clock import Clock, utc
from phone.errors import (
    BadRequest,
    NotSent,
    PaymentRequired,
    PhoneError,
    Refused,
    Throttled,
    Unauthorized,
    Unreachable,
)
from phone.types import Conversation

log = logging.getLogger(__name__)

SAVE_WITHIN = 5.0
"""Seconds a save may take: a turn is not settled before it, and the person may have written again.
"""

TRIES = 3
"""How often a write is tried in one save."""

PAUSE = 0.5
"""Seconds between the first two tries; twice as long before the third."""

OURS_TO_MEND = (Unauthorized, PaymentRequired)
"""Refusals that say nothing of this conversation: once mended, the same write goes through."""

SWEEP_EVERY = 60.0
"""Seconds between two rounds of saving what could not be saved before."""

FAILURES = 3
"""Failed saves after which a round is over: AgentPhone is away, and more would only wait for it."""


@dataclass(slots=True)
class Memory:
    """The memory of one conversation during one turn.

    Attributes:
        state: What the tools read and change.
        before: What it was when the turn began.
        is_unsaved: True when our own copy was ahead of AgentPhone before the turn even began.
    """

    state: ConversationState
    before: ConversationState
    is_unsaved: bool = False

    @property
    def changed(self) -> bool:
        """Whether there is something that AgentPhone does not have yet."""
        return self.is_unsaved or self.state.content() != self.before.content()


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a save.

    Attributes:
        ok: Whether AgentPhone now holds what we hold.
        note: What had to go to make room, or why nothing was written; for the turn's record.
        state: The memory as it is now, with what others had changed; None when not even read.
        is_away: Whether AgentPhone could not be had, so that others will not fare better.
        merged: Whether it is otherwise than the turn had left it: others had changed it, or there
            was no room.
    """

    ok: bool
    note: str | None = None
    state: ConversationState | None = None
    is_away: bool = False
    merged: bool = False


async def recall(
    mailbox: Mailbox, conversation: Conversation | None, *, store: Store, clock: Clock
) -> None:
    """Take in what AgentPhone holds just now; `mailbox` then has the memory to `load`.

    An operator's opt-out is in the ledger when this returns. Writes only what is new. When the
    conversation could not be read, our copy does; where there is none, what the webhook brought.
    """
    if mailbox.id is None:
        return
    if conversation is not None:
        metadata = conversation.whole_metadata
    elif mailbox.state is None:
        metadata = await store.read(partial(told_by_webhook, mailbox_id=mailbox.id))
    else:
        return
    if not is_news(mailbox, metadata):
        return
    take_in = partial(absorb, mailbox_id=mailbox.id, metadata=metadata, now=clock.now())
    now = await store.write(take_in)
    if now.state_blocked not in (None, mailbox.state_blocked):
        _warn_blocked(mailbox.id, now.state_blocked)
    mailbox.state, mailbox.state_seen = now.state, now.state_seen
    mailbox.state_saved, mailbox.state_blocked = now.state_saved, now.state_blocked


def load(mailbox: Mailbox) -> Memory:
    """What is remembered now: our copy, which `recall` has joined with AgentPhone's."""
    state = kept(mailbox.state) or ConversationState()
    return Memory(state, state.model_copy(deep=True), is_unsaved=not mailbox.state_saved)


async def save(
    memory: Memory, claim: Claim, *, phone: AgentPhoneClient, store: Store, clock: Clock
) -> Saved:
    """Write the memory back if it changed, at the end of a turn; `memory.state` is then what holds.

    Raises:
        LeaseLost: The conversation is somebody else's now.
    """
    if not memory.changed:
        return Saved(True, state=memory.state)
    if memory.state.content() != memory.before.content():
        await store.write(partial(keep, claim=claim, state=memory.state, now=clock.now()))
    saved = await _save(claim, phone=phone, store=store, clock=clock)
    ours, memory.state = memory.state, saved.state or memory.state
    return replace(saved, merged=memory.state.content() != ours.content())


async def save_consent(
    claim: Claim, *, phone: AgentPhoneClient, store: Store, clock: Clock
) -> Saved:
    """Let the metadata say what the ledger says, after a STOP or START. Raises LeaseLost."""
    await store.write(partial(owe, claim=claim))
    return await _save(claim, phone=phone, store=store, clock=clock)


def unsaved(session: Session, *, now: float) -> list[int]:
    """The mailboxes whose memory has not reached AgentPhone and in which nobody is at work."""
    waiting = select(Mailbox.id).where(
        col(Mailbox.state_saved).is_(False),
        col(Mailbox.state_blocked).is_(None),
        col(Mailbox.conversation_id).is_not(None),
        col(Mailbox.due_at).is_(None),
        _is_free(now),
    )
    return [found for found in session.exec(waiting.order_by(col(Mailbox.id))) if found is not None]


async def save_unsaved(
    owner: str, *, phone: AgentPhoneClient, store: Store, clock: Clock
) -> list[int]:
    """One round of saving what could not be saved before; the mailboxes that are saved now.

    Each is held under a lease meanwhile, like a turn. A round starts somewhere else each time, so
    that a few hopeless ones do not keep it from the rest.
    """
    waiting = await store.read(partial(unsaved, now=clock.now()))
    start = int(clock.now() // SWEEP_EVERY) % len(waiting) if waiting else 0
    done, failures = list[int](), 0
    for mailbox_id in waiting[start:] + waiting[:start]:
        if failures == FAILURES:
            break
        saved = await _save_one(mailbox_id, owner, phone=phone, store=store, clock=clock)
        if saved is not None and saved.ok:
            done.append(mailbox_id)
        failures += saved is not None and saved.is_away
    return done


async def _save_one(
    mailbox_id: int, owner: str, *, phone: AgentPhoneClient, store: Store, clock: Clock
) -> Saved | None:
    """Save one mailbox's memory under a lease of its own; None when somebody is at work there."""
    claim = await store.write(partial(hold, mailbox_id=mailbox_id, owner=owner, now=clock.now()))
    if claim is None:
        return None
    try:
        return await _save(claim, phone=phone, store=store, clock=clock)
    except LeaseLost:
        return None
    finally:
        await store.write(partial(let_go, claim=claim, now=clock.now()))
        store.wake()  # somebody may have written meanwhile


def hold(session: Session, *, mailbox_id: int, owner: str, now: float) -> Claim | None:
    """Claim this very mailbox if nothing is due in it and nobody holds it; `let_go` soon."""
    mailbox = session.exec(
        select(Mailbox)
        .where(Mailbox.id == mailbox_id, col(Mailbox.due_at).is_(None), _is_free(now))
        .with_for_update(skip_locked=True)
    ).first()
    if mailbox is None:
        return None
    mailbox.lease_owner, mailbox.leased_until = owner, utc(now + LEASE)
    mailbox.lease_epoch += 1
    session.add(mailbox)
    return Claim(mailbox_id, owner, mailbox.lease_epoch)


def _is_free(now: float) -> ColumnElement[bool]:
    return or_(col(Mailbox.leased_until).is_(None), col(Mailbox.leased_until) <= utc(now))


async def _save(claim: Claim, *, phone: AgentPhoneClient, store: Store, clock: Clock) -> Saved:
    """Save what the mailbox holds, within `SAVE_WITHIN`. Raises nothing but LeaseLost."""
    saving = _Saving(claim, phone, store, clock)
    try:
        async with asyncio.timeout(SAVE_WITHIN):
            return await saving.run()
    except (PhoneError, StoreUnavailable, TimeoutError) as error:
        why = str(error) or f"not saved within {SAVE_WITHIN:.0f} s"
        log.warning("memory of conversation %s not saved: %s", claim.mailbox_id, why)
        is_refused = isinstance(error, Refused | BadRequest) and not isinstance(error, OURS_TO_MEND)
        if is_refused:
            with suppress(StoreUnavailable):
                await store.write(partial(block, claim=claim, why=why))
        note = "; ".join(filter(None, [why, saving.note]))
        return Saved(False, note, saving.state, is_away=not is_refused)


@dataclass(slots=True)
class _Saving:
    """One save: read, joined, written and compared, tried again while that may help."""

    claim: Claim
    phone: AgentPhoneClient
    store: Store
    clock: Clock
    state: ConversationState | None = None
    removed: int = 0

    async def run(self) -> Saved:
        mailbox = await self.store.read(lambda s: s.get(Mailbox, self.claim.mailbox_id))
        if mailbox is None:
            raise LeaseLost(f"mailbox {self.claim.mailbox_id} was folded into another")
        if mailbox.conversation_id is None:
            return Saved(False, "AgentPhone has not told the conversation's id yet")
        return await self._write(mailbox.conversation_id)

    async def _write(self, conversation_id: str) -> Saved:
        for tried in range(1, TRIES + 1):
            write = await self._begin(conversation_id)
            self.state, self.removed = write.state, self.removed + len(write.removed)
            if write.metadata is None:
                return self._not_written(write)
            try:
                return await self._send(conversation_id, write, write.metadata)
            except (NotSent, Throttled, Unreachable) as error:
                wait = PAUSE * 2 ** (tried - 1)
                if isinstance(error, Throttled):
                    wait = max(error.retry_after or 0.0, wait)
                if tried == TRIES or wait > SAVE_WITHIN:
                    raise
                await self.clock.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _begin(self, conversation_id: str) -> Write:
        """Read the metadata as it is now, and prepare what is to be written over it."""
        there = await self.phone.conversation(conversation_id, message_limit=1)
        return await self.store.write(
            partial(begin, claim=self.claim, metadata=there.whole_metadata, now=self.clock.now())
        )

    async def _send(self, conversation_id: str, write: Write, metadata: dict[str, Any]) -> Saved:
        answer = await self.phone.update_conversation(conversation_id, metadata=metadata)
        done = partial(finish, claim=self.claim, write=write, answer=answer.metadata)
        ok = await self.store.write(done)
        if answer.metadata != metadata:
            log.warning(
                "metadata of conversation %s came back different from what was written",
                self.claim.mailbox_id,
            )
        if self.note is not None:
            log.warning("memory of conversation %s: %s", self.claim.mailbox_id, self.note)
        return Saved(ok, self.note, write.state)

    def _not_written(self, write: Write) -> Saved:
        if write.is_newly_blocked:
            _warn_blocked(self.claim.mailbox_id, write.blocked)
        return Saved(write.blocked is None, write.blocked, write.state)

    @property
    def note(self) -> str | None:
        """What is to be said about room that had to be made: how much, never the words."""
        if not self.removed:
            return None
        return f"archived to make room: {self.removed} of what was remembered, oldest first"


def _warn_blocked(mailbox_id: int, why: str | None) -> None:
    log.warning("memory of conversation %s is not written: %s", mailbox_id, why)
