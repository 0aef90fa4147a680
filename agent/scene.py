"""What the model is shown in one turn: who is there, what was said, remembered and is possible."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pydantic_ai import BinaryContent, DeferredToolResults, ModelMessage, ModelRequest
from pydantic_ai.messages import UserPromptPart

from agent.approving import answers_told, take_answers
from agent.context import context_of
from agent.crisis_words import crisis_words
from agent.deployment import Deployment
from agent.disclosing import introduction_for, truth_for
from agent.forgetting import authors, forget_who_asks, since, with_authors
from agent.history import Past, burst, earlier, past_of
from agent.models import takes_pictures
from agent.prompts import PromptError
from agent.verifying import proof_told
from memory.bubbles import LANDED
from memory.confirming import is_news
from memory.earlier import note_reply_targets, seed
from memory.elsewhere import read_back
from memory.lines import excerpt
from memory.minors import minors_in
from memory.recording import handles
from memory.remembering import Memory, load, recall
from memory.tables import Bubble, Mailbox, Message
from memory.turns import Burst, Claim, join, wrote_again
from phone.errors import PhoneError
from phone.types import Conversation
from safety.approval import KIND
from safety.campaign import is_registered
from safety.disclosure import Introduction
from safety.untrusted import mark_of
from tools.content import Content
from tools.floor import Floor
from tools.hands import Hands
from tools.introducing import Introducing
from tools.links import Links
from tools.photos import see

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Scene:
    """One turn, set up: the hands the tools work with, and the messages the model reads.

    Attributes:
        opening: The request among them with which the turn begins.
        again: Calls a dead worker left in the middle that are to run before the model is asked.
    """

    hands: Hands
    memory: Memory
    messages: list[ModelMessage]
    opening: ModelRequest
    again: DeferredToolResults | None = None


async def look(deployment: Deployment, mailbox: Mailbox) -> Conversation | None:
    """The conversation as AgentPhone holds it now; None when that cannot be had."""
    if mailbox.conversation_id is None:
        return None
    try:
        return await deployment.phone.conversation(mailbox.conversation_id)
    except PhoneError as error:
        log.warning("conversation %s could not be read: %s", mailbox.conversation_id, error)
        return None


async def take_note(
    deployment: Deployment, mailbox: Mailbox, conversation: Conversation | None
) -> bool:
    """Keep what AgentPhone told: talk from before our time, what a person wrote in our place, which
    message answers which, and what became of our own bubbles. Whether there was a text in it that
    still waits for an answer."""
    await recall(mailbox, conversation, store=deployment.store, clock=deployment.clock)
    if conversation is None or mailbox.id is None:
        return False
    was_missed = False
    stored, mailbox_id, now = conversation.messages, mailbox.id, deployment.clock.now()
    if await deployment.store.read(partial(is_news, mailbox_id=mailbox_id, stored=stored)):
        learn = partial(read_back, mailbox_id=mailbox_id, stored=stored, now=now)
        await deployment.store.write(partial(learn, held_for=deployment.held_for))
    if not mailbox.history_seeded:
        meet = partial(seed, mailbox_id=mailbox_id, conversation=conversation, now=now)
        numbers, ears = frozenset(deployment.own_numbers), deployment.guard.ears
        caught = await deployment.store.write(partial(meet, own_numbers=numbers, ears=ears))
        was_missed = caught.due > 0
    if any(message.reply_to for message in stored):
        await deployment.store.write(
            partial(note_reply_targets, mailbox_id=mailbox_id, stored=stored)
        )
    return was_missed


async def set_up(
    deployment: Deployment,
    claim: Claim,
    given: Burst,
    *,
    mailbox: Mailbox,
    messages: Sequence[Message],
    conversation: Conversation | None,
    floor: Floor,
) -> Scene:
    """Everything for one run of the model."""
    memory = load(mailbox)
    whole = await deployment.store.read(partial(past_of, mailbox_id=claim.mailbox_id))
    past = since(whole, memory.state.forgotten_at)
    introducing = await introduction_for(deployment, claim)
    hands = _hands(deployment, claim, given, mailbox, messages, past, memory, floor, introducing)
    if await deployment.store.read(partial(minors_in, mailbox_id=claim.mailbox_id)):
        hands.instructions += "\n\n" + deployment.prompts.text("minor", name=deployment.name)
    hands.truth = truth_for(deployment, mailbox, messages, floor)
    if forgotten := await forget_who_asks(deployment, hands, messages):
        past = since(past, memory.state.forgotten_at)
    hands.hear = partial(hear, deployment, hands)
    hands.see = partial(_see, deployment)
    photos = await _photos(deployment, messages)
    asked = burst(
        messages,
        photos=photos,
        quoted=_quoted(past, messages),
        overtaken=_overtaken(past, messages),
    )
    now = deployment.clock.now()
    answered = await take_answers(deployment.store, claim, messages, now=now)
    news = [*forgotten, *answers_told(answered, mark_of(hands.turn_id))]
    news += await proof_told(deployment.store, mailbox, now=now)
    facts = memory.state.facts
    if mailbox.is_group and facts:
        facts = with_authors(facts, await authors(deployment, hands))
    context = UserPromptPart(
        context_of(deployment, hands, conversation, past, messages, facts=facts, news=news)
    )
    request = ModelRequest(parts=[context, *asked])
    hands.given = request.parts[-1]
    return Scene(hands, memory, [*earlier(past), request], request)


async def hear(deployment: Deployment, hands: Hands) -> list[UserPromptPart]:
    """What they have written since, taken into this turn; the hands can refer to it at once."""
    wrote = partial(wrote_again, mailbox_id=hands.claim.mailbox_id)
    if not await deployment.store.read(wrote):
        return []
    messages = await deployment.store.write(partial(join, claim=hands.claim, turn_id=hands.turn_id))
    hands.floor.heard(messages)
    hands.truth = hands.truth or truth_for(deployment, hands.mailbox, messages, hands.floor)
    hands.notes.heard(messages, now=deployment.clock.now())
    now = deployment.clock.now()
    answered = await take_answers(deployment.store, hands.claim, messages, now=now)
    said = answered if any(message.kind == KIND for message in messages) else []
    forgotten = await forget_who_asks(deployment, hands, messages)
    for message in messages:
        if message.message_id:
            hands.references[f"m{message.ref}"] = message.message_id
            hands.latest = f"m{message.ref}"
    hands.theirs.update(_theirs(messages))
    for message in messages:
        hands.links.learn(message.text)
        hands.pictures.update(zip(handles(message), message.media, strict=True))
    news = [*forgotten, *answers_told(said, mark_of(hands.turn_id))]
    told = [UserPromptPart(f"[For you alone: {what}.]") for what in news]
    return [*burst(messages, photos=await _photos(deployment, messages), quoted={}), *told]


def _hands(
    deployment: Deployment,
    claim: Claim,
    given: Burst,
    mailbox: Mailbox,
    messages: Sequence[Message],
    past: Past,
    memory: Memory,
    floor: Floor,
    introducing: Introducing | None,
) -> Hands:
    texts = [message for message in messages if message.kind == "text" and message.message_id]
    instructions = _instructions(deployment, mailbox, introducing)
    return Hands(
        claim=claim,
        turn_id=given.turn.id,
        mailbox=mailbox,
        channel=mailbox.channel,
        outbox=deployment.outbox,
        memory=memory.state,
        floor=floor,
        notes=given.notes,
        instructions=instructions,
        introducing=introducing,
        introduction=introducing.text if introducing else "",
        links=_links(deployment, instructions, past, messages),
        goodbye=partial(_goodbye, deployment),
        comfort=partial(_comfort, deployment, mailbox),
        nudge=deployment.prompts.text("nudge"),
        confirm=lambda what: deployment.prompts.text("confirm", name=deployment.name, what=what),
        deliver_code=deployment.deliver_code,
        verify=partial(deployment.prompts.text, "verify", name=deployment.name),
        references=_references(past, messages),
        latest=f"m{texts[-1].ref}" if texts else None,
        earlier_pictures=frozenset(handle for one in past.messages for handle in handles(one)),
        theirs=_theirs([*past.messages, *messages]),
        pictures=_pictures(deployment, past, messages),
        allowance=given.allowance,
        limits=deployment.guard.limits,
        plain_punctuation=deployment.guard.plain_punctuation,
        content=_content(deployment, mailbox),
    )


def _goodbye(deployment: Deployment) -> str | None:
    """The words that confirm a STOP. Without them it is recorded all the same."""
    if deployment.stop_confirmation != "harness":
        return None
    try:
        return deployment.prompts.text("opted_out", name=deployment.name)
    except PromptError as error:
        log.error("%s", error)
        return None


def _comfort(deployment: Deployment, mailbox: Mailbox, language: str) -> str | None:
    """The words for somebody in crisis. Without them a person is called all the same."""
    try:
        return crisis_words(deployment, mailbox, language)
    except PromptError as error:
        log.error("%s", error)
        return None


def _links(
    deployment: Deployment, instructions: str, past: Past, messages: Sequence[Message]
) -> Links:
    """Those of the owner's words, of theirs, and of what has been said here before."""
    links = Links(domains=deployment.link_domains)
    links.learn(instructions, *(message.text for message in [*past.messages, *messages]))
    links.learn(*(bubble.text for bubble in past.bubbles if bubble.state in LANDED))
    return links


