"""Whether the agent is to be silent in a conversation, and why: somebody else has it in hand."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, update

from memory.pauses import Pause, paused
from memory.takeovers import Takeover, ongoing

OPERATOR = "operator"
"""The kind of a bubble that a person wrote in the agent's place."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nothing may be sent: a code, the same in words, and how a turn ends that meets it."""

    code: str
    reason: str
    outcome: str = "dropped"


PAUSED = Silence("paused", "An operator has paused the agent here.")

TAKEN_OVER = Silence(
    "taken_over", "A person has this conversation; the agent keeps silent.", "handed_over"
)


def silence_in(session: Session, mailbox_id: int) -> Silence | None:
    """Why the agent is silent in this conversation; None when it may speak."""
    if paused(session, mailbox_id) is not None:
        return PAUSED
    return TAKEN_OVER if ongoing(session, mailbox_id) is not None else None


def move(session: Session, *, gone: int, into: int) -> None:
    """Two mailboxes of one conversation become one: who held either holds both."""
    both, mine = ongoing(session, gone), ongoing(session, into)
    if both is not None and mine is not None:
        both.ended_at, both.ended_by = both.began_at, "joined with another"
        session.add(both)
        session.flush()  # only one may be open
    for table in (Takeover, Pause):
        ours = col(table.mailbox_id) == gone
        session.exec(update(table).where(ours).values(mailbox_id=into))
