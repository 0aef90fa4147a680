"""The one door out: a bubble is written, then sent at most once, and its fate told honestly.

AgentPhone has no idempotency key, so after a lost answer nobody knows whether a text went out.
Hence `prepared → dispatched` is committed before the POST, and from `dispatched` only a definite
"not sent" leads back. Everything else is recorded as what it is: refused, or unknown, and then
looked for in what AgentPhone keeps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from memory import owed_words
from memory.bubbles import (
    Draft,
    cancel_rest,
    dispatch,
    expire,
    of_turn,
    prepare,
    record,
    redispatchable,
)
from memory.confirming import FAILED
from memory.permission import why_silent_in
from memory.silence import Silence, silence_in
from memory.store import Store
from memory.tables import Bubble, BubbleState, Mailbox
from memory.turns import Claim
from phone.client import AgentPhoneClient
from phone.clock import Clock, utc
from phone.errors import (
    BadRequest,
    CallFailed,
    NotSent,
    PaymentRequired,
    PhoneError,
    Refused,
    ReplyTargetGone,
    Throttled,
    Unauthorized,
)
from phone.types import Background, OutboundMessage, SentMessage, SentReaction
from safety.limits import Limits
from tools.gate import Gate
from tools.meters import Meters
from tools.reconcile import Reconciler

T = TypeVar("T")

GivesWayTo = Callable[[], Collection[str] | None]
"""Handles whose newer text comes before what we were about to say; None means anybody."""


def nobody() -> Collection[str]:
    """What is said whatever anybody writes meanwhile gives way to."""
    return ()


@dataclass(frozen=True, slots=True)
class Fate:
    """What one POST came to.

    Attributes:
        state: The bubble's next state; `prepared` means it may be sent again.
        again_in: Seconds until then.
    """

    state: BubbleState
    code: str | None = None
    reason: str | None = None
    again_in: float = 0.0
    drop_reply: bool = False
    sent: SentMessage | None = None


def fate_of(outcome: SentMessage | PhoneError, *, attempt: int) -> Fate:
    """Sort an answer into sent, definitely not sent, definitely refused, and unknown."""
    match outcome:
        case SentMessage(status=status) if status in FAILED:
            reason = f"AgentPhone took it and says that it {status}."
            return Fate(BubbleState.REJECTED, "undelivered", reason, sent=outcome)
        case SentMessage():
            return Fate(BubbleState.CONFIRMED, sent=outcome)
        case NotSent():
            return Fate(
                BubbleState.PREPARED, "not_sent", str(outcome), min(2.0 ** (attempt - 1), 30.0)
            )
        case Throttled():
            wait = outcome.retry_after or min(2.0 ** (attempt - 1), 30.0)
            return Fate(
                BubbleState.PREPARED, outcome.code or "throttled", str(outcome), max(wait, 1.0)
            )
        case ReplyTargetGone():
            return Fate(BubbleState.PREPARED, "reply_target_gone", str(outcome), drop_reply=True)
        case Unauthorized() | PaymentRequired():
            return Fate(BubbleState.PREPARED, _code(outcome), str(outcome))  # the gate waits
        case Refused():
            return Fate(BubbleState.REJECTED, _code(outcome), str(outcome))
        case BadRequest():
            return Fate(BubbleState.REJECTED, "bad_request", str(outcome))
        case _:
            code = _code(outcome) if isinstance(outcome, CallFailed) else "unknown"
            return Fate(BubbleState.UNCONFIRMED, code, str(outcome))


def _code(error: CallFailed) -> str:
    return error.code or (str(error.status) if error.status else "no_answer")


class NotPermitted(Refused):
    """We refuse it ourselves: they asked not to be texted, and a tapback would reach them too."""


class Outbox:
    """Sends what a turn has to say, and what it does beside words, for one deployment.

    Attributes:
        reconciler: Finds out what became of bubbles whose answer was lost.
    """

    def __init__(
        self,
        store: Store,
        phone: AgentPhoneClient,
        *,
        clock: Clock,
        new_id: Callable[[], str],
        limits: Limits | None = None,
        meters: Meters | None = None,
    ) -> None:
        self._meters = meters or Meters()
        self.reconciler = Reconciler(store, phone, clock, self._meters)
        self._gate = Gate(clock)
        self._store = store
        self._phone = phone
        self._clock = clock
        self._new_id = new_id
        self._limits = limits or Limits()

    @property
    def paused_by(self) -> str | None:
        """Why nothing can be sent by anybody just now (key, balance, lost answers), or None."""
        return self._gate.shut_by

    async def send(
        self,
        claim: Claim,
        turn_id: str | None,
        drafts: Sequence[Draft],
        *,
        call_id: str | None = None,
        kind: str = "reply",
        gives_way_to: GivesWayTo = nobody,
    ) -> list[Bubble]:
        """Write these bubbles, then send them in order; return them with what became of each.

        Args:
            gives_way_to: Asked before each: whose text keeps it from leaving if it came meanwhile.

        Raises:
            LeaseLost: Somebody else holds the conversation now; nothing more may leave from here.
        """
        ids = [self._new_id() for _ in drafts]
        write = partial(
            prepare, claim=claim, turn_id=turn_id, call_id=call_id, kind=kind, now=self._clock.now()
        )
        prepared = await self._store.write(lambda session: write(session, drafts=drafts, ids=ids))
        return [
            await self.deliver(claim, bubble.id, gives_way_to=gives_way_to) for bubble in prepared
        ]

    async def deliver(
        self, claim: Claim, bubble_id: str, *, gives_way_to: GivesWayTo = nobody
    ) -> Bubble:
        """Take one written bubble to its end: sent, refused, unknown, cancelled or expired.

        After a lost answer that end comes up to 30 s later: so long is it looked for.
        """
        while True:
            await self._wait_for_the_gate(bubble_id)
            try:
                bubble, mailbox = await self._store.write(
                    partial(
                        dispatch,
                        claim=claim,
                        bubble_id=bubble_id,
                        gives_way_to=gives_way_to(),
                        limits=self._limits,
                        now=self._clock.now(),
                    )
                )
                if bubble.state != BubbleState.DISPATCHED:
                    self._meters.bubble(bubble.state)
                    return bubble
                fate = await self._post(bubble, mailbox)
            finally:
                self._gate.leave(bubble_id)
            bubble = await asyncio.shield(self._record(bubble, fate))
            self._meters.bubble(bubble.state)
            if bubble.state == BubbleState.UNCONFIRMED:
                return await self._look_for(bubble)
            if not redispatchable(bubble):
                return bubble
            now = self._clock.now()
            if utc(now + fate.again_in) >= bubble.expires_at:  # it would only hold up the next turn
                return await self._store.write(partial(expire, bubble_id=bubble_id, now=now))
            await self._clock.sleep(fate.again_in)

    async def find_lost(self, turn_id: str) -> None:
        """For a turn that is taken up: look for its bubbles of unknown fate.

        For up to 30 s if more waits to be sent after them, otherwise once.
        """
        bubbles = await self._store.read(partial(of_turn, turn_id=turn_id))
        ids = [bubble.id for bubble in bubbles]
        is_held = any(bubble.state == BubbleState.PREPARED for bubble in bubbles)
        await self.reconciler.find(ids, patiently=is_held)

    async def _wait_for_the_gate(self, bubble_id: str) -> None:
        """Return when the bubble may go, or need not: `dispatch` then says which."""
        while not await self._gate.enter(bubble_id):
            bubble = await self._store.read(lambda session: session.get_one(Bubble, bubble_id))
            is_late = utc(self._clock.now()) >= bubble.expires_at
            if is_late or bubble.state != BubbleState.PREPARED:
                return

    async def _look_for(self, bubble: Bubble) -> Bubble:
        """Read the conversation back; what the turn still had to say is held until then."""
        [bubble] = await self.reconciler.find([bubble.id])
        if bubble.state == BubbleState.UNCONFIRMED:
            await self._store.write(partial(cancel_rest, after=bubble, now=self._clock.now()))
        return bubble

    async def _post(self, bubble: Bubble, mailbox: Mailbox) -> Fate:
        try:
            outcome: SentMessage | PhoneError = await self._phone.send(_message(bubble, mailbox))
        except PhoneError as error:
            outcome = error
        except asyncio.CancelledError:
            cut = Fate(BubbleState.UNCONFIRMED, "cancelled", "stopped while its answer was awaited")
            await asyncio.shield(self._record(bubble, cut))
            raise
        self._gate.tell(outcome)
        self._meters.send(outcome)
        return fate_of(outcome, attempt=bubble.attempt)

    async def _record(self, bubble: Bubble, fate: Fate) -> Bubble:
        finish = partial(
            record,
            bubble_id=bubble.id,
            attempt=bubble.attempt,
            state=fate.state,
            code=fate.code,
            reason=fate.reason,
            drop_reply=fate.drop_reply,
            sent=fate.sent,
            now=self._clock.now(),
        )
        return await self._store.write(finish)

    async def silence(self, claim: Claim) -> Silence | None:
        """Why the agent is to do nothing more in this conversation; None when it may go on."""
        return await self._store.read(partial(silence_in, mailbox_id=claim.mailbox_id))

    async def react(self, claim: Claim, message_id: str, reaction: str) -> SentReaction:
        """Tap back, once. Raises PhoneError; a lost tapback is never repeated."""
        return await self._beside(claim, lambda: self._phone.react(message_id, reaction))

    async def set_background(
        self, claim: Claim, conversation_id: str, image_url: str
    ) -> Background:
        """Put a picture behind the conversation, once. Raises PhoneError."""
        return await self._beside(
            claim, lambda: self._phone.set_background(conversation_id, image_url)
        )

    async def remove_background(self, claim: Claim, conversation_id: str) -> None:
        """Take the picture away, once. Raises PhoneError."""
        await self._beside(claim, lambda: self._phone.remove_background(conversation_id))

    async def typing(self, claim: Claim, conversation_id: str) -> None:
        """Show the typing bubble for a few seconds. Raises PhoneError; nobody should mind."""
        await self._beside(claim, lambda: self._phone.typing(conversation_id))

    async def opt_out(
        self,
        claim: Claim,
        turn_id: str,
        *,
        message_id: str | None,
        their_words: str,
        goodbye: str | None,
    ) -> None:
        """Record that whoever wrote this message does not want to be texted any more.

        Args:
            goodbye: The words that confirm it, which are written with it and sent by the turn.
        """
        heard = partial(
            owed_words.opt_out,
            claim=claim,
            turn_id=turn_id,
            message_id=message_id,
            their_words=their_words,
            goodbye=goodbye,
            bubble_id=self._new_id(),
            now=self._clock.now(),
        )
        await self._store.write(heard)

    async def call_a_person(
        self, claim: Claim, turn_id: str, *, message_id: str | None, comfort: str | None
    ) -> None:
        """Have a person called, and the agent silent in this conversation until they resume it.

        Args:
            comfort: The words with where to find help, which are written with it.
        """
        call = partial(
            owed_words.call_a_person,
            claim=claim,
            turn_id=turn_id,
            message_id=message_id,
            comfort=comfort,
            bubble_id=self._new_id(),
            now=self._clock.now(),
        )
        await self._store.write(call)

    async def _beside(self, claim: Claim, act: Callable[[], Awaitable[T]]) -> T:
        """Do what stands beside words. While AgentPhone wants fewer calls it is not even tried."""
        if self._gate.spares:
            raise Throttled("AgentPhone takes fewer calls just now, and words go first.")
        await self._ask_permission(claim)
        try:
            return await act()
        except Throttled as error:
            self._gate.tell(error)
            raise

    async def _ask_permission(self, claim: Claim) -> None:
        """Raise NotPermitted when nothing of ours may show there: it is never sent."""
        ask = partial(why_silent_in, mailbox_id=claim.mailbox_id)
        if (silence := await self._store.read(ask)) is not None:
            raise NotPermitted(silence.reason, code=silence.code)


def _message(bubble: Bubble, mailbox: Mailbox) -> OutboundMessage:
    """The bubble as AgentPhone wants it, to the conversation it was written for and nobody else."""
    return OutboundMessage(
        from_number=mailbox.number,
        to_number=mailbox.group_id or mailbox.participant,
        body=bubble.text,
        media_urls=bubble.media,
        send_style=bubble.send_style,
        reply_to_message_id=bubble.reply_to_message_id,
    )