def _content(deployment: Deployment, mailbox: Mailbox) -> Content:
    """What the carriers of this number of ours let through."""
    guard = deployment.guard
    return Content(guard.campaign, guard.content, applies=is_registered(mailbox.number))


_INTRODUCING: dict[Introduction, str] = {
    "sms": "introducing",
    "imessage": "introducing",
    "reminder": "reminding",
}
"""The prompt file that tells the model of the static words below its own."""


def _instructions(deployment: Deployment, mailbox: Mailbox, introducing: Introducing | None) -> str:
    channel = "channel_imessage" if mailbox.channel == "imessage" else "channel_sms"
    names = ["instructions", "texting", channel, *(["group"] if mailbox.is_group else [])]
    names += _content(deployment, mailbox).prompts(mailbox.channel)
    names += [_INTRODUCING[introducing.kind]] if introducing else []
    return "\n\n".join(deployment.prompts.text(name, name=deployment.name) for name in names)


def _references(past: Past, messages: Sequence[Message]) -> dict[str, str]:
    """`m12` to AgentPhone's id, for everything that can be answered in thread or tapped back on."""
    known: list[Message | Bubble] = [*past.messages, *past.bubbles, *messages]
    by_ref = sorted(known, key=lambda row: row.ref)
    return {f"m{row.ref}": row.message_id for row in by_ref if row.message_id}


