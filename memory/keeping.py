"""What the database keeps of a memory on its way to AgentPhone and back, each step a transaction.

absorb   what was read at AgentPhone: joined with our copy, an operator's opt-out obeyed
keep     what the turn changed: our copy is the truth until it is saved
begin    a write: read afresh, joined, made to fit, noted before it is sent
finish   the answer: AgentPhone holds what we hold, or the next save looks again
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from memory.consents import latest_consent, record_consent
from memory.fitting import compacted, why_too_large
from memory.past import archive, base_for, note, set_aside
from memory.state import (
    HUMAN_MODE,
    OPTED_OUT,
    VERSION,
    ConversationState,
    Found,
    found_in,
    merge,
    read,
    salvaged,
    with_state,
)
from memory.tables import Event, EventKey, Mailbox, Message, MetadataKind
from memory.takeovers import METADATA, hand_back, hold_from_elsewhere, ongoing
from memory.turns import Claim, LeaseLost, held
from phone.clock import utc
from phone.jsontext import read_json

NEWER = f"a newer version of this harness wrote it; version {VERSION} reads it and leaves it alone"


def kept(raw: dict[str, Any] | None) -> ConversationState | None:
    """Our own copy as a memory; when the owner has changed their state's shape, what still fits."""
    if raw is None:
        return None
    return read(raw) or salvaged(raw)


def is_news(mailbox: Mailbox, metadata: Any) -> bool:
    """Whether `absorb` would learn anything from this metadata."""
    found = found_in(metadata)
    if found.unreadable is not None:
        return True
    if found.state is None:
        return mailbox.state is not None and mailbox.state_saved
    was_newer = mailbox.state_blocked == NEWER
    return found.state != kept(mailbox.state_seen) or found.is_writable == was_newer


def told_by_webhook(session: Session, mailbox_id: int) -> Any:
    """The metadata that rode along on the newest message's webhook. It may be stale."""
    newest = select(Message.message_id).where(
        Message.mailbox_id == mailbox_id,
        Message.direction == "inbound",
        col(Message.message_id).is_not(None),
    )
    message_id = session.exec(newest.order_by(col(Message.id).desc()).limit(1)).first()
    event = select(Event.body).join(EventKey, col(EventKey.event_id) == Event.id)
    body = session.exec(event.where(EventKey.key == f"msg:{message_id}")).first()
    payload = read_json(body) if body else None  # empty: it was kept long enough
    return payload.get("conversationState") if isinstance(payload, dict) else None


def absorb(session: Session, *, mailbox_id: int, metadata: Any, now: float) -> Mailbox:
    """Join what AgentPhone holds now with our copy. A person's edit wins, as far as it is one.

    An opt-out flag that somebody set since is an operator's act: it goes into the ledger. Otherwise
    the flag says what the ledger says, whatever stood there: an old copy with it is nobody's act.
    So it is with the flag by which a person takes the conversation.
    """
    mailbox = session.get_one(Mailbox, mailbox_id)
    found, seen = found_in(metadata), kept(mailbox.state_seen)
    base = base_for(session, mailbox_id, found.state, seen) if found.state else seen
    if found.says_stop and not (base and base.says_stop):
        _opt_out(session, mailbox, now)
    if found.state is not None:
        _take_or_give_back(session, mailbox, base, found.state, now)
    if found.unreadable is not None:
        set_aside(session, mailbox_id, found.unreadable, now=now)
    state = _ours(session, mailbox, now) or ConversationState()
    if found.state is not None:
        state = merge(base=base, theirs=found.state, ours=state)
        mailbox.state_seen = found.state.model_dump(mode="json")
    state.rev = max(state.rev, seen.rev if seen else 0)
    state.flags = _flags(session, mailbox, state)
    mailbox.state = state.model_dump(mode="json")
    mailbox.state_saved = _is_there(state, found)
    if not found.is_writable:
        mailbox.state_blocked = NEWER
    elif mailbox.state_saved or mailbox.state_blocked == NEWER:
        mailbox.state_blocked = None
    note(session, mailbox_id, MetadataKind.READ, metadata, now=now)  # last: it is no base of itself
    session.add(mailbox)
    return mailbox


def keep(session: Session, claim: Claim, state: ConversationState, *, now: float) -> None:
    """Make our copy what the turn has made of the memory. Raises LeaseLost."""
    mailbox = _held(session, claim)
    _ours(session, mailbox, now)
    mailbox.state, mailbox.state_saved = state.model_dump(mode="json"), False
    session.add(mailbox)


def owe(session: Session, claim: Claim) -> None:
    """Mark the memory as not saved: the flag is to say what the ledger says. Raises LeaseLost."""
    mailbox = _held(session, claim)
    mailbox.state_saved = False
    session.add(mailbox)


