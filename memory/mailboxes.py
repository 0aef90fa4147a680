"""Which mailbox a conversation is: found by its id, or by its address until that is known.

Two mailboxes of one conversation can come to be while its id is unknown. They become one when it
is learnt.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    type_coerce,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate
from sqlmodel import Session, col, select

from memory import in_line, silence
from memory.alerts import Alert
from memory.approvals import Approval
from memory.sources import FactSource
from memory.state import merge, salvaged
from memory.tables import Bubble, Mailbox, Message, MetadataEntry, Transcript, Turn, TurnState
from memory.verifying import Verification
from phone.clock import utc
from phone.types import InboundMessage, InboundReaction


def address(number: str, group_or_participant: str) -> str:
    """Where a conversation is found before its id is known: `+14155550100|+14155550123`."""
    return f"{number}|{group_or_participant}"


def find_mailbox(session: Session, conversation_id: str | None, *, where: str) -> Mailbox | None:
    """The mailbox of a conversation, locked; found by its address when its id is not known yet.

    This is also how an id is learnt: when AgentPhone names the conversation of a mailbox, call it
    with that mailbox's address, and go on with the one returned. It may be another: two of one
    conversation are made one.

    Args:
        where: The `address`, used when `conversation_id` is None or no mailbox has it.
    """
    at_address = col(Mailbox.address) == where
    if conversation_id is None:
        newest = select(Mailbox).where(at_address).order_by(col(Mailbox.id).desc()).limit(1)
        return session.exec(newest.with_for_update()).first()
    nameless = col(Mailbox.conversation_id).is_(None)
    found = session.exec(
        select(Mailbox)
        .where(or_(col(Mailbox.conversation_id) == conversation_id, and_(at_address, nameless)))
        .order_by(nameless, col(Mailbox.id))
        .with_for_update()
    ).all()
    if not found:
        return None
    mailbox = found[0] if len(found) == 1 else _merge(session, found)
    mailbox.conversation_id = conversation_id
    return mailbox


def find_mailbox_of_tapback(session: Session, inbound: InboundReaction) -> Mailbox | None:
    """The mailbox of the message reacted to, locked; None for a conversation we never met.

    Never found by address: a tapback does not say whether it was made in a group.
    """
    if inbound.conversation_id is not None:
        known = select(Mailbox).where(Mailbox.conversation_id == inbound.conversation_id)
        if mailbox := session.exec(known.with_for_update()).first():
            return mailbox
    if inbound.message_id is None:
        return None
    for table in (Bubble, Message):
        held = select(table.mailbox_id).where(col(table.message_id) == inbound.message_id)
        if (mailbox_id := session.exec(held).first()) is not None:
            mailbox = session.get_one(Mailbox, mailbox_id, with_for_update=True)
            conversation_id = mailbox.conversation_id or inbound.conversation_id
            return find_mailbox(session, conversation_id, where=mailbox.address)
    return None


def arrive(
    session: Session, inbound: InboundMessage, *, is_due: bool, is_urgent: bool = False, now: float
) -> tuple[int, int]:
    """Make room for a message: its mailbox, made if there is none, and its reference there.

    The mailbox is locked until the transaction ends: a worker that finds nothing waiting and lets
    go cannot overlook the message.
    """
    group = inbound.group
    told = in_line.told_of(is_due=is_due, is_urgent=is_urgent, now=now) | {
        "writer": inbound.from_handle,
        "came_on": inbound.channel,
        "agent": inbound.agent_id,
        "line": inbound.number_id,
        "in_group": group is not None,
        "group": group.group_id if group else None,
        "named": group.group_name if group else None,
        "to": inbound.to_number or None,
        "where": _where(inbound) if inbound.to_number else None,
    }
    connection = session.connection()
    if inbound.conversation_id is not None:
        conversation = {"conversation": inbound.conversation_id}
        if place := connection.execute(_ARRIVAL_IN_CONVERSATION, told | conversation).first():
            return place[0], place[1]
    mailbox = _found_or_made(session, inbound, now=now)
    place = connection.execute(_ARRIVAL_IN_MAILBOX, told | {"mailbox": mailbox.id}).one()
    session.expire(mailbox)
    return place[0], place[1]


def _found_or_made(session: Session, inbound: InboundMessage, *, now: float) -> Mailbox:
    where = _where(inbound)
    mailbox = find_mailbox(session, inbound.conversation_id, where=where)
    if mailbox is None:
        mailbox = Mailbox(
            conversation_id=inbound.conversation_id,
            address=where,
            number=inbound.to_number,
            participant=inbound.from_handle,
            created_at=utc(now),
        )
        session.add(mailbox)
    session.flush()
    return mailbox


def _where(inbound: InboundMessage) -> str:
    group_or_participant = inbound.group.group_id if inbound.group else inbound.from_handle
    return address(inbound.to_number, group_or_participant)


def _arrival(mailbox: ColumnElement[bool]) -> ReturningUpdate[int, int]:
    """Count a reference, mark due, and note what the message tells of its conversation."""
    in_group = bindparam("in_group", type_=Boolean)
    # A payload that leaves out the group must not give a group the address of who wrote in it.
    unnamed_group = and_(col(Mailbox.is_group), not_(in_group))
    where: ColumnElement[str] = func.coalesce(bindparam("where"), Mailbox.address)
    return (
        update(Mailbox)
        .where(mailbox)
        .values(
            next_ref=Mailbox.next_ref + 1,
            due_at=func.coalesce(Mailbox.due_at, bindparam("due_from")),
            claim_at=in_line.place(in_group),
            participant=bindparam("writer"),
            channel=bindparam("came_on"),
            agent_id=func.coalesce(bindparam("agent"), Mailbox.agent_id),
            number_id=func.coalesce(bindparam("line"), Mailbox.number_id),
            is_group=or_(col(Mailbox.is_group), in_group),
            group_id=func.coalesce(bindparam("group"), Mailbox.group_id),
            group_name=func.coalesce(bindparam("named"), Mailbox.group_name),
            number=func.coalesce(bindparam("to"), Mailbox.number),
            address=case((unnamed_group, Mailbox.address), else_=where),
        )
        .returning(type_coerce(col(Mailbox.id), Integer), col(Mailbox.next_ref) - 1)
    )


# Prepared once: to build a statement costs more than to run it, and intake runs these all the time.
_ARRIVAL_IN_CONVERSATION = _arrival(col(Mailbox.conversation_id) == bindparam("conversation"))
_ARRIVAL_IN_MAILBOX = _arrival(col(Mailbox.id) == bindparam("mailbox"))


def _merge(session: Session, found: Sequence[Mailbox]) -> Mailbox:
    """Make one of several, the one in which a turn runs. Two running turns stay apart for now."""
    running = set(
        session.exec(
            select(Turn.mailbox_id).where(
                col(Turn.mailbox_id).in_([mailbox.id for mailbox in found]),
                Turn.state == TurnState.RUNNING,
            )
        )
    )
    kept = found[0]
    for other in found[1:]:
        if other.id not in running:
            _fold(session, other, into=kept)
        elif kept.id not in running:
            _fold(session, kept, into=other)
            kept = other
    return kept


def _fold(session: Session, gone: Mailbox, *, into: Mailbox) -> None:
    """Move all that is in one mailbox to another, and delete it: its lease is lost."""
    _move_numbered(session, gone, into=into)
    silence.move(session, gone=gone.id or 0, into=into.id or 0)
    session.exec(update(Turn).where(col(Turn.mailbox_id) == gone.id).values(mailbox_id=into.id))
    for past in (MetadataEntry, Transcript, Alert, Approval, FactSource, Verification):
        session.exec(update(past).where(col(past.mailbox_id) == gone.id).values(mailbox_id=into.id))
    due = [at for at in (gone.due_at, into.due_at) if at is not None]
    into.due_at = min(due, default=None)
    into.claim_at = min(gone.claim_at, into.claim_at)
    into.created_at = min(gone.created_at, into.created_at)
    into.history_seeded = gone.history_seeded or into.history_seeded
    _join_memories(gone, into=into)
    session.delete(gone)
    session.flush()  # its conversation id is free only now


def _join_memories(gone: Mailbox, *, into: Mailbox) -> None:
    """What both remember, together; it is saved anew, for AgentPhone knows one half at most."""
    if gone.state is None:
        return
    if into.state is None:
        into.state, into.state_seen = gone.state, gone.state_seen
        into.state_saved = gone.state_saved
        return
    one, other = salvaged(into.state), salvaged(gone.state)
    into.state = merge(base=None, theirs=one, ours=other).model_dump(mode="json")
    into.state_seen = into.state_seen or gone.state_seen
    into.state_saved = False


def _move_numbered(session: Session, gone: Mailbox, *, into: Mailbox) -> None:
    """Move messages and bubbles. A reference keeps its number unless the other uses it too."""
    used = {row.ref for row in _numbered(session, into)}
    last = session.exec(select(func.max(Bubble.position)).where(Bubble.mailbox_id == into.id)).one()
    into.next_ref = max(into.next_ref, gone.next_ref)
    for row in _numbered(session, gone):
        row.mailbox_id = into.id or 0
        if row.ref in used:
            row.ref, into.next_ref = into.next_ref, into.next_ref + 1
        if isinstance(row, Bubble):
            row.position += (last or 0) + 1
    session.flush()


def _numbered(session: Session, mailbox: Mailbox) -> list[Message | Bubble]:
    """What has a reference in this mailbox, in order of it."""
    messages = session.exec(select(Message).where(Message.mailbox_id == mailbox.id))
    bubbles = session.exec(select(Bubble).where(Bubble.mailbox_id == mailbox.id))
    return sorted([*messages, *bubbles], key=lambda row: row.ref)
