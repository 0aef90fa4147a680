"""Making a restored database safe: it tells of a day that is over, and nothing of it may be sent.

What waited expires. What was on its way is unknown: it is looked for at AgentPhone, and never sent
again. What was to be answered has been, most likely: it is dropped, and only what AgentPhone brings
is answered. Who has said STOP since, or was erased, is out again before anything else happens.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select, update

from memory import engines, erasures
from memory.bubbles import finish
from memory.consents import KEY, ledger_key, opted_out, record_consent
from memory.elsewhere import RESTORED_AT
from memory.erasing import erase
from memory.erasures import Erasure
from memory.keepsakes import DeploymentKey
from memory.keyed import keyed
from memory.persons import find
from memory.state import found_in
from memory.tables import (
    Bubble,
    BubbleState,
    Consent,
    Mailbox,
    Message,
    MessageState,
    Turn,
    TurnState,
)
from memory.turns import Claim, settle, void_leases
from phone.clock import utc
from phone.types import Conversation

log = logging.getLogger(__name__)

Row = TypeVar("Row", Consent, Erasure, DeploymentKey)

RESTORED = "restored"
"""The reason of what came to its end with the restore."""

OWNER = "restoring"


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What must not be lost with the database that a copy takes the place of.

    Attributes:
        stopped: Which of the erased were opted out, by the ledger's hash, and since when.
        key: The key under which the opt-outs of erased people stand; None when nobody was erased.
    """

    consents: Sequence[Consent] = ()
    erasures: Sequence[tuple[str, datetime]] = ()
    stopped: Sequence[tuple[str, datetime]] = ()
    key: str | None = None


@dataclass(slots=True)
class Settled:
    """What was done to a restored database: how many of each."""

    bubbles: int = 0
    unknown: int = 0
    messages: int = 0
    opt_outs: int = 0
    erased: int = 0
    conversations: list[str] = field(default_factory=list)


def ledgers_of(file: Path) -> Ledgers:
    """The ledgers of the SQLite database that is about to be replaced, as far as it can be read."""
    consents = _read(file, Consent)
    erased = [(row.subject, row.at) for row in _read(file, Erasure)]
    key = next((row.key for row in _read(file, DeploymentKey) if row.name == KEY), None)
    entries = [Consent(**row.model_dump(exclude={"id"})) for row in consents]
    return Ledgers(entries, erased, key=key)


def _read(file: Path, table: type[Row]) -> Sequence[Row]:
    engine = engines.reader_engine(engines.database(f"sqlite:///{file}"), connections=1)
    try:
        with Session(engine, expire_on_commit=False) as session:
            return session.exec(select(table)).all()
    except SQLAlchemyError as error:  # damaged, or older than the table
        log.warning("%s: %s cannot be read: %s", file, table.__name__, type(error).__name__)
        return ()
    finally:
        engine.dispose()


def close_all(session: Session, settled: Settled, *, now: float) -> None:
    """Nothing waits any more: bubbles expire, what was on its way is unknown, turns are over."""
    waiting = (BubbleState.PREPARED, BubbleState.DISPATCHED)
    for bubble in session.exec(select(Bubble).where(col(Bubble.state).in_(waiting))):
        if bubble.state == BubbleState.PREPARED:
            finish(bubble, BubbleState.EXPIRED, now, RESTORED, "The database was restored.")
            settled.bubbles += 1
        else:
            finish(bubble, BubbleState.UNCONFIRMED, now, RESTORED, "The database was restored.")
            settled.unknown += 1
        session.add(bubble)
    session.flush()
    for turn in session.exec(select(Turn).where(Turn.state == TurnState.RUNNING)).all():
        _end(session, turn, now=now)
    open_ones = update(Message).where(col(Message.state) != MessageState.SETTLED)
    dropped = open_ones.values(state=MessageState.SETTLED, outcome=f"dropped({RESTORED})")
    settled.messages += session.exec(dropped).rowcount
    session.merge(DeploymentKey(name=RESTORED_AT, key=utc(now).isoformat()))
    void_leases(session)
    session.exec(update(Mailbox).values(due_at=None))


def _end(session: Session, turn: Turn, *, now: float) -> None:
    mailbox = session.get_one(Mailbox, turn.mailbox_id)
    mailbox.lease_owner, mailbox.lease_epoch = OWNER, mailbox.lease_epoch + 1
    turn.epoch = mailbox.lease_epoch
    session.add_all([mailbox, turn])
    claim = Claim(turn.mailbox_id, OWNER, mailbox.lease_epoch)
    settle(session, claim, turn.id, outcome="dropped", reason=RESTORED, now=now)


def join_ledgers(session: Session, ledgers: Ledgers, settled: Settled, *, now: float) -> None:
    """Put in what the ledgers have beyond the copy's own; erase again whom they say was erased."""
    if ledgers.key is not None and session.get(DeploymentKey, KEY) is None:
        session.add(DeploymentKey(name=KEY, key=ledgers.key))
    have = {(row.participant, row.opted_out, row.at) for row in session.exec(select(Consent))}
    known = {(entry.participant, entry.opted_out, entry.at) for entry in ledgers.consents}
    if ledgers.stopped:
        ledger_key(session)
    for name, at in ledgers.stopped:
        if (name, True, at) not in have | known:
            session.add(Consent(participant=name, opted_out=True, how="erasures", at=at))
            settled.opt_outs += 1
    session.flush()
    for entry in ledgers.consents:
        if (entry.participant, entry.opted_out, entry.at) not in have:
            session.add(Consent(**entry.model_dump(exclude={"id"})))
            settled.opt_outs += entry.opted_out
    session.flush()
    listed = {(row.subject, row.at) for row in session.exec(select(Erasure))}
    new = {subject: at for subject, at in ledgers.erasures if (subject, at) not in listed}
    for who in _named_by(session, new):
        if (person := find(session, who)) is not None:
            erase(session, person, now=now)
            settled.erased += 1
            settled.conversations += person.conversation_ids
    erasures.put(session, ledgers.erasures)


def _named_by(session: Session, subjects: Iterable[str]) -> list[str]:
    """The handles and ids in this database that these hashes stand for."""
    wanted = set(subjects)
    names = set[str | None]()
    for column in (
        Mailbox.participant, Mailbox.conversation_id, Mailbox.group_id, Message.sender,
        Consent.participant,
    ):  # fmt: skip
        names |= set(session.exec(select(column).distinct()))
    return sorted(name for name in names if name and keyed(session, name) in wanted)


def obey_flags(
    session: Session, conversations: Iterable[Conversation], settled: Settled, *, now: float
) -> None:
    """Who is out by the metadata of their conversation at AgentPhone is out here."""
    for conversation in conversations:
        whom = conversation.group_id or conversation.participant
        if not found_in(conversation.whole_metadata).says_stop or opted_out(session, whom):
            continue
        evidence = f"flags in the metadata of conversation {conversation.id}, after a restore"
        record_consent(session, whom, opted_out=True, how="metadata", evidence=evidence, now=now)
        settled.opt_outs += 1
