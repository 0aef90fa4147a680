"""Whether anything of ours may reach a conversation just now: asked before everything that shows.

Bubbles, tapbacks, backgrounds, the three dots, what a person sends again: all ask here, right
before they leave. Only static words (about consent, and for whoever is in crisis) go past it.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from memory.alerts import is_paused
from memory.consents import opted_out
from memory.tables import Mailbox


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nothing may be sent: a code, and the same in words."""

    code: str
    reason: str


OPTED_OUT = Silence("opted_out", "They asked not to be texted.")
TAKEN_OVER = Silence("taken_over", "A person was called to this conversation; we keep silent.")
"""This silences the agent alone: what a person has decided to send does leave."""


def why_silent(session: Session, mailbox: Mailbox) -> Silence | None:
    """What keeps us silent in this conversation; None when nothing does."""
    if opted_out(session, mailbox.group_id or mailbox.participant):
        return OPTED_OUT
    return TAKEN_OVER if is_paused(session, mailbox.id or 0) else None


def why_silent_in(session: Session, mailbox_id: int) -> Silence | None:
    """The same by the mailbox's id."""
    return why_silent(session, session.get_one(Mailbox, mailbox_id))
