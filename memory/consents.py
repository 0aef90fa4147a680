"""The opt-out ledger: who has told us to stop. Append-only; a person's latest entry holds.

It outlives the person's erasure: their entries are then kept under a name that is made of their
handle with a key of this deployment's own, and found by it when they write again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from memory.consent_records import withdraw
from memory.keepsakes import DeploymentKey
from memory.tables import Bubble, BubbleState, Consent, Mailbox
from phone.clock import utc
from safety.blocking import says_opted_out

KEY = "consents"
"""Under which name the ledger's key is kept. It is made at the first erasure. Whoever loses it
loses the opt-outs of everybody erased, so it lies beside them and is in every backup."""

NEXT = "consents_next"
"""Under which name that key lies until it is first used: in every backup from the first day on, so
that a list beside the database can name an opt-out which no backup knows."""

HASHED = "hmac:"
"""Begins the name under which an erased person's entries are kept."""


def latest_consent(session: Session, participant: str) -> Consent | None:
    """The entry that holds for this person; None when they never said anything about it."""
    kept = session.get(DeploymentKey, KEY)
    names = [participant, *([hashed(participant, kept.key)] if kept else [])]
    entries = select(Consent).where(col(Consent.participant).in_(names))
    return session.exec(entries.order_by(col(Consent.id).desc()).limit(1)).first()


def ledger(session: Session) -> Sequence[Consent]:
    """Every entry, newest first."""
    return session.exec(select(Consent).order_by(col(Consent.id).desc())).all()


def keep_hashed(session: Session, participant: str) -> int:
    """Keep what the ledger says of somebody without keeping who they are, for their erasure.

    Their entries lose handle, words and message; who said what when still holds if they come back,
    on any number of ours. Run it again and nothing happens.

    Args:
        participant: A person's handle, or a group's id.

    Returns:
        How many entries were there under the handle.
    """
    entries = session.exec(select(Consent).where(Consent.participant == participant)).all()
    if not entries:
        return 0
    kept = ledger_key(session)
    for entry in entries:
        entry.participant = hashed(participant, kept)
        entry.evidence = entry.message_id = None
        session.add(entry)
    session.flush()
    return len(entries)


def ledger_key(session: Session) -> str:
    """The ledger's key; from now on whoever writes is looked up by their hash as well."""
    kept = session.get(DeploymentKey, KEY)
    if kept is None:
        ahead = session.get(DeploymentKey, NEXT)
        kept = DeploymentKey(name=KEY, key=ahead.key if ahead else secrets.token_hex(32))
        session.add(kept)
        session.flush()
    return kept.key


def stops_of(session: Session, names: Iterable[str]) -> list[tuple[str, datetime]]:
    """Which of these are opted out, by the hash under which an erasure keeps it, and since when."""
    latest = {name: latest_consent(session, name) for name in names}
    out = {name: entry.at for name, entry in latest.items() if entry and entry.opted_out}
    key = ledger_key(session) if out else ""
    return sorted((hashed(name, key), at) for name, at in out.items())


def hashed(participant: str, key: str) -> str:
    """The name an erased person's entries go by. Without the key nobody can tell whose they are."""
    digest = hmac.new(bytes.fromhex(key), participant.casefold().encode(), hashlib.sha256)
    return HASHED + digest.hexdigest()


def opted_out(session: Session, participant: str) -> bool:
    """Whether this person has told us to stop, on any of our numbers and channels."""
    latest = latest_consent(session, participant)
    return latest is not None and latest.opted_out


def record_consent(
    session: Session,
    participant: str,
    *,
    opted_out: bool,
    how: str,
    evidence: str | None = None,
    message_id: str | None = None,
    now: float,
) -> None:
    """Add an entry. An opt-out also cancels every bubble to them that has not left yet, and
    ends their agreements to be texted first.

    Either way the memory of their conversations is to be saved anew: a flag in it says so too.

    Args:
        participant: A person's handle, or the `grp_…` id of a group in which somebody said STOP.
        how: What said so: `keyword`, `words` (of their own, by rule), `model`, `metadata`,
            `platform` (a carrier) or `operator`.
        evidence: The word they wrote, or where it was found.
    """
    entry = Consent(
        participant=participant,
        opted_out=opted_out,
        how=how,
        evidence=evidence,
        message_id=message_id,
        at=utc(now),
    )
    session.add(entry)
    session.exec(update(Mailbox).where(_with(participant)).values(state_saved=False))
    if opted_out:
        _cancel_bubbles(session, participant, now=now)
        withdraw(session, participant, now=now)


def believe_the_carrier(session: Session, bubble: Bubble, *, now: float) -> None:
    """A text was refused because they had said STOP to the carrier: it holds for us as well.

    Unless they have told us since, one way or the other.
    """
    mailbox = session.get_one(Mailbox, bubble.mailbox_id)
    if mailbox.is_group or not says_opted_out(bubble.code, bubble.reason):
        return
    latest = latest_consent(session, mailbox.participant)
    if latest is None or latest.at < bubble.created_at:
        record_consent(
            session,
            mailbox.participant,
            opted_out=True,
            how="platform",
            evidence=bubble.reason or bubble.code,
            now=now,
        )


def _with(participant: str) -> ColumnElement[bool]:
    """Their 1:1 conversations on all our numbers, or the group's one."""
    one_to_one = and_(col(Mailbox.participant) == participant, col(Mailbox.is_group).is_(False))
    return or_(one_to_one, col(Mailbox.group_id) == participant)


def _cancel_bubbles(session: Session, participant: str, *, now: float) -> None:
    theirs = select(Mailbox.id).where(_with(participant))
    session.exec(
        update(Bubble)
        .where(
            col(Bubble.mailbox_id).in_(theirs),
            col(Bubble.state) == BubbleState.PREPARED,
            col(Bubble.kind) != "crisis",
        )
        .values(
            state=BubbleState.CANCELLED,
            code="opted_out",
            reason="They asked us to stop before this left.",
            finished_at=utc(now),
        )
    )
