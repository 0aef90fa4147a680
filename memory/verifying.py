"""Who has proved who they are, in which conversation, and until when. Codes are kept as hashes.

waiting ─▶ verified until …
   └─▶ used_up (five wrong) | replaced (by a later code) | undelivered

A code is taken out of a text in the transaction that stores the text: no row, no record and no
model ever has it.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, delete, update
from sqlalchemy import select as columns
from sqlmodel import Field, Session, SQLModel, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from memory.columns import UTCDateTime
from memory.tables import Event
from memory.turns import Claim, LeaseLost, held
from phone.clock import utc
from phone.types import InboundMessage
from safety.verdicts import Refused
from safety.verification import (
    MOST_CODES,
    MOST_WITHIN,
    NOT_AGAIN_WITHIN,
    TRIES,
    VALID_FOR,
    VERIFIED_FOR,
    codes_in,
    is_right,
    sealed,
    without_codes,
)

KEPT_FOR = timedelta(days=7)
"""So long AgentPhone's webhooks may still quote the text it was in, and are kept themselves."""


class Standing(StrEnum):
    """What became of a code."""

    WAITING = "waiting"
    VERIFIED = "verified"
    USED_UP = "used_up"
    REPLACED = "replaced"
    UNDELIVERED = "undelivered"


class Verification(SQLModel, table=True):
    """One code, sent to somebody by another way.

    Attributes:
        participant: Whom it is to prove to be themselves.
        tool: The tool it was asked for.
        salt, digest: What is kept of it.
        tries: Wrong ones so far.
        expires_at: Until when it may be answered; once it was, until when that counts.
    """

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id", index=True)
    participant: str
    tool: str
    salt: str
    digest: str
    state: str = Standing.WAITING
    tries: int = 0
    asked_at: datetime = Field(sa_type=UTCDateTime)
    expires_at: datetime = Field(sa_type=UTCDateTime)


def keep_code(
    session: Session, *, claim: Claim, participant: str, code: str, tool: str, now: float
) -> int | Refused:
    """Keep a code that is about to be sent; an earlier one counts no more. Raises LeaseLost.

    Returns:
        Its number; or why no code is to be sent: `waiting` for one that has just left, `too_many`.
    """
    if not held(session, claim):
        raise LeaseLost(f"{claim.owner} no longer holds mailbox {claim.mailbox_id}")
    here = col(Verification.mailbox_id) == claim.mailbox_id
    young = col(Verification.asked_at) > utc(now) - NOT_AGAIN_WITHIN
    if session.exec(_waiting(claim.mailbox_id, now).where(young)).first() is not None:
        return Refused("waiting", "a code is on its way")
    sent = select(func.count()).select_from(Verification).where(here)
    of_late = sent.where(col(Verification.asked_at) > utc(now) - MOST_WITHIN)
    if session.exec(of_late).one() >= MOST_CODES:
        return Refused("too_many", "they got as many codes as there are in an hour")
    earlier = update(Verification).where(here, col(Verification.state) == Standing.WAITING)
    session.exec(earlier.values(state=Standing.REPLACED))
    salt = secrets.token_bytes(16)
    row = Verification(
        mailbox_id=claim.mailbox_id,
        participant=participant,
        tool=tool,
        salt=salt.hex(),
        digest=sealed(code, salt=salt),
        asked_at=utc(now),
        expires_at=utc(now) + VALID_FOR,
    )
    session.add(row)
    session.flush()
    return row.id or 0


def not_delivered(session: Session, *, code_id: int) -> None:
    """A code did not leave: nothing is to be waited for."""
    row = session.get_one(Verification, code_id)
    row.state = Standing.UNDELIVERED
    session.add(row)


def forget_codes(session: Session, *, now: float) -> None:
    """Delete those that nobody looks at any more."""
    session.exec(delete(Verification).where(col(Verification.asked_at) < utc(now) - KEPT_FOR))


def verified(
    session: Session, *, mailbox_id: int, participant: str, now: float
) -> Verification | None:
    """By what this person has proved here who they are, if that still counts."""
    proved = select(Verification).where(
        Verification.mailbox_id == mailbox_id,
        Verification.participant == participant,
        Verification.state == Standing.VERIFIED,
        col(Verification.expires_at) > utc(now),
    )
    return session.exec(proved.order_by(col(Verification.id).desc()).limit(1)).first()


def take_code(
    session: Session, inbound: InboundMessage, mailbox_id: int, *, event_id: int | None, now: float
) -> str:
    """The text as it is to be stored: while a code is waited for, without what could be one.

    What stands in its place says how it went. The first in a text is tried, and no other.
    """
    about = {"mailbox": mailbox_id, "since": utc(now) - KEPT_FOR}
    code_id = session.connection().execute(_NEWEST, about).scalar_one_or_none()
    if code_id is None:
        return inbound.text
    _take_out_of_webhook(session, event_id)
    row = session.get_one(Verification, code_id, with_for_update=True)
    codes = codes_in(inbound.text)
    if not codes or row.state != Standing.WAITING or row.asked_at < utc(now) - MOST_WITHIN:
        return inbound.text
    went = _try(row, codes[0], by=inbound.from_handle, now=now)
    return without_codes(inbound.text, instead=f"[a code: {went}]")


# Prepared once: to build a statement costs more than to run it, and intake runs this all the time.
_NEWEST = (
    columns(col(Verification.id))
    .where(
        col(Verification.mailbox_id) == bindparam("mailbox"),
        col(Verification.asked_at) > bindparam("since"),
    )
    .order_by(col(Verification.id).desc())
    .limit(1)
)


def _try(row: Verification, code: str, *, by: str, now: float) -> str:
    """Count it, and say how it went."""
    if by != row.participant:
        return "not from where it was asked for"
    if row.expires_at <= utc(now):
        return "too late"
    if is_right(code, salt=bytes.fromhex(row.salt), kept=row.digest):
        row.state, row.expires_at = Standing.VERIFIED, utc(now) + VERIFIED_FOR
        return "right"
    row.tries += 1
    if row.tries >= TRIES:
        row.state = Standing.USED_UP
        return "wrong, and no tries left"
    return f"wrong, {TRIES - row.tries} tries left"


def _take_out_of_webhook(session: Session, event_id: int | None) -> None:
    """Raw webhooks are kept for a while and shown to the operator, and later ones quote it."""
    event = session.get(Event, event_id) if event_id is not None else None
    if event is None or not codes_in(event.body.decode("utf-8", "replace")):
        return
    with suppress(ValueError, RecursionError):  # whatever it is, the text has to be taken in
        event.body = json.dumps(_without(json.loads(event.body))).encode()
        session.add(event)


def _without(part: Any) -> Any:
    """Of a payload: only words may have a code in them, numbers and keys are AgentPhone's."""
    if isinstance(part, str):
        return without_codes(part, instead="[code]")
    if isinstance(part, list):
        return [_without(each) for each in part]
    if isinstance(part, dict):
        return {name: _without(each) for name, each in part.items()}
    return part


def _waiting(mailbox_id: int, now: float) -> SelectOfScalar[Verification]:
    return select(Verification).where(
        Verification.mailbox_id == mailbox_id,
        Verification.state == Standing.WAITING,
        col(Verification.expires_at) > utc(now),
    )