@dataclass(frozen=True, slots=True)
class Write:
    """A write that was noted and may be sent, or why not.

    Attributes:
        state: Our memory after the join, within the budget.
        metadata: The whole to send; None when there is nothing to send, or it must not be.
        removed: What had to go to make room; it is archived.
        blocked: Why it must not be sent, in words.
        is_newly_blocked: Whether that was not so before: worth a line in the log.
    """

    state: ConversationState
    metadata: dict[str, Any] | None = None
    removed: tuple[str, ...] = ()
    blocked: str | None = None
    is_newly_blocked: bool = False


def begin(session: Session, claim: Claim, metadata: Any, *, now: float) -> Write:
    """Work out what is to be written over this metadata, and note it. Raises LeaseLost.

    The note comes before the write, so that it is known again if its answer is lost.
    """
    was_blocked = _held(session, claim).state_blocked
    mailbox = absorb(session, mailbox_id=claim.mailbox_id, metadata=metadata, now=now)
    state = kept(mailbox.state) or ConversationState()
    if mailbox.state_saved:
        return Write(state)
    smaller, removed = compacted(state)
    smaller.rev += 1
    wanted = with_state(metadata, smaller)
    blocked = mailbox.state_blocked if mailbox.state_blocked == NEWER else why_too_large(wanted)
    mailbox.state_blocked = blocked
    if blocked is not None:
        return Write(state, blocked=blocked, is_newly_blocked=blocked != was_blocked)
    archive(session, claim.mailbox_id, removed, rev=smaller.rev, now=now)
    note(session, claim.mailbox_id, MetadataKind.WRITTEN, wanted, now=now)
    mailbox.state = smaller.model_dump(mode="json")
    return Write(smaller, wanted, tuple(removed))


def finish(session: Session, claim: Claim, write: Write, answer: Any) -> bool:
    """Whether AgentPhone's answer shows what was written; else it is looked at again.

    What we wrote is the base of the next join either way, so that whatever it was changed to counts
    as somebody's edit. Raises LeaseLost.
    """
    mailbox = _held(session, claim)
    mailbox.state_seen = write.state.model_dump(mode="json")
    mailbox.state_saved = _is_there(write.state, found_in(answer))
    session.add(mailbox)
    return mailbox.state_saved


def block(session: Session, claim: Claim, why: str) -> None:
    """Do not try again before the next turn: AgentPhone has refused it. Raises LeaseLost."""
    mailbox = _held(session, claim)
    mailbox.state_blocked = why
    session.add(mailbox)


def _is_there(state: ConversationState, found: Found) -> bool:
    return found.state is not None and found.state.content() == state.content()


def _ours(session: Session, mailbox: Mailbox, now: float) -> ConversationState | None:
    """Our copy; one that no longer fits its shape is kept aside before it is written over."""
    if mailbox.state is not None and read(mailbox.state) is None:
        set_aside(session, mailbox.id or 0, json.dumps(mailbox.state), now=now)
    return kept(mailbox.state)


def _flags(session: Session, mailbox: Mailbox, state: ConversationState) -> dict[str, Any]:
    """The flags with what the ledger says; as they are when it says nothing of this person. One
    that says who has the conversation says so of every takeover, once somebody has used it."""
    flags, latest = dict(state.flags), latest_consent(session, _person(mailbox))
    if latest is not None:
        flags[OPTED_OUT] = latest.opted_out
    if HUMAN_MODE in flags:
        flags[HUMAN_MODE] = ongoing(session, mailbox.id or 0) is not None
    return flags


def _take_or_give_back(
    session: Session,
    mailbox: Mailbox,
    base: ConversationState | None,
    there: ConversationState,
    now: float,
) -> None:
    """Somebody has set the flag since, or taken it away. What the console holds stays so."""
    was, mailbox_id = base is not None and base.says_human, mailbox.id or 0
    if there.says_human and not was:
        hold_from_elsewhere(session, mailbox_id, by=METADATA, seen_at=utc(now), now=now)
    elif was and not there.says_human:
        held = ongoing(session, mailbox_id)
        if held is not None and held.seen_at is not None:
            hand_back(session, mailbox_id, by=METADATA, now=now)


def _opt_out(session: Session, mailbox: Mailbox, now: float) -> None:
    latest = latest_consent(session, _person(mailbox))
    if latest is not None and latest.opted_out:
        return
    record_consent(
        session,
        _person(mailbox),
        opted_out=True,
        how="metadata",
        evidence=f"flags.{OPTED_OUT} in the metadata of conversation {mailbox.conversation_id}",
        now=now,
    )


def _person(mailbox: Mailbox) -> str:
    """Whose ledger entry holds here: the person's, or the group's."""
    return mailbox.group_id or mailbox.participant


def _held(session: Session, claim: Claim) -> Mailbox:
    if not held(session, claim):
        raise LeaseLost(f"{claim.owner} no longer holds mailbox {claim.mailbox_id}")
    return session.get_one(Mailbox, claim.mailbox_id)
