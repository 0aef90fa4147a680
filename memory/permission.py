"""Whether anything of ours may reach a conversation just now: asked before everything that shows.

Bubbles, tapbacks, backgrounds, the three dots, what a person sends again: all ask here, right
before they leave. Only static words (about consent, and for whoever is in crisis) go past it.
"""

from __future__ import annotations

from sqlmodel import Session

from memory.consents import opted_out
from memory.minors import is_child
from memory.silence import OPERATOR, PAUSED, Silence, silence_in
from memory.tables import Bubble, Mailbox

OPTED_OUT = Silence("opted_out", "They asked not to be texted.")
"""This silences everybody; a takeover and a pause silence the agent alone."""

CHILD = Silence("child", "They said that they are under 13.")
"""This silences the agent to one person, on every number, until an operator knows better."""

CRISIS = "crisis"
"""The kind of the static words for somebody in crisis: whoever has it in hand, these leave."""

NOTICE = "notice"
"""The kind of the static words about consent: nobody's conversation, but a pause holds them too."""


def why_silent(session: Session, mailbox: Mailbox) -> Silence | None:
    """What keeps us silent in this conversation; None when nothing does."""
    if opted_out(session, mailbox.group_id or mailbox.participant):
        return OPTED_OUT
    if not mailbox.is_group and is_child(session, mailbox.participant):
        return CHILD
    return silence_in(session, mailbox.id or 0)


def why_silent_in(session: Session, mailbox_id: int) -> Silence | None:
    """The same by the mailbox's id."""
    return why_silent(session, session.get_one(Mailbox, mailbox_id))


def held_back(session: Session, bubble: Bubble, mailbox: Mailbox) -> Silence | None:
    """Why this bubble may not leave; None when it may.

    What a person wrote, or had sent again, leaves in a takeover and in a pause: that is what they
    hold the conversation for.
    """
    if bubble.kind == CRISIS:
        return None
    if bubble.kind == NOTICE:
        silence = silence_in(session, mailbox.id or 0)
        return silence if silence is PAUSED else None
    silence = why_silent(session, mailbox)
    is_by_a_person = bubble.kind == OPERATOR or bubble.resend_of is not None
    return silence if silence is OPTED_OUT or not is_by_a_person else None
