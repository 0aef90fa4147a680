"""Who a person is to us: the handles they write from, and the conversations they are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import phonenumbers
from sqlmodel import Session, col, or_, select

from memory.tables import Consent, Mailbox, Message


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of whom something is kept; or a group, when it was asked for by its id.

    Attributes:
        handles: What they write from: several, when one conversation knows them by a number and by
            an e-mail address. None for a group, whose members stay.
        mailbox_ids: Conversations that are theirs alone.
        conversation_ids: AgentPhone's ids of those.
        group_ids: Groups they have written in, by the mailbox. For a group: none; it is theirs.
        names: Handles, and the ids of groups that are all theirs: whom a ledger entry is about.
    """

    handles: tuple[str, ...]
    mailbox_ids: tuple[int, ...]
    conversation_ids: tuple[str, ...]
    group_ids: tuple[int, ...] = ()
    names: tuple[str, ...] = ()


def find(session: Session, who: str) -> Person | None:
    """The person with this handle or in this conversation; None when nothing is kept of them.

    Args:
        who: A number, an e-mail address, AgentPhone's id of a conversation, or that of a group.
    """
    who = handle_of(who)
    named = or_(col(Mailbox.conversation_id) == who, col(Mailbox.group_id) == who)
    mailbox = session.exec(select(Mailbox).where(named)).first()
    if mailbox is not None and mailbox.is_group:
        return _group(mailbox)
    return _person(session, who if mailbox is None else mailbox.participant)


def handle_of(text: str) -> str:
    """What was typed as we keep it: `+1 (415) 555-0123` is `+14155550123`."""
    text = text.strip()
    if text.startswith("+"):
        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            return text
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return text.casefold() if "@" in text else text


def _group(mailbox: Mailbox) -> Person:
    return Person(
        handles=(),
        mailbox_ids=(mailbox.id or 0,),
        conversation_ids=_named(mailbox.conversation_id),
        names=_named(mailbox.group_id),
    )


def _person(session: Session, handle: str) -> Person | None:
    handles, boxes = {handle}, dict[int, Mailbox]()
    while True:
        found = _alone_with(session, handles)
        boxes |= {box.id or 0: box for box in found}
        known = handles | {box.participant for box in found} | _writers(session, boxes)
        if known == handles:
            break
        handles = known
    groups = _groups_of(session, handles)
    if not boxes and not groups and not _is_in_ledger(session, handles):
        return None
    return Person(
        handles=tuple(sorted(handles)),
        mailbox_ids=tuple(sorted(boxes)),
        conversation_ids=tuple(sorted(filter(None, (b.conversation_id for b in boxes.values())))),
        group_ids=groups,
        names=tuple(sorted(handles)),
    )


def _alone_with(session: Session, handles: set[str]) -> list[Mailbox]:
    """Their conversations with us and nobody else, also where they now go by another handle."""
    wrote = select(Message.mailbox_id).where(
        col(Message.sender).in_(handles), Message.direction == "inbound"
    )
    theirs = or_(col(Mailbox.participant).in_(handles), col(Mailbox.id).in_(wrote))
    alone = select(Mailbox).where(theirs, col(Mailbox.is_group).is_(False))
    return list(session.exec(alone))


def _writers(session: Session, boxes: dict[int, Any]) -> set[str]:
    senders = select(Message.sender).where(
        col(Message.mailbox_id).in_(boxes), Message.direction == "inbound"
    )
    return set(session.exec(senders.distinct()))


def _groups_of(session: Session, handles: set[str]) -> tuple[int, ...]:
    wrote = select(Message.mailbox_id).where(col(Message.sender).in_(handles)).distinct()
    groups = select(Mailbox.id).where(col(Mailbox.is_group), col(Mailbox.id).in_(wrote))
    return tuple(sorted(found for found in session.exec(groups) if found is not None))


def _is_in_ledger(session: Session, handles: set[str]) -> bool:
    entry = select(Consent.id).where(col(Consent.participant).in_(handles))
    return session.exec(entry.limit(1)).first() is not None


def _named(name: str | None) -> tuple[str, ...]:
    return (name,) if name else ()
