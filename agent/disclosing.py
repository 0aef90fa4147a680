"""The static words by which people know that an AI writes: which are due now, from the prompts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlmodel import Session

from agent.deployment import Deployment
from memory.introductions import due, reminds
from memory.minors import minors_in
from memory.tables import Mailbox, Message
from memory.turns import Claim
from safety.disclosure import Introduction, asked_whether_human
from tools.floor import Floor
from tools.introducing import Introducing

INTRODUCTIONS: dict[Introduction, str] = {
    "imessage": "introduction_imessage",
    "sms": "introduction_sms",
    "reminder": "reminder",
}
"""The prompt file with each introduction."""


async def introduction_for(deployment: Deployment, claim: Claim) -> Introducing | None:
    """The introduction that the next bubble is to carry; None when they have been told.

    When there is none, a reminder may be due: in one conversation with a companion, or with a
    minor. Who tells people elsewhere that an AI writes reminds them all the same.
    """
    kind = await deployment.store.read(partial(_due, deployment, claim.mailbox_id))
    if kind is None:
        return None
    text = deployment.prompts.text(INTRODUCTIONS[kind], name=deployment.name)
    return Introducing(kind, text)


def _due(deployment: Deployment, mailbox_id: int, session: Session) -> Introduction | None:
    now = deployment.clock.now()
    kind = due(session, mailbox_id=mailbox_id, now=now) if deployment.introduces else None
    if kind is not None:
        return kind
    minds = deployment.is_companion or minors_in(session, mailbox_id)
    return "reminder" if minds and reminds(session, mailbox_id=mailbox_id, now=now) else None


def truth_for(
    deployment: Deployment, mailbox: Mailbox, messages: Sequence[Message], floor: Floor
) -> str | None:
    """The static answer to who asks whether a person writes, in their language; None: nobody asks.

    In a group only what is meant for us counts: members ask each other such things.
    """
    for message in messages:
        is_for_us = floor.asked_by is None or message.sender in floor.asked_by
        if is_for_us and (language := asked_whether_human(message.text)):
            prompt = "truth" if language == "en" else f"truth_{language}"
            return deployment.prompts.text(prompt, name=deployment.name)
    return None
