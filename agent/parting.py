"""What is said after the model has ended a turn, by rule: what it must not leave unsaid."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from sqlmodel import Session, col, select

from agent.admission import turn_away
from agent.comforting import comfort
from agent.deployment import Deployment
from agent.static_words import notices, say
from agent.thinking import ASTRAY, OUT_OF_TIME, UNAVAILABLE, Ending, outcome_of
from memory.bubbles import Draft
from memory.tables import BubbleState, Turn, TurnState
from memory.turns import Burst, Claim
from safety.verdicts import Refused
from tools.hands import Hands


async def part(
    deployment: Deployment, claim: Claim, burst: Burst, hands: Hands, ending: Ending
) -> Ending:
    """Say what is left to say, if anything; how the turn ends then.

    An apology where the model was at a loss and nothing was said; the confirmation of a STOP it
    heard; help in a crisis it heard; the truth where they asked whether a person writes.
    """
    if ending.refused is not None:
        return await _turn_away(deployment, claim, burst, hands, ending, ending.refused)
    if _is_at_a_loss(ending.reason) and not hands.said:
        ending = await _apologise(deployment, claim, burst, ending)
    if hands.opted_out:
        return await _confirm_stop(deployment, claim, burst, ending)
    if hands.needs_a_person:
        comforted = await comfort(deployment, claim, burst, heard_by_model=True)
        return replace(comforted, record=ending.record) if comforted else ending
    if hands.truth and ending.outcome in ("silent", "reacted"):
        sent = await deployment.outbox.send(claim, burst.turn.id, [Draft(text=hands.truth)])
        return Ending(outcome_of(sent), "asked whether a person writes", ending.record)
    return ending


async def _turn_away(
    deployment: Deployment,
    claim: Claim,
    burst: Burst,
    hands: Hands,
    ending: Ending,
    refused: Refused,
) -> Ending:
    """A limit let the model not be asked: as before a turn, they are told once in a window."""
    away = await turn_away(deployment, hands.mailbox, refused)
    if away.words is not None:
        await say(deployment, claim, burst, away.words, why=away.reason)
    return Ending("dropped", away.reason, ending.record)


async def _confirm_stop(
    deployment: Deployment, claim: Claim, burst: Burst, ending: Ending
) -> Ending:
    """Send the static words that were written when the model recorded a STOP."""
    sent = [
        await deployment.outbox.deliver(claim, bubble.id)
        for bubble in await notices(deployment, burst)
        if bubble.state == BubbleState.PREPARED
    ]
    if not sent:
        return ending
    return Ending(outcome_of(sent), "notice for stop, heard by the model", ending.record)


async def _apologise(deployment: Deployment, claim: Claim, burst: Burst, ending: Ending) -> Ending:
    """Say once per outage that we cannot think; the turn stays failed, for nothing was answered."""
    before = await deployment.store.read(partial(_reason_before, claim.mailbox_id))
    if not _is_at_a_loss(before):
        await say(deployment, claim, burst, "unavailable", why=UNAVAILABLE, kind="apology")
    return ending


def _is_at_a_loss(reason: str | None) -> bool:
    """Whether a turn ended so because the model had no answer for it."""
    known = (UNAVAILABLE, OUT_OF_TIME)
    return reason is not None and (reason in known or reason.startswith(ASTRAY))


def _reason_before(mailbox_id: int, session: Session) -> str | None:
    """How the conversation's last settled turn ended."""
    settled = select(Turn).where(Turn.mailbox_id == mailbox_id, Turn.state == TurnState.SETTLED)
    turn = session.exec(settled.order_by(col(Turn.settled_at).desc()).limit(1)).first()
    return turn.reason if turn else None