def _theirs(messages: Sequence[Message]) -> dict[str, str]:
    """Who wrote what people wrote, by its reference."""
    words = [one for one in messages if one.direction == "inbound" and one.kind == "text"]
    return {f"m{message.ref}": message.sender for message in words}


def _pictures(deployment: Deployment, past: Past, messages: Sequence[Message]) -> dict[str, str]:
    theirs = {
        handle: url
        for message in [*past.messages, *messages]
        for handle, url in zip(handles(message), message.media, strict=True)
    }
    return {**theirs, **deployment.pictures()}


def _quoted(past: Past, messages: Sequence[Message]) -> dict[str, str]:
    rows: list[Message | Bubble] = [*past.messages, *past.bubbles, *messages]
    return {row.message_id: f"m{row.ref} “{excerpt(row.text)}”" for row in rows if row.message_id}


def _overtaken(past: Past, messages: Sequence[Message]) -> dict[int, int]:
    """Which of these came late, and the first message written after each and dealt with before."""
    theirs = [message for message in past.messages if message.direction == "inbound"]
    later = {
        late.ref: [one.ref for one in theirs if one.received_at > late.received_at]
        for late in messages
    }
    return {ref: refs[0] for ref, refs in later.items() if refs}


async def _photos(
    deployment: Deployment, messages: Sequence[Message]
) -> dict[str, BinaryContent | str]:
    wanted = {
        handle: url
        for message in messages
        for handle, url in zip(handles(message), message.media, strict=True)
    }
    seen = await asyncio.gather(*(_see(deployment, url) for url in wanted.values()))
    return dict(zip(wanted, seen, strict=True))


async def _see(deployment: Deployment, url: str) -> BinaryContent | str:
    can_see = deployment.vision and takes_pictures(deployment.model)
    return await see(deployment.phone, url, can_see=can_see)
