"""Who writes in these tests, and what arrives at our door when they do."""

from __future__ import annotations

import itertools
from typing import Any

from sqlmodel import Session

from memory.inbox import Receipt, accept
from memory.mailboxes import address
from memory.tables import Bubble, BubbleState, Mailbox
from phone.clock import utc
from phone.types import Group, Inbound, InboundMessage, InboundReaction

NOW = 1_800_000_000.0
OURS = "+14155550100"
ANA = "+14155550123"
BEN = "+14155550124"

_numbers = itertools.count(1)


def inbound(text: str = "hi", **fields: Any) -> InboundMessage:
    """A message from Ana in their conversation; every field can be said otherwise."""
    number = next(_numbers)
    return InboundMessage(
        **{
            "webhook_id": f"wh_{number}",
            "message_id": f"msg_{number}",
            "conversation_id": "conv_ana",
            "agent_id": "agt_1",
            "number_id": "num_1",
            "from_handle": ANA,
            "to_number": OURS,
            "text": text,
            "received_at": utc(NOW),
            **fields,
        }
    )


def in_group(text: str = "hi", **fields: Any) -> InboundMessage:
    """A message from Ana in a group."""
    group = Group(group_id="grp_1", group_name="Hikers")
    return inbound(text, **{"conversation_id": "conv_group", "group": group, **fields})


def tapback(message_id: str, reaction: str = "like", **fields: Any) -> InboundReaction:
    """Ana taps back in their conversation."""
    return InboundReaction(
        **{
            "webhook_id": f"wh_{next(_numbers)}",
            "message_id": message_id,
            "conversation_id": "conv_ana",
            "from_handle": ANA,
            "to_number": OURS,
            "reaction": reaction,
            "created_at": utc(NOW),
            **fields,
        }
    )


def keys(event: Inbound) -> list[str]:
    """What makes it a duplicate: its message, or for what has none, its webhook."""
    if isinstance(event, InboundMessage) and event.message_id:
        return [f"msg:{event.message_id}"]
    return [f"hook:{event.webhook_id}"]


def deliver(session: Session, event: Inbound, *, now: float = NOW, **options: Any) -> Receipt:
    """What intake does with it."""
    return accept(session, event, **{"body": b"{}", "keys": keys(event), "now": now, **options})


def bubble(session: Session, mailbox: Mailbox, text: str = "Shall we?", **fields: Any) -> Bubble:
    """A bubble of ours in this mailbox, written and not sent."""
    number = next(_numbers)
    row = Bubble(
        **{
            "id": f"bub_{number}",
            "mailbox_id": mailbox.id,
            "position": number,
            "ref": mailbox.next_ref,
            "text": text,
            "state": BubbleState.PREPARED,
            "created_at": utc(NOW),
            "expires_at": utc(NOW + 600),
            **fields,
        }
    )
    mailbox.next_ref += 1
    session.add(mailbox)
    session.add(row)
    return row


def mailbox(session: Session, **fields: Any) -> Mailbox:
    """Our mailbox with Ana."""
    row = Mailbox(
        **{
            "conversation_id": "conv_ana",
            "address": address(OURS, ANA),
            "number": OURS,
            "participant": ANA,
            "created_at": utc(NOW),
            **fields,
        }
    )
    session.add(row)
    session.flush()
    return row
