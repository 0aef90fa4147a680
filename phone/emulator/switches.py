"""Where sources about AgentPhone disagree, and what the twin does by default."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Switches(BaseModel):
    """The twin's choices. Each may be changed at the start or with `PUT /handset/switches`."""

    model_config = ConfigDict(extra="forbid")

    profile: Literal["2026", "2025"] = "2026"
    """Webhook payloads: `2025` has no `messageId`, `mediaUrls`, `contact` nor anything newer."""

    error_shape: Literal["both", "detail", "error", "html"] = "both"
    """The error body: both keys, one of them, or the page a CDN answers."""

    sms_typing: Literal["refuse", "ignore"] = "refuse"
    """A typing bubble on SMS: 400, or 200 without effect."""

    sms_background: Literal["refuse", "ignore"] = "ignore"
    """A background outside a 1:1 iMessage chat: 400, or 200 without effect."""

    emoji_reactions: bool = True
    """Whether the lines are new enough to tap back with any emoji."""

    message_order: Literal["newest", "oldest"] = "newest"
    """How message lists are sorted."""

    inclusive_cursors: bool = False
    """Whether `before` and `after` let in a message of exactly that time."""

    conversation_caps: bool = False
    """Whether the iMessage anti-spam caps are on."""

    sms_registered: bool = True
    """Whether the account has 10DLC registration; without it every outbound SMS is a 403."""

    carrier_stop: bool = False
    """Whether the carrier drops SMS to somebody who texted STOP; the platform itself never does."""

    reply_targets_gone: bool = False
    """Whether no message can be answered in thread any more: each such send is a 404."""

    webhook_down: bool = False
    """Whether webhooks find nobody: each attempt ends without an answer, and the retries follow."""

    outbound_copies: bool = False
    """Whether the agent's own messages come back as webhooks with direction `outbound`."""

    retry_refused: bool = False
    """Whether a webhook answered with a 4xx is tried again as well."""
