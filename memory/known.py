"""What the database knows already of a webhook: one prepared question for each that comes."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, false, func, or_
from sqlalchemy import select as columns
from sqlmodel import Session, col

from memory.consents import KEY, opted_out
from memory.keepsakes import DeploymentKey
from memory.minors import MinorFlag
from memory.tables import Consent, EventKey, Message, MessageState
from phone.types import Ignored, Inbound, InboundMessage


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows already of a webhook.

    Attributes:
        is_earlier_talk: The message was read back from AgentPhone before its webhook came: it was
            shown to the model as history and never answered.
        opted_out: Its sender told us to stop.
        is_child: Its sender told us that they are under 13.
    """

    is_duplicate: bool
    is_earlier_talk: bool
    opted_out: bool
    is_child: bool


_HAS_HASHED = exists().where(col(DeploymentKey.name) == KEY)
"""Whether anybody was ever erased: only then the ledger is also asked under their hash."""

_IS_CHILD = exists().where(
    col(MinorFlag.participant) == bindparam("participant"),
    col(MinorFlag.is_child),
    col(MinorFlag.cleared_at).is_(None),
)
_IS_THIS_MESSAGE = col(Message.message_id) == bindparam("message_id")
_IS_EARLIER_TALK = and_(
    col(Message.state) == MessageState.SETTLED.value, col(Message.turn_id).is_(None)
)
_LATEST_CONSENT = (
    columns(col(Consent.opted_out))
    .where(col(Consent.participant) == bindparam("participant"))
    .order_by(col(Consent.id).desc())
    .limit(1)
    .scalar_subquery()
)


@functools.cache  # to build a statement costs more than to run it
def _known(count: int) -> Select[bool, bool, bool, bool, bool]:
    """The question for so many keys, which `IN` would have to write out anew each time."""
    keys: list[Any] = [bindparam(f"key_{number}") for number in range(count)]
    return columns(
        or_(
            exists().where(col(EventKey.key).in_(keys)),
            exists().where(_IS_THIS_MESSAGE, ~_IS_EARLIER_TALK),
        ),
        exists().where(_IS_THIS_MESSAGE),
        func.coalesce(_LATEST_CONSENT, false()),
        _HAS_HASHED,
        _IS_CHILD,
    )


def look_up(session: Session, inbound: Inbound, keys: list[str]) -> Known:
    """What is known of this webhook, which goes by these keys, and of its sender."""
    about = {
        "message_id": inbound.message_id if isinstance(inbound, InboundMessage) else None,
        "participant": None if isinstance(inbound, Ignored) else inbound.from_handle,
    }
    about |= {f"key_{number}": key for number, key in enumerate(keys)}
    known = session.connection().execute(_known(len(keys)), about).one()
    is_out = known[2]
    if known[3] and about["participant"] is not None:
        is_out = opted_out(session, about["participant"])
    return Known(known[0], known[1], is_out, known[4])
