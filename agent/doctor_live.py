"""What this deployment's own database has found out about AgentPhone, and what is still open.

Some of the questions of `docs/live.md` answer themselves by what comes in. This looks whether they
have; that something never came proves nothing, so a question is answered with yes or stays open.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from agent.findings import Finding
from agent.settings import Settings
from memory.store import Store
from memory.tables import Bubble, BubbleState, Event, Message
from safety.consent import Keyword

_CAME = (col(Message.event_id) == col(Event.id), col(Event.event) == "agent.message")
"""A message that a webhook brought: one that was read back has an event of another name."""

_STOP = (*_CAME, col(Message.keyword) == Keyword.STOP.value)

EVIDENCE: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    "STOP by SMS reaches us": (*_STOP, col(Message.channel).in_(("sms", "mms"))),
    "STOP by iMessage reaches us": (*_STOP, col(Message.channel) == "imessage"),
    "messages carry an id": (*_CAME, col(Message.message_id).is_not(None)),
    "a webhook is brought again and verifies": (col(Event.duplicates) > 0,),
    "our own messages come back as webhooks": (col(Event.why) == "outbound",),
    "a lost answer is found in the history": (col(Bubble.state) == BubbleState.CONFIRMED_LATE,),
    "a message that failed later is told": (col(Bubble.delivery) == "failed",),
    "contact_shared exists": (col(Event.why) == "contact_shared",),
}
"""What shows each: one row for which all of this holds."""


async def answered_live(settings: Settings) -> Finding:
    """One line with what is answered and what is open. The database can be read."""
    async with Store(settings.database_url) as store:
        seen = await store.read(seen_here)
    unseen = [question for question in EVIDENCE if question not in seen]
    told = f": {'; '.join(seen)}" if seen else " yet"
    found = f"{len(seen)} of {len(EVIDENCE)} questions answered by what came in{told}"
    fix = f"Open: {'; '.join(unseen)}. docs/live.md says how to find out." if unseen else ""
    return Finding("live", "good", found, fix)


def seen_here(session: Session) -> list[str]:
    """The questions that rows of this database answer."""
    return [
        question
        for question, shown in EVIDENCE.items()
        if session.exec(select(1).where(*shown).limit(1)).first() is not None
    ]
