"""Every webhook of an account: the project's, and those that agents have of their own."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from phone.account import Webhook
from phone.client import AgentPhoneClient
from phone.errors import NotFound

PATH = "/webhooks/agentphone"
"""Where a server of ours listens."""

Hooks = Mapping[str | None, Webhook]
"""By the agent whose own it is; the project's under None. An agent's own takes its place."""


async def hooks_of(phone: AgentPhoneClient, *, also: str | None = None) -> Hooks:
    """The webhooks there are, of all agents that have a number.

    Args:
        also: An agent to ask for although it has no number yet.

    Raises:
        NotFound: There is no agent of that id.
        PhoneError: AgentPhone cannot be asked.
    """
    found: dict[str | None, Webhook] = {}
    if (project := await phone.webhook()) is not None:
        found[None] = project
    if also is not None and (own := await phone.webhook(also)) is not None:
        found[also] = own
    for agent in await phone.agents():
        if agent.id != also and agent.numbers:
            with suppress(NotFound):  # deleted while we read
                if (own := await phone.webhook(agent.id)) is not None:
                    found[agent.id] = own
    return found


def is_ours(hook: Webhook) -> bool:
    """Whether this one points to a server like ours, wherever that is."""
    return hook.url.rstrip("/").endswith(PATH)
