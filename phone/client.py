"""AgentPhone's API, as far as texting goes: each method is one call of its REST reference.

    async with AgentPhoneClient(api_key) as phone:
        sent = await phone.send(OutboundMessage(from_number=ours, to_number=theirs, body="Hello"))

Writes happen at most once: nothing here repeats a send, a tapback, a bubble or a background, and no
redirect is followed. Reads are tried again where that may help. Whatever fails is a `PhoneError`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Self

import httpx

from phone import checks
from phone.account import Agent, Number, Reach, Webhook, WebhookDelivery, WebhookTest
from phone.answers import Act
from phone.api import Api, shaped
from phone.clock import Clock, utc
from phone.errors import BadRequest
from phone.fetching import FETCH_WITHIN, Resolve, address_of, is_loopback, resolve
from phone.paging import Fetch, by_offset, by_time
from phone.types import (
    TAPBACKS,
    Background,
    Conversation,
    Message,
    OutboundMessage,
    SentMessage,
    SentReaction,
)

SEND_WITHIN = 30.0
"""Seconds a send may take: the official Python SDK waits as long."""

WRITE_WITHIN = 10.0
"""Seconds for what is neither a message nor decoration: metadata, webhooks."""

BEST_EFFORT_WITHIN = 2.0
"""Seconds for a bubble, a tapback or a background: late, they are worth nothing."""


class Unset(Enum):
    """Type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
"""Leave this field as it is; None would clear it."""


