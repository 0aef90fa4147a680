"""One turn: a burst goes in; typing, memory, thought, words; an outcome comes out.

consent word? ─▶ the static words the law asks for, no model
in a person's hands? ─▶ handed_over; paused by one? ─▶ dropped
meant for us? ─▶ no: silent
may we answer? ─▶ no: dropped, with a static text at most
typing ─ read the conversation ─ load memory ─ think ─ save memory ─ settle
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlmodel import Session, col, select

from agent.admission import TurnedAway, admit
from agent.answering import answer
from agent.comforting import comfort
from agent.deployment import Deployment
from agent.forgetting import keep_sources
from agent.groups import Answer, addressed_by, people_answered
from agent.parting import part
from agent.prompts import PromptError
from agent.scene import look, take_note
from agent.silence import as_it_stands, look_whether_lifted, silence
from agent.silence import ending as ending_in
from agent.static_words import answer_consent_words, said_by_rule, say
from agent.thinking import Ending, outcome_of
from agent.typing import typing
from memory.bubbles import LANDED, abandon, of_turn
from memory.permission import why_silent_in
from memory.remembering import save
from memory.silence import PAUSED, TAKEN_OVER
from memory.tables import Bubble, BubbleState, Mailbox, Message
from memory.turns import Burst, Claim, join, settle
from phone.clock import utc
from phone.types import Conversation
from tools.floor import Floor
from tools.media import BadListing

log = logging.getLogger(__name__)


async def take_turn(deployment: Deployment, claim: Claim, burst: Burst) -> None:
    """Run one turn to its settled end. Raises LeaseLost when the conversation is taken over."""
    deployment.under_way[burst.turn.id] = burst.notes
    try:
        await _take(deployment, claim, burst)
    finally:
        del deployment.under_way[burst.turn.id]


async def _take(deployment: Deployment, claim: Claim, burst: Burst) -> None:
    ending = await _pick_up(deployment, claim, burst) if burst.resumed else None
    if ending is None:
        ending = await _act(deployment, claim, burst)
    await deployment.store.write(
        partial(
            settle,
            claim=claim,
            turn_id=burst.turn.id,
            outcome=ending.outcome,
            reason=ending.reason,
            notes=burst.notes,
            now=deployment.clock.now(),
            **ending.record,
        )
    )
    deployment.ended(burst.turn.id)
    seconds = (utc(deployment.clock.now()) - burst.turn.started_at).total_seconds()
    deployment.meters.turn(ending.outcome, seconds, burst.notes, reason=ending.reason)
    log.info("turn %s: %s", burst.turn.id, ending.outcome)


async def _act(deployment: Deployment, claim: Claim, burst: Burst) -> Ending:
    try:
        comforted = await comfort(deployment, claim, burst)
        silent = await silence(deployment, claim.mailbox_id)
        if silent is PAUSED:
            return comforted or ending_in(silent)
        noticed = await answer_consent_words(deployment, claim, burst) or comforted
        if all(message.keyword for message in burst.messages):
            return noticed or Ending("silent", "nothing to answer")
        if silenced := await _silenced(deployment, claim):
            return noticed or await said_by_rule(deployment, burst) or silenced
        return await _converse(deployment, claim, burst)
    except (PromptError, BadListing) as error:
        log.error("%s", error)
        return Ending("failed", str(error))


async def _converse(deployment: Deployment, claim: Claim, burst: Burst) -> Ending:
    """The turn proper: typing, reading the conversation, thinking, saving memory."""
    mailbox = await deployment.store.read(
        lambda session: session.get_one(Mailbox, claim.mailbox_id)
    )
    conversation, asked_by = None, None
    if mailbox.is_group:  # whose words these answer is known only once the conversation is read
        conversation = await _read_conversation(deployment, claim, burst, mailbox)
        asking = partial(_asked_by, deployment.name, claim.mailbox_id, burst.turn.id)
        asked_by = await deployment.store.read(asking)
        if not asked_by:
            return Ending("silent", "not addressed in the group")
    admitted = await admit(deployment, mailbox, burst, asked_by)
    if isinstance(admitted, TurnedAway):
        if admitted.words is not None:
            await say(deployment, claim, burst, admitted.words, why=admitted.reason)
        return Ending("dropped", admitted.reason)
    burst = replace(burst, allowance=admitted)
    dots = mailbox.conversation_id if mailbox.channel == "imessage" else None
    floor = Floor(
        deployment.clock,
        quiet_for=deployment.quiet_for,
        asked_by=asked_by,
        seconds=admitted.seconds,
    )
    async with typing(
        deployment.outbox, claim, dots, clock=deployment.clock, floor=floor, notes=burst.notes
    ):
        if conversation is None:
            conversation = await _read_conversation(deployment, claim, burst, mailbox)
        if silenced := await _silenced(deployment, claim):
            return silenced  # an operator said so in the metadata
        scene, ending = await answer(deployment, claim, burst, conversation, floor)
        ending = await as_it_stands(deployment, claim.mailbox_id, ending)
    ending = await part(deployment, claim, burst, scene.hands, ending)
    saved = await save(
        scene.memory,
        claim,
        phone=deployment.phone,
        store=deployment.store,
        clock=deployment.clock,
    )
    if saved.merged:
        deployment.meters.merged()
    facts, before = scene.memory.state.facts, scene.memory.before.facts
    await keep_sources(deployment, scene.hands, facts, before=before)
    after = scene.memory.state.model_dump(mode="json")
    kept = {"memory_saved": saved.ok, "memory_note": saved.note, "memory_after": after}
    return replace(ending, record={**ending.record, **kept})


async def _read_conversation(
    deployment: Deployment, claim: Claim, burst: Burst, mailbox: Mailbox
) -> Conversation | None:
    """What AgentPhone holds of it; a text that reached us in no other way joins the turn."""
    conversation = await look(deployment, mailbox)
    if await take_note(deployment, mailbox, conversation):
        await deployment.store.write(partial(join, claim=claim, turn_id=burst.turn.id))
    return conversation


async def _silenced(deployment: Deployment, claim: Claim) -> Ending | None:
    """How a turn ends in which nothing may be said: no model is asked then."""
    ask = partial(why_silent_in, mailbox_id=claim.mailbox_id)
    silent = await deployment.store.read(ask)
    if silent is TAKEN_OVER and await look_whether_lifted(deployment, claim.mailbox_id):
        silent = await deployment.store.read(ask)
    return ending_in(silent) if silent is not None else None


def _asked_by(name: str, mailbox_id: int, turn_id: str, session: Session) -> frozenset[str]:
    """Whose messages of this turn in a group are meant for us."""
    landed = select(Bubble).where(Bubble.mailbox_id == mailbox_id, col(Bubble.state).in_(LANDED))
    newest = landed.order_by(col(Bubble.position).desc()).limit(100)
    bubbles = session.exec(newest).all()[::-1]
    ours = frozenset(bubble.message_id for bubble in bubbles if bubble.message_id)
    answered_at = {b.turn_id: b.finished_at for b in bubbles if b.turn_id and b.finished_at}
    answers = [Answer(_of_turn(session, turn), at) for turn, at in answered_at.items()]
    answered = people_answered(answers, name=name, ours=ours)
    return addressed_by(_of_turn(session, turn_id), name=name, ours=ours, answered=answered)


def _of_turn(session: Session, turn_id: str) -> Sequence[Message]:
    return session.exec(select(Message).where(Message.turn_id == turn_id)).all()


async def _pick_up(deployment: Deployment, claim: Claim, burst: Burst) -> Ending | None:
    """Send what a dead worker had written; None when there is more to do than that.

    A bubble whose fate is unknown is looked for first; after one that stays unknown the rest is not
    sent: it would read oddly on its own.
    """
    now = deployment.clock.now()
    waiting = await deployment.store.write(partial(abandon, turn_id=burst.turn.id, now=now))
    await deployment.outbox.find_lost(burst.turn.id)
    for bubble in waiting:
        await deployment.outbox.deliver(claim, bubble.id)
    bubbles = await deployment.store.read(partial(of_turn, turn_id=burst.turn.id))
    if burst.turn.messages or all(b.state == BubbleState.CANCELLED for b in bubbles):
        return None
    return Ending(outcome_of(bubbles), "taken up after a stop")
