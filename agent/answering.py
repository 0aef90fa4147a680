"""Thinking until nobody interrupts: from the beginning, with everything, when they write on.

set up the scene ─▶ think ─▶ undisturbed? ─▶ the ending
       ▲                        │ no: take in what they wrote, forget what was thought
       └────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from sqlmodel import Session, col, select

from agent.deployment import Deployment
from agent.resuming import take_up
from agent.scene import Scene, set_up
from agent.thinking import Ending, think, undisturbed
from memory.tables import AS_WRITTEN, Mailbox, Message, Turn
from memory.turns import Burst, Claim, join, wrote_again
from phone.types import Conversation
from tools.floor import Floor
from tools.pause import is_bare_photo


async def answer(
    deployment: Deployment,
    claim: Claim,
    burst: Burst,
    conversation: Conversation | None,
    floor: Floor,
) -> tuple[Scene, Ending]:
    """Think and act; from the beginning, with everything, when they write on before we act."""
    begun_again = False
    while True:
        mailbox = await deployment.store.read(
            lambda session: session.get_one(Mailbox, claim.mailbox_id)
        )
        messages = await deployment.store.read(partial(_to_answer, burst.turn.id))
        floor.heard(messages)
        if deployment.patient or begun_again:
            is_more_to_come = deployment.patient or _is_of_a_carousel(messages[-1])
            pause = floor.quiet if is_more_to_come else floor.breath
            messages = await _all_of_it(deployment, claim, burst.turn.id, floor, pause)
        scene = await set_up(
            deployment,
            claim,
            burst,
            mailbox=mailbox,
            messages=messages,
            conversation=conversation,
            floor=floor,
        )
        if burst.resumed:
            ended = await take_up(deployment, burst.turn, scene)
            if ended is not None:
                return scene, ended
        thinking = think(deployment, scene)
        if (ending := await undisturbed(deployment, claim.mailbox_id, floor, thinking)) is not None:
            return scene, ending
        again = partial(_begin_again, claim=claim, turn_id=burst.turn.id)
        burst.notes.began_again(await deployment.store.write(again), now=deployment.clock.now())
        begun_again = True


def _is_of_a_carousel(newest: Message) -> bool:
    """Whether more photos are likely to follow this one; a model call for each helps nobody."""
    return is_bare_photo(newest.text, has_media=bool(newest.media))


async def _all_of_it(
    deployment: Deployment,
    claim: Claim,
    turn_id: str,
    floor: Floor,
    pause: Callable[[], Awaitable[None]],
) -> list[Message]:
    """Wait for a pause of theirs, and take in everything they write until then."""
    await pause()
    while await deployment.store.read(
        partial(wrote_again, mailbox_id=claim.mailbox_id, by=floor.gives_way_to)
    ):
        floor.heard(await deployment.store.write(partial(join, claim=claim, turn_id=turn_id)))
        await pause()
    return await deployment.store.read(partial(_to_answer, turn_id))


def _begin_again(session: Session, *, claim: Claim, turn_id: str) -> list[Message]:
    """Take what has come since into the turn; what was thought without it is forgotten."""
    session.get_one(Turn, turn_id).messages = None
    return join(session, claim, turn_id)


def _to_answer(turn_id: str, session: Session) -> list[Message]:
    """The turn's messages, with what was learnt since: which message each answers."""
    messages = select(Message).where(Message.turn_id == turn_id, col(Message.keyword).is_(None))
    return list(session.exec(messages.order_by(*AS_WRITTEN)))
