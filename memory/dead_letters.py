"""The dead letters: what nobody could deal with, looked at by a person and tried once more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

from sqlmodel import Session, col, select

from memory.catching_up import FRESH_FOR
from memory.inbox import accept, keys_of
from memory.store import Store
from memory.tables import DeadLetter, Mailbox, Message, MessageState
from phone.clock import utc
from phone.errors import BadPayload
from phone.types import Ignored, Inbound, InboundMessage
from phone.webhook import parse
from safety.consent import BUILT_IN, Ears

Fate = Literal["accepted", "dropped", "duplicate", "ignored", "unreadable", "stale", "unknown"]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a dead letter that was tried again.

    Attributes:
        fate: `accepted`: it waits to be answered; `dropped`: it is kept and nobody is answered, as
            when they have said STOP; `duplicate` or `ignored`: nothing is to be done; these four
            are no dead letters any more. `unreadable` still, `stale`: too old to be answered
            unasked; `unknown`: there is no such letter.
        is_rehearsed: Whether all of that was only tried out, and nothing has changed.
    """

    letter_id: int
    fate: Fate
    is_rehearsed: bool = False

    @property
    def is_left(self) -> bool:
        """Whether it is a dead letter still, or never was one."""
        return self.fate in ("unreadable", "stale", "unknown")

    def __str__(self) -> str:
        said = _SAID | (_WOULD if self.is_rehearsed else {})
        return f"{self.letter_id}: {said[self.fate]}"


_SAID: dict[Fate, str] = {
    "accepted": "let in; it waits for its turn.",
    "dropped": "let in and kept; nobody is answered (they said STOP, or it is empty).",
    "duplicate": "known already; nothing to do.",
    "ignored": "read; there is nothing to answer.",
    "unreadable": "still unreadable; left where it is.",
    "stale": "older than 15 minutes; left where it is. --allow-stale answers it all the same.",
    "unknown": "no such dead letter.",
}


_WOULD: dict[Fate, str] = {
    "accepted": "would be let in and wait for its turn.",
    "dropped": "would be let in and kept; nobody would be answered.",
    "duplicate": "known already; it would be no dead letter any more.",
    "ignored": "nothing to answer; it would be no dead letter any more.",
}


def letters(session: Session) -> Sequence[DeadLetter]:
    """Everything that waits for a person, oldest first."""
    return session.exec(select(DeadLetter).order_by(col(DeadLetter.id))).all()


def as_json(letter: DeadLetter) -> dict[str, Any]:
    """A letter as `--json` shows it: not what is in it, which is somebody's words."""
    return {
        "id": letter.id,
        "kind": "unreadable" if letter.inbound_id is None else "poison",
        "reason": letter.reason,
        "webhook_id": letter.webhook_id,
        "bytes": len(letter.body),
        "received_at": letter.received_at.isoformat(),
    }


def in_a_line(letter: DeadLetter) -> str:
    """The same, to be read by a person."""
    told = as_json(letter)
    when = letter.received_at.strftime("%Y-%m-%d %H:%M UTC")
    return f"{told['id']:>5}  {told['kind']:10}  {when}  {told['reason']}"


async def replay_all(
    database_url: str,
    letter_id: int | None,
    *,
    now: float,
    dry_run: bool,
    allow_stale: bool,
    ears: Ears = BUILT_IN,
) -> list[Replayed]:
    """Replay one letter, or all of them when None; each in a transaction of its own.

    Args:
        dry_run: Say what would become of them, and change nothing.
    """
    async with Store(database_url) as store:
        found = [letter_id]
        if letter_id is None:
            found = [letter.id for letter in await store.read(letters)]
        done = []
        for one in found:
            work = partial(replay, letter_id=one or 0, now=now, allow_stale=allow_stale, ears=ears)
            done.append(await (_rehearse(store, work) if dry_run else store.write(work)))
        return done


class _Rehearsed(Exception):
    """Undoes what was tried out, and carries what came of it."""

    def __init__(self, replayed: Replayed) -> None:
        super().__init__()
        self.replayed = replayed


async def _rehearse(store: Store, work: Callable[[Session], Replayed]) -> Replayed:
    def try_out(session: Session) -> None:
        raise _Rehearsed(work(session))

    try:
        await store.write(try_out)
    except _Rehearsed as tried:
        return replace(tried.replayed, is_rehearsed=True)
    raise AssertionError("a rehearsal always ends by undoing itself")


def replay(
    session: Session,
    letter_id: int,
    *,
    now: float,
    allow_stale: bool = False,
    ears: Ears = BUILT_IN,
) -> Replayed:
    """Let a dead letter in again, as if it came now; what is let in is no dead letter any more.

    Args:
        allow_stale: Also answer what is older than fifteen minutes.
        ears: What is heard by rule beyond what always is.
    """
    letter = session.get(DeadLetter, letter_id)
    if letter is None:
        return Replayed(letter_id, "unknown")
    since = None if allow_stale else utc(now) - FRESH_FOR
    again = partial(_read_again, ears=ears) if letter.inbound_id is None else _wait_again
    fate = again(session, letter, since=since, now=now)
    if fate not in ("unreadable", "stale"):
        session.delete(letter)
    return Replayed(letter_id, fate)


def _read_again(
    session: Session, letter: DeadLetter, *, since: datetime | None, now: float, ears: Ears
) -> Fate:
    received = letter.received_at.timestamp()
    try:
        inbound = parse(letter.body, webhook_id=letter.webhook_id, now=received)
    except BadPayload:
        return "unreadable"
    if since is not None and _moment(inbound, letter) < since:
        return "stale"
    receipt = accept(
        session,
        inbound,
        body=letter.body,
        keys=keys_of(inbound, letter.body),
        now=now,
        # AgentPhone cannot be asked from here; what people have written to is ours for certain.
        own_numbers=set(session.exec(select(Mailbox.number))),
        ears=ears,
    )
    return "dropped" if receipt.result == "accepted" and not receipt.is_due else receipt.result


def _moment(inbound: Inbound, letter: DeadLetter) -> datetime:
    if isinstance(inbound, Ignored):
        return letter.received_at
    return inbound.received_at if isinstance(inbound, InboundMessage) else inbound.created_at


def _wait_again(
    session: Session, letter: DeadLetter, *, since: datetime | None, now: float
) -> Fate:
    message = session.get(Message, letter.inbound_id)
    if message is None:
        return "ignored"
    if since is not None and message.received_at < since:
        return "stale"
    mailbox = session.get_one(Mailbox, message.mailbox_id, with_for_update=True)
    message.state, message.turn_id, message.outcome = MessageState.WAITING, None, None
    mailbox.due_at = mailbox.due_at or utc(now)
    session.add_all([message, mailbox])
    return "accepted"
