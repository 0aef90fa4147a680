"""What a person told us is theirs: where it came from is kept, and it is forgotten when they ask.

"Forget me" is done here, before any model reads it: the memory is emptied, and nothing that was
said before is shown to a model again. The records of turns are the operator's, and stay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from agent.deployment import Deployment
from agent.history import Past
from memory import sources
from memory.sources import FactSource
from memory.tables import Message
from phone.clock import utc
from safety.forgetting import asks_to_be_forgotten
from safety.untrusted import one_line
from tools.hands import Hands

FORGOTTEN = (
    "they asked to be forgotten, and it is done: nothing noted is left, and you will not be shown "
    "what was said before. Say so in a few words"
)
OF_ONE = "{who} asked to be forgotten, and it is done: {n} facts that came from them are gone"


def since(past: Past, at: datetime | None) -> Past:
    """The past without what they asked us to forget."""
    if at is None:
        return past
    turns = [turn for turn in past.turns if turn.started_at > at]
    kept = {turn.id for turn in turns}
    return Past(
        [m for m in past.messages if m.turn_id in kept or _is_loose(m.turn_id, m.received_at, at)],
        [b for b in past.bubbles if b.turn_id in kept or _is_loose(b.turn_id, b.created_at, at)],
        turns,
    )


def _is_loose(turn_id: str | None, when: datetime, at: datetime) -> bool:
    return turn_id is None and when > at


async def forget_who_asks(
    deployment: Deployment, hands: Hands, messages: Sequence[Message]
) -> list[str]:
    """Do what "forget me" in these messages asks for; what the model is told of it."""
    asking = [one.sender for one in messages if asks_to_be_forgotten(one.text)]
    if not asking:
        return []
    if not hands.mailbox.is_group:
        hands.memory.forget_all(now=deployment.clock.now())
        return [FORGOTTEN]
    told = []
    for who in dict.fromkeys(asking):
        theirs = [fact for fact, by in (await authors(deployment, hands)).items() if by == who]
        hands.memory.facts = [fact for fact in hands.memory.facts if fact not in theirs]
        told.append(OF_ONE.format(who=one_line(who), n=len(theirs)))
    return told


async def authors(deployment: Deployment, hands: Hands) -> dict[str, str]:
    """Of each fact that somebody here told us, their handle. An edit made elsewhere has none."""
    known = await deployment.store.read(partial(sources.of, mailbox_id=hands.claim.mailbox_id))
    return {fact: source.sender for fact, source in known.items()}


def with_authors(facts: Sequence[str], told_by: Mapping[str, str]) -> list[str]:
    """Facts of a group, each with who said it: what one of them claims is not so for all."""
    return [f"{fact} (said by {told_by[fact]})" if fact in told_by else fact for fact in facts]


async def keep_sources(
    deployment: Deployment, hands: Hands, facts: Sequence[str], *, before: Sequence[str]
) -> None:
    """Write down where the facts this turn has noted came from, and let go of those forgotten."""
    if not hands.noted and list(facts) == list(before):
        return
    now = deployment.clock.now()
    new = [
        FactSource(
            mailbox_id=hands.claim.mailbox_id,
            fact=fact,
            sender=hands.theirs[reference],
            ref=int(reference.removeprefix("m")),
            message_id=hands.references.get(reference),
            turn_id=hands.turn_id,
            noted_at=utc(now),
        )
        for fact, reference in hands.noted.items()
    ]
    keep = partial(sources.keep, mailbox_id=hands.claim.mailbox_id, facts=facts, new=new)
    await deployment.store.write(keep)
