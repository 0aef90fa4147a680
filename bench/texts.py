"""Texts as AgentPhone would bring them: people nobody knows, and their signed webhooks.

Every text ends with a mark, `#15551000007.2`: whose it is and their how-manieth, so that a model
can say which texts its prompt held.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from typing import Any

from phone.webhook import sign

SECRET = "whsec_bench_0123456789"
NUMBER = "+15550100001"
MARK = re.compile(r"#(\d+)\.(\d+)")


def people(group: int, count: int) -> list[str]:
    """So many numbers nobody has; those of another group (0 to 9) are other people."""
    return [f"+1555{group}{index:06d}" for index in range(count)]


def conversation_of(person: str) -> str:
    """The id of this person's conversation."""
    return f"conv{person[1:]}"


def person_in(conversation_id: str) -> str:
    """The person of a conversation."""
    return f"+{conversation_id.removeprefix('conv')}"


def marked(words: str, person: str, nth: int) -> str:
    """A text with its mark."""
    return f"{words} #{person[1:]}.{nth}"


def marks(texts: Iterable[str]) -> dict[str, set[int]]:
    """Whose texts these are, and which of them."""
    found: dict[str, set[int]] = {}
    for text in texts:
        for digits, nth in MARK.findall(text):
            found.setdefault(f"+{digits}", set()).add(int(nth))
    return found


def webhook(person: str, text: str, nth: int = 1) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of the webhook with this person's nth text, received just now."""
    now = time.time()
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
    event: dict[str, Any] = {
        "event": "agent.message",
        "channel": "imessage",
        "timestamp": at,
        "agentId": "agent",
        "data": {
            "messageId": f"msg{person[1:]}.{nth}",
            "conversationId": conversation_of(person),
            "numberId": "number",
            "from": person,
            "to": NUMBER,
            "message": text,
            "mediaUrl": None,
            "mediaUrls": [],
            "direction": "inbound",
            "receivedAt": at,
        },
        "conversationState": None,
        "recentHistory": [],
    }
    body = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        "X-Webhook-Signature": sign(body, secret=SECRET, timestamp=int(now)),
        "X-Webhook-Timestamp": str(int(now)),
        "X-Webhook-ID": f"del_{person[1:]}.{nth}",
        "X-Webhook-Event": "agent.message",
    }
    return body, headers
