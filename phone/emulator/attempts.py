"""One try at delivering a webhook: signed, posted once, and how it went.

AgentPhone docs, Webhooks. Success is a 2xx within the hook's timeout. Every attempt is signed
afresh, or a retry could never pass the reader's five-minute check; the `X-Webhook-ID` stays.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

import httpx

from phone.emulator.records import DeliveryRecord, HookRecord
from phone.webhook import sign

log = logging.getLogger(__name__)

ANSWER_KEPT = 2_000
"""Characters of the consumer's answer that are kept."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at delivering. `status` is None when nothing answered; `error` then says why."""

    webhook_id: str
    event: str
    attempt: int
    url: str
    conversation_id: str | None
    message_id: str | None
    at: str
    status: int | None
    seconds: float
    answer: str | None
    error: str | None

    @property
    def succeeded(self) -> bool:
        """Whether it was answered with a 2xx."""
        return self.status is not None and 200 <= self.status < 300


def signed_headers(
    delivery: DeliveryRecord, hook: HookRecord, body: bytes, *, timestamp: int
) -> dict[str, str]:
    """The headers of an attempt, its signature wrong where a fault wants it so."""
    secret = hook.secret
    if delivery.signed_with == "old_secret" and hook.previous_secret is not None:
        secret = hook.previous_secret
    signature = sign(body, secret=secret, timestamp=timestamp)
    if delivery.signed_with == "bad_signature":
        signature = "sha256=" + "0" * 64
    return {
        "Content-Type": "application/json",
        "User-Agent": "AgentPhone-Webhooks/1.0",
        "X-Webhook-Signature": signature,
        "X-Webhook-Timestamp": str(timestamp),
        "X-Webhook-ID": delivery.id,
        "X-Webhook-Event": delivery.event,
    }


async def exchange(
    client: httpx.AsyncClient, hook: HookRecord, body: bytes, headers: dict[str, str]
) -> tuple[int | None, str | None, str | None]:
    """POST it: the status and the text of the answer, or why there was none."""
    try:
        async with asyncio.timeout(hook.timeout):
            answer = await client.post(hook.url, content=body, headers=headers)
    except TimeoutError:
        return None, None, f"No answer within {hook.timeout} s."
    except httpx.HTTPError as error:
        return None, None, f"{type(error).__name__}: {error}"
    except Exception as error:
        # A consumer served in this very process lets its own crash through the transport.
        log.warning("The webhook consumer crashed.", exc_info=True)
        return None, None, f"{type(error).__name__}: {error}"
    return answer.status_code, answer.text[:ANSWER_KEPT], None
