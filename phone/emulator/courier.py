"""Webhooks on their way: who hears of what, when it is tried again, what a fault makes of it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import httpx

from phone.emulator.attempts import Attempt, exchange, signed_headers
from phone.emulator.faults import WebhookFault
from phone.emulator.line import Line, iso
from phone.emulator.payloads import encode, message_event, reaction_event
from phone.emulator.records import (
    PROJECT,
    DeliveryRecord,
    HookRecord,
    MessageRecord,
    ReactionRecord,
)

RETRY_AFTER = (300.0, 1800.0, 7200.0, 21600.0, 43200.0)
"""Seconds before each retry. AgentPhone says five over some 21 hours; these steps fit."""

IN_TURN = 1.0
"""Seconds of the machine's time a conversation's next webhook waits for the one before it."""

DOWN = "Nobody listens: the webhook is down by a switch."

ATTEMPTS_KEPT = 20_000
"""How many attempts `GET /handset/deliveries` remembers."""


class Courier:
    """Delivers events to whoever listens for them.

    Attributes:
        base_url: The twin's own address as others see it, for media in payloads.
        faults: What goes wrong with the next webhooks.
        attempts: What was tried, oldest first.
        spawn: Starts a task; given by the running twin. None while it stands still.
    """

    def __init__(
        self,
        line: Line,
        *,
        client: Callable[[], httpx.AsyncClient],
        wall: Callable[[], float],
        time_scale: float,
        base_url: str,
    ) -> None:
        self.line = line
        self.base_url = base_url
        self.faults: list[WebhookFault] = []
        self.attempts: deque[Attempt] = deque(maxlen=ATTEMPTS_KEPT)
        self.spawn: Callable[[Coroutine[Any, Any, None]], object] | None = None
        self._client = client
        self._wall = wall
        self._time_scale = time_scale
        self._held: list[DeliveryRecord] = []
        self._turns: dict[str, asyncio.Event] = {}

    def hook_for(self, agent_id: str | None) -> HookRecord | None:
        """The one hook that hears of an agent: its own, else the project's."""
        return self.line.hooks.get(agent_id or "") or self.line.hooks.get(PROJECT)

    def announce_message(self, message: MessageRecord) -> None:
        """Tell whoever listens that somebody wrote."""
        agent_id = self.line.numbers[message.number_id].agent_id
        if hook := self.hook_for(agent_id):
            body = message_event(
                self.line,
                message,
                agent_id=agent_id,
                context=hook.context_limit,
                base_url=self.base_url,
            )
            self._post(hook, body, message.id, message)

    def announce_reaction(self, message: MessageRecord, reaction: ReactionRecord) -> None:
        """Tell whoever listens that somebody tapped back."""
        agent_id = self.line.numbers[message.number_id].agent_id
        if hook := self.hook_for(agent_id):
            body = reaction_event(
                self.line,
                message,
                reaction,
                agent_id=agent_id,
                context=hook.context_limit,
                base_url=self.base_url,
            )
            self._post(hook, body, reaction.id, message)

    async def deliver_trial(
        self, hook: HookRecord, body: dict[str, Any], message_id: str
    ) -> Attempt:
        """Deliver a test event once, now, and say how it went."""
        delivery = self._record(hook, body, f"del_{message_id}_test", message_id, None)
        attempt = await self._try(delivery, hook, encode(body))
        self._settle(delivery, attempt, retry=False)
        self._tell(delivery, attempt)
        return attempt

    def resume(self) -> None:
        """Take up what an earlier line left undelivered, each at its time."""
        for delivery in self.line.deliveries.values():
            if delivery.status == "pending":
                self._later(delivery, delivery.next_attempt_at or self.line.now())

    def forget(self) -> None:
        """Drop the faults, the held webhooks and the log."""
        self.faults.clear()
        self._held.clear()
        self.attempts.clear()

    def _post(
        self, hook: HookRecord, body: dict[str, Any], id: str, message: MessageRecord
    ) -> None:
        delivery = self._record(
            hook, body, f"del_{id}_{message.number_id}", message.id, message.conversation_id
        )
        fault = self._next_fault()
        if fault is None:
            self._start(delivery)
        else:
            self._start_faulty(delivery, fault)
            self.line.emit(
                "webhook_fault",
                message.conversation_id,
                action=fault.action,
                seconds=fault.seconds,
                webhook_id=delivery.id,
                message_id=message.id,
            )

    def _record(
        self,
        hook: HookRecord,
        body: dict[str, Any],
        webhook_id: str,
        message_id: str,
        conversation_id: str | None,
    ) -> DeliveryRecord:
        delivery = DeliveryRecord(
            id=webhook_id,
            key=hook.key,
            url=hook.url,
            event=body["event"],
            channel=body["channel"],
            message_id=message_id,
            conversation_id=conversation_id,
            created_at=self.line.now(),
            body=encode(body),
        )
        return self.line.add("delivery", delivery.id, delivery)

    def _next_fault(self) -> WebhookFault | None:
        if not self.faults:
            return None
        fault = self.faults[0]
        fault.times -= 1
        if fault.times == 0:
            self.faults.pop(0)
        return fault

    def _start_faulty(self, delivery: DeliveryRecord, fault: WebhookFault) -> None:
        now = self.line.now()
        match fault.action:
            case "drop":
                delivery.status, delivery.error_message = "failed", "Dropped by a fault."
                delivery.body = None
            case "delay":
                self._later(delivery, now + fault.seconds)
            case "reorder":
                self._held.append(delivery)
                self.line.agenda.at(now + fault.seconds, partial(self._release, delivery))
            case "duplicate":
                self._start(delivery)
                self._start(delivery)
            case "bad_signature" | "old_secret":
                delivery.signed_with = fault.action
                self._start(delivery)

    def _later(self, delivery: DeliveryRecord, when: float) -> None:
        delivery.next_attempt_at = when
        self.line.agenda.at(when, partial(self._start, delivery))

    def _release(self, delivery: DeliveryRecord) -> None:
        if delivery in self._held:
            self._held.remove(delivery)
            self._start(delivery)

    def _start(self, delivery: DeliveryRecord) -> None:
        """Begin an attempt, after the one begun before it in the same conversation.

        A twin that is not running keeps the delivery pending, and takes it up when it runs.
        """
        if self.spawn is None or delivery.body is None:
            return
        before = self._turns.get(delivery.conversation_id or "")
        done = self._turns[delivery.conversation_id or ""] = asyncio.Event()
        self.spawn(self._attempt(delivery, delivery.body, before, done))

    async def _attempt(
        self,
        delivery: DeliveryRecord,
        body: str,
        before: asyncio.Event | None,
        done: asyncio.Event,
    ) -> None:
        try:
            await _in_turn(before)
            hook = self.line.hooks.get(delivery.key)
            if hook is None or delivery.id not in self.line.deliveries:
                delivery.status, delivery.body = "failed", None
                delivery.error_message = "The webhook was removed."
                self.line.touch("delivery", delivery.id)
                return
            attempt = await self._try(delivery, hook, body)
            self._settle(delivery, attempt, retry=True)
            self._tell(delivery, attempt)
        finally:
            done.set()
            if self._turns.get(delivery.conversation_id or "") is done:
                del self._turns[delivery.conversation_id or ""]
        for held in list(self._held):
            self._release(held)

    async def _try(self, delivery: DeliveryRecord, hook: HookRecord, body: str) -> Attempt:
        """POST it once and write down how it went."""
        delivery.attempts += 1
        number, at, raw = delivery.attempts, self.line.now(), body.encode()
        if delivery.signed_with == "old_secret" and hook.previous_secret is None:
            hook.previous_secret = self.line.mint.secret()
            self.line.touch("hook", hook.key)
        headers = signed_headers(delivery, hook, raw, timestamp=int(self._wall()))
        started = time.perf_counter()
        status, answer, error = await self._exchange(hook, raw, headers)
        attempt = Attempt(
            webhook_id=delivery.id,
            event=delivery.event,
            attempt=number,
            url=hook.url,
            conversation_id=delivery.conversation_id,
            message_id=delivery.message_id,
            at=iso(at),
            status=status,
            seconds=round(time.perf_counter() - started, 6),
            answer=answer,
            error=error,
        )
        self.attempts.append(attempt)
        return attempt

    async def _exchange(
        self, hook: HookRecord, raw: bytes, headers: dict[str, str]
    ) -> tuple[int | None, str | None, str | None]:
        if self.line.switches.webhook_down:
            return None, None, DOWN
        return await exchange(self._client(), hook, raw, headers)

    def _tell(self, delivery: DeliveryRecord, attempt: Attempt) -> None:
        """The event that an attempt was made, and when the next one follows if one does."""
        due = delivery.next_attempt_at
        self.line.emit(
            "webhook_delivery",
            delivery.conversation_id,
            event=attempt.event,
            webhook_id=attempt.webhook_id,
            message_id=attempt.message_id,
            attempt=attempt.attempt,
            status=attempt.status,
            seconds=attempt.seconds,
            error=attempt.error,
            next_attempt_at=iso(due) if due is not None else None,
        )

    def _settle(self, delivery: DeliveryRecord, attempt: Attempt, *, retry: bool) -> None:
        """Note how an attempt went, and when the next one is due if there is one."""
        if delivery.id not in self.line.deliveries:
            return
        self.line.touch("delivery", delivery.id)
        if delivery.body is None:
            return  # a duplicate of one that is settled already
        delivery.http_status, delivery.response_body = attempt.status, attempt.answer
        delivery.error_message, delivery.last_attempt_at = attempt.error, self.line.now()
        delivery.next_attempt_at = None
        if attempt.succeeded:
            delivery.status, delivery.body = "success", None
        elif retry and delivery.attempts <= len(RETRY_AFTER) and self._is_worth_it(attempt.status):
            delivery.signed_with = "secret"
            wait = RETRY_AFTER[delivery.attempts - 1] * self._time_scale
            self._later(delivery, self.line.now() + wait)
        else:
            delivery.status, delivery.body = "failed", None

    def _is_worth_it(self, status: int | None) -> bool:
        if status is None or status >= 500 or status in (408, 429):
            return True
        return self.line.switches.retry_refused


async def _in_turn(before: asyncio.Event | None) -> None:
    """Wait, not for long, for the attempt begun before this one: webhooks arrive in order."""
    if before is None:
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(IN_TURN):
            await before.wait()
