"""What an account has at AgentPhone beside messages: numbers, agents, webhooks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from phone.reading import Time, each
from phone.types import Wire


class Number(Wire):
    """One of our lines, `type` `sms` or `imessage`.

    Attributes:
        outbound_sms: `enabled` once 10DLC is approved, `activating` or `registration_required`.
    """

    id: str
    phone_number: str
    type: str | None = None
    status: str | None = None
    agent_id: str | None = None
    country: str | None = None
    outbound_sms: str | None = None


class Agent(Wire):
    """An agent at AgentPhone: what numbers, and possibly a webhook of its own, are attached to."""

    id: str
    name: str = ""
    numbers: Annotated[list[Number], each(Number)] = Field(default=[])


class Reach(Wire):
    """On what a person can be reached, looked up live; may be out of date by the time of a send."""

    class Channels(Wire):
        """None where AgentPhone could not tell."""

        imessage: bool | None = None
        sms: bool | None = None

    phone_number: str = ""
    capabilities: Channels = Channels()
    checked_at: Time | None = None


class Webhook(Wire):
    """Where AgentPhone delivers events. Setting it again issues a new secret and ends the old one.

    Attributes:
        context_limit: How many earlier messages ride along, 0 to 50.
        timeout: Seconds AgentPhone waits for our answer, 5 to 120.
    """

    id: str = ""
    url: str
    secret: SecretStr = SecretStr("")
    status: str | None = None
    context_limit: int | None = None
    timeout: int | None = None
    created_at: Time | None = None


class WebhookTest(Wire):
    """How our endpoint answered a test delivery."""

    success: bool = False
    status_code: int | None = None
    response_ms: float | None = None
    error: str | None = None


class WebhookDelivery(Wire):
    """One event on its way to our webhook. `status` is `pending`, `success` or `failed`."""

    id: str
    message_id: str | None = None
    event_type: str | None = None
    channel: str | None = None
    status: str | None = None
    http_status: int | None = None
    error_message: str | None = None
    attempt_count: int = 0
    last_attempt_at: Time | None = None
    next_retry_at: Time | None = None
    created_at: Time | None = None