class AgentPhoneClient:
    """AgentPhone over HTTP, for one account.

    Args:
        api_key: From AgentPhone's dashboard, `sk_live_…`.
        base_url: Where the API is; the twin's address while trying things out.
        transport: How bytes travel; httpx's own when None.
        clock: What waits between two tries of a read; the machine's when None.
        sub_account_id: Acts for this child account.
        resolve: How the host of a media address becomes IP addresses; this machine's way when left
            out.

    Raises:
        ValueError: The key or the address cannot be one; says how they look.
    """

    def __init__(
        self,
        api_key: str,
        *,
        base_url: str = "https://api.agentphone.ai",
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        sub_account_id: str | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        self._api = Api(
            api_key,
            base_url=base_url,
            transport=transport,
            clock=clock,
            sub_account_id=sub_account_id,
            resolve=resolve,
        )

    async def __aenter__(self) -> Self:
        await self._api.__aenter__()
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self._api.__aexit__(*failed)

    @property
    def skew(self) -> float | None:
        """Seconds our clock is ahead of AgentPhone's, by its latest answer; None if it told none.

        Its answers tell whole seconds, and take some time to reach us.
        """
        return self._api.skew

    @property
    def refuses_the_key(self) -> bool:
        """Whether the latest answer was a 401."""
        return self._api.refuses_the_key

    async def send(self, message: OutboundMessage) -> SentMessage:
        """Send one message, once.

        Returns what AgentPhone took; `channel` says only now whether effects and threads survived.

        Raises:
            NotSent: No byte left; the same call may be made again.
            Throttled: Nothing was accepted; wait `retry_after`, then the same call.
            ReplyTargetGone: Nothing went out; send it once more without the reply.
            Unreachable: It may have gone out. Never send it again.
            Refused: A definite no, by kind: no money, not registered, an anti-spam cap…
        """
        for url in message.media_urls:
            self._check_fetchable(url, "media_urls")
        act = Act(
            "the send",
            replying=message.reply_to_message_id is not None,
            hidden=(message.body,),
        )
        answer = await self._api.do(
            "POST", "/v1/messages", act, within=SEND_WITHIN, json=_on_the_wire(message)
        )
        return shaped(SentMessage, answer, act.name)

    async def react(self, message_id: str, reaction: str) -> SentReaction:
        """Tap back, once. `reaction` is one of the six tapbacks or a single emoji.

        Raises `NotOnIMessage` on SMS, and plain `Refused` for an emoji this line is too old for.
        There is no call that takes a tapback back.
        """
        checks.check_reaction(reaction, TAPBACKS)
        path = f"/v1/messages/{checks.check_id(message_id, 'message_id')}/reactions"
        act = Act("the tapback", imessage_only=True)
        answer = await self._api.do(
            "POST", path, act, within=BEST_EFFORT_WITHIN, json={"reaction": reaction}
        )
        return shaped(SentReaction, answer, act.name)

    async def typing(self, conversation_id: str) -> None:
        """Show the typing bubble for a few seconds. There is no call that ends it."""
        act = Act("the typing bubble", imessage_only=True)
        path = f"{_conversation(conversation_id)}/typing"
        await self._api.do("POST", path, act, within=BEST_EFFORT_WITHIN)

    async def set_background(self, conversation_id: str, image_url: str) -> Background:
        """Put a picture (up to 10 MB) behind a 1:1 iMessage conversation. AgentPhone fetches it."""
        self._check_fetchable(image_url, "image_url")
        act = Act("the background", imessage_only=True)
        path = f"{_conversation(conversation_id)}/background"
        answer = await self._api.do(
            "POST", path, act, within=BEST_EFFORT_WITHIN, json={"image_url": image_url}
        )
        return shaped(Background, answer, act.name)

    async def remove_background(self, conversation_id: str) -> None:
        """Take the picture away; fine when there is none."""
        act = Act("the removal of the background", imessage_only=True)
        path = f"{_conversation(conversation_id)}/background"
        await self._api.do("DELETE", path, act, within=BEST_EFFORT_WITHIN)

    def conversations(
        self, *, limit: int | None = None, agent_id: str | None = None
    ) -> AsyncIterator[Conversation]:
        """Conversations, the latest written in first, each once; at most `limit`, all when None."""
        fetch = self._get(_of_agent(agent_id, "conversations"))
        return by_offset(fetch, Conversation, limit=limit)

    async def conversation(self, conversation_id: str, *, message_limit: int = 50) -> Conversation:
        """One conversation with its latest messages, oldest first, and what it can carry just now.

        `message_limit` is 1 to 100.
        """
        checks.check_between(message_limit, 1, 100, "message_limit")
        path = _conversation(conversation_id)
        answer = await self._api.ask(path, {"message_limit": str(message_limit)})
        return _in_order(shaped(Conversation, answer, "the read of a conversation"))

    async def update_conversation(
        self,
        conversation_id: str,
        *,
        metadata: Mapping[str, Any] | Unset | None = UNSET,
        group_name: str | Unset | None = UNSET,
    ) -> Conversation:
        """Replace a conversation's metadata whole (None clears it), or rename a group.

        What is left out stays as it was. There is no version to compare: the last writer wins. A
        group's new name shows on everybody's phone.
        """
        given = {"metadata": metadata, "group_name": group_name}
        changes = {name: value for name, value in given.items() if value is not UNSET}
        if not changes:
            raise BadRequest("nothing to update: give metadata or group_name")
        act = Act("the update of a conversation")
        path = _conversation(conversation_id)
        answer = await self._api.do("PATCH", path, act, within=WRITE_WITHIN, json=changes)
        return _in_order(shaped(Conversation, answer, act.name))

    def messages(
        self,
        conversation_id: str,
        *,
        before: datetime | None = None,
        after: datetime | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[Message]:
        """A conversation's messages, newest first, each once; at most `limit`, all when None.

        Args:
            before: Only what came earlier than this; an aware time.
            after: Only what came later than this; an aware time.
        """
        for field, time in (("before", before), ("after", after)):
            if time is not None and time.tzinfo is None:
                raise BadRequest(f"{field} is {time}; give it a zone, like datetime(…, tzinfo=UTC)")
        fetch = self._get(f"{_conversation(conversation_id)}/messages")
        return by_time(fetch, before=before, after=after, limit=limit)

    async def numbers(self) -> list[Number]:
        """All our numbers."""
        return [number async for number in by_offset(self._get("/v1/numbers"), Number)]

    async def agents(self) -> list[Agent]:
        """All our agents at AgentPhone."""
        return [agent async for agent in by_offset(self._get("/v1/agents"), Agent)]

    async def capabilities(self, number: str) -> Reach:
        """Whether this person can be reached on iMessage, looked up live: takes 1 to 2 seconds.

        AgentPhone allows 60 of these a minute and 1,000 a day.
        """
        checks.check_destination(number, None)
        answer = await self._api.ask("/v1/contacts/capabilities", {"phone_number": number})
        return shaped(Reach, answer, "the capability lookup")

    async def webhook(self, agent_id: str | None = None) -> Webhook | None:
        """The project's webhook, or one agent's own, with its secret; None when there is none."""
        answer = await self._api.ask(_webhook(agent_id))
        return None if answer is None else shaped(Webhook, answer, "the read of the webhook")

    async def set_webhook(
        self,
        url: str,
        *,
        agent_id: str | None = None,
        context_limit: int | None = None,
        timeout: int | None = None,  # noqa: ASYNC109  # AgentPhone's field, not ours to wait for
    ) -> Webhook:
        """Set or replace the webhook. EACH time the secret changes: read first, set only to change.

        Args:
            url: Public https; http only to a twin on this machine.
            context_limit: How many earlier messages ride along, 0 to 50; AgentPhone's 10 when None.
            timeout: Seconds AgentPhone waits for an answer, 5 to 120; its 30 when None.
        """
        self._check_fetchable(url, "url")
        body: dict[str, str | int] = {"url": url}
        if context_limit is not None:
            checks.check_between(context_limit, 0, 50, "context_limit")
            body["contextLimit"] = context_limit
        if timeout is not None:
            checks.check_between(timeout, 5, 120, "timeout")
            body["timeout"] = timeout
        act = Act("the webhook")
        answer = await self._api.do("POST", _webhook(agent_id), act, within=WRITE_WITHIN, json=body)
        return shaped(Webhook, answer, act.name)

    async def delete_webhook(self, agent_id: str | None = None) -> None:
        """Remove the project's webhook, or one agent's own."""
        act = Act("the removal of the webhook")
        await self._api.do("DELETE", _webhook(agent_id), act, within=WRITE_WITHIN)

    async def test_webhook(
        self, *, agent_id: str | None = None, message: str | None = None, channel: str | None = None
    ) -> WebhookTest:
        """Have AgentPhone deliver a test message (marked `test: true`) and say how we answered.

        Waits a little longer than the longest timeout a webhook can have.
        """
        given = {"message": message, "channel": channel}
        body = {name: value for name, value in given.items() if value is not None}
        act = Act("the webhook test", hidden=(message or "",))
        path = f"{_webhook(agent_id)}/test"
        answer = await self._api.do("POST", path, act, within=125.0, json=body)
        return shaped(WebhookTest, answer, act.name)

    async def webhook_deliveries(
        self, *, agent_id: str | None = None, hours: int = 24
    ) -> list[WebhookDelivery]:
        """The deliveries of the last so many hours (1 to 168), as AgentPhone orders them.

        Of an agent's own webhook AgentPhone shows the latest fifty and no more.
        """
        checks.check_between(hours, 1, 168, "hours")
        if agent_id is None:
            fetch, query = self._get("/v1/webhooks/deliveries"), {"hours": str(hours)}
            paged = by_offset(fetch, WebhookDelivery, rows_in="items", query=query)
            return [delivery async for delivery in paged]
        answer = await self._api.ask(f"{_webhook(agent_id)}/deliveries", {"limit": "50"})
        since = utc(self._api.now()) - timedelta(hours=hours)
        deliveries = [
            shaped(WebhookDelivery, row, "the read of deliveries") for row in answer or []
        ]
        return [one for one in deliveries if one.created_at is None or one.created_at >= since]

    async def media(
        self, url: str, max_bytes: int, *, within: float = FETCH_WITHIN
    ) -> tuple[bytes, str]:
        """The bytes behind a media address of an inbound message, and their content type.

        https to a public host only, except for a twin on this machine; two redirects at most, each
        looked at in the same way (`phone.fetching`). The key goes to AgentPhone itself and nowhere
        else. What the bytes really are is the caller's to find out: a missing photo may come as an
        SVG.

        Raises `Refused` when there are more than `max_bytes`, `Unreachable` after `within` seconds.
        """
        return await self._api.fetch(address_of(url), max_bytes=max_bytes, within=within)

    def _get(self, path: str) -> Fetch:
        async def fetch(query: Mapping[str, str]) -> Any:
            return await self._api.ask(path, query)

        return fetch

    def _check_fetchable(self, url: str, field: str) -> None:
        """AgentPhone fetches public https only; the twin on this machine also what is beside it."""
        if not (is_loopback(self._api.base_url) and checks.is_local_http(url)):
            checks.check_https(url, field)


def _conversation(conversation_id: str) -> str:
    return f"/v1/conversations/{checks.check_id(conversation_id, 'conversation_id')}"


def _of_agent(agent_id: str | None, what: str) -> str:
    if agent_id is None:
        return f"/v1/{what}"
    return f"/v1/agents/{checks.check_id(agent_id, 'agent_id')}/{what}"


def _webhook(agent_id: str | None) -> str:
    return "/v1/webhooks" if agent_id is None else _of_agent(agent_id, "webhook")


def _on_the_wire(message: OutboundMessage) -> dict[str, Any]:
    """Only what was said, and of the senders only the one that counts."""
    given = message.model_dump(exclude_none=True)
    body = {name: value for name, value in given.items() if value != []}
    senders = [name for name in ("from_number", "number_id", "agent_id") if name in body]
    for outranked in senders[1:]:
        del body[outranked]
    return body


def _in_order(conversation: Conversation) -> Conversation:
    conversation.messages.sort(key=lambda message: (message.received_at, message.id))
    return conversation
