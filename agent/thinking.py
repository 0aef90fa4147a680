"""The run of the model in a turn: asked again while it cannot be had, its outcome read off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pydantic_ai import capture_run_messages
from pydantic_ai.exceptions import (
    AgentRunError,
    FallbackExceptionGroup,
    ModelAPIError,
    ModelHTTPError,
)
from pydantic_ai.messages import ModelMessage
from pydantic_ai.settings import ModelSettings

from agent.asking import bare
from agent.deployment import Deployment
from agent.history import kept_since
from agent.keeping import as_kept
from agent.models import models_in
from agent.prompts import version_of
from agent.purse import NoMoney
from agent.restraint import is_priced, limits_of
from agent.scene import Scene
from memory.silence import silence_in
from memory.tables import Bubble, BubbleState
from memory.turns import wrote_again
from safety.verdicts import Refused
from tools.floor import Floor
from tools.hands import Hands
from tools.stopwatch import Stopwatch

log = logging.getLogger(__name__)

MODEL_SECONDS = 60.0
"""Seconds one model request may take. The models of a chain share them: the turn has to have time
left for the next one when the first one hangs."""

PATIENCE = 300.0
"""Seconds during which a model that cannot be had is asked again, before we say so."""

LOOK_EVERY = 0.5
"""Seconds between looks for texts that another process stored, of which no bell rings here."""

UNAVAILABLE = "model_unavailable"
"""The reason of a turn that failed because no model could be had."""

OUT_OF_TIME = "out_of_time"
"""The reason of a turn whose model or tool took too long, and which had said nothing."""

LETTING_GO = 1.0
"""Real seconds a run has to end that was cut off; one whose tool cannot be cut off is left alone.
It can write and send nothing more: its turn is settled then."""

ASTRAY = "model_astray: "
"""Begins the reason of a turn in which the model came to no end, with the error's name after it."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a turn ended.

    Attributes:
        outcome: `answered`, `reacted`, `silent`, `dropped` or `failed`.
        record: Columns of the turn's row that only the run knows.
        refused: What a limit refused, so that nothing was answered; None when none did.
    """

    outcome: str
    reason: str | None = None
    record: dict[str, Any] = field(default_factory=dict)
    refused: Refused | None = None


class OutOfTime(Exception):
    """The turn has had all its seconds."""


async def think(deployment: Deployment, scene: Scene) -> Ending:
    """Run the model until it ends the turn, and say how it did. A model's failure is an ending."""
    _note_opening(deployment, scene)
    started, tries = deployment.clock.now(), 0
    while True:
        with capture_run_messages() as seen:
            try:
                reason = await _in_time(scene.hands.floor.watch, _run(deployment, scene))
                break
            except (ModelAPIError, FallbackExceptionGroup) as error:
                tries += 1
                wait = min(2.0**tries, 30.0)
                late = deployment.clock.now() + wait - started > PATIENCE
                if scene.hands.did_something or late or not _passing(error):
                    log.error("no model could be had: %s", bare(error))
                    return Ending("failed", UNAVAILABLE, _said(scene, seen))
                log.warning(
                    "the model did not answer (%s); asking again in %.0f s", bare(error), wait
                )
            except OutOfTime:
                log.error("turn %s took too long and was ended", scene.hands.turn_id)
                return _stopped(scene.hands, OUT_OF_TIME, OUT_OF_TIME, _said(scene, seen))
            except NoMoney as error:
                refused = f"{error.refused.code}: {error.refused.reason}"
                ending = _stopped(scene.hands, error.refused.code, refused, _said(scene, seen))
                return replace(ending, refused=None if scene.hands.said else error.refused)
            except AgentRunError as error:
                log.error("the model's turn was stopped: %s", bare(error))
                name = type(error).__name__
                return _stopped(scene.hands, name, ASTRAY + name, _said(scene, seen))
        await deployment.clock.sleep(wait)
    return ending_of(scene.hands, reason, _said(scene, seen))


async def undisturbed(
    deployment: Deployment, mailbox_id: int, floor: Floor, thinking: Coroutine[Any, Any, Ending]
) -> Ending | None:
    """The ending of this run; None when they wrote again before it had done anything.

    A person who takes over, or is called, then ends it as well.
    """
    at_most = LOOK_EVERY if deployment.store.is_shared else None
    run = asyncio.create_task(thinking)
    try:
        while not run.done():
            bell = asyncio.create_task(deployment.arrivals.wait(mailbox_id, at_most=at_most))
            await asyncio.wait({run, bell}, return_when=asyncio.FIRST_COMPLETED)
            bell.cancel()
            if run.done() or floor.ours or floor.acted:
                continue  # what is under way is heard out: its bubbles are held back one by one
            silent = await deployment.store.read(partial(silence_in, mailbox_id=mailbox_id))
            if silent is not None and not (run.done() or floor.ours or floor.acted):
                return Ending(silent.outcome, silent.code)
            if run.done() or not floor.may_begin_again:
                continue
            wrote = await deployment.store.read(
                partial(wrote_again, mailbox_id=mailbox_id, by=floor.gives_way_to)
            )
            if wrote and floor.may_begin_again and not run.done():
                floor.interrupted()
                return None
        return run.result()
    finally:
        run.cancel()
        await asyncio.wait({run})


async def _in_time(watch: Stopwatch, running: Coroutine[Any, Any, str]) -> str:
    """What a run ends with. Raises OutOfTime once its seconds are over, whatever it hangs in."""
    run, up = asyncio.create_task(running), asyncio.create_task(watch.up())
    try:
        with watch.going():
            while not (run.done() or (up.done() and watch.goes)):  # no bubble is cut off
                up = asyncio.create_task(watch.up()) if up.done() else up
                await asyncio.wait({run, up}, return_when=asyncio.FIRST_COMPLETED)
        if run.done():
            return run.result()
        run.cancel()
        done, _ = await asyncio.wait({run}, timeout=LETTING_GO)
        if done and not run.cancelled() and run.exception() is None:
            return run.result()  # it had come to its end in that very moment
        run.add_done_callback(_never_mind)
        raise OutOfTime
    finally:
        up.cancel()
        if not run.done() and not run.cancelling():
            run.cancel()
            await asyncio.wait({run})


def _never_mind(run: asyncio.Task[str]) -> None:
    """What becomes of a run that was left alone is nobody's business; it is not to be warned of."""
    if not run.cancelled():
        run.exception()


async def _run(deployment: Deployment, scene: Scene) -> str:
    agent = deployment.agent
    with agent.parallel_tool_call_execution_mode("sequential"):
        result = await agent.run(
            message_history=scene.messages,
            deferred_tool_results=scene.again,
            deps=scene.hands,
            model=deployment.model,
            model_settings=ModelSettings(timeout=MODEL_SECONDS / models_in(deployment.model)),
            usage_limits=limits_of(scene.hands, is_priced=is_priced(deployment.model)),
        )
    return result.output


def _note_opening(deployment: Deployment, scene: Scene) -> None:
    """What the model is asked with, for the turn's row and its record."""
    notes, files = scene.hands.notes, deployment.prompts.files()
    notes.model = deployment.model.model_name
    notes.prompts, notes.prompt_hash = files, version_of(files)
    notes.instructions = scene.hands.instructions
    if notes.memory_before is None:
        notes.memory_before = scene.memory.before.model_dump(mode="json")
    [notes.opening] = as_kept([scene.opening])


def _said(scene: Scene, seen: Sequence[ModelMessage]) -> dict[str, Any]:
    """The model messages of this turn alone, as the row keeps them."""
    return {"messages": kept_since(seen, scene.hands.given)}


def ending_of(hands: Hands, reason: str, record: dict[str, Any]) -> Ending:
    """The outcome, read off what the turn has done."""
    if hands.said:
        return Ending("answered", None, record)
    if hands.refused:
        return Ending("failed", f"not_sent: {hands.refused[-1].code}", record)
    if hands.tapped or hands.changed_background:
        return Ending("reacted", reason or None, record)
    return Ending("silent", reason or "empty answer", record)


def outcome_of(bubbles: Sequence[Bubble]) -> str:
    """`answered` when any of these arrived or may have, else `failed`."""
    gone = (BubbleState.REJECTED, BubbleState.CANCELLED, BubbleState.EXPIRED)
    return "answered" if any(bubble.state not in gone for bubble in bubbles) else "failed"


def _stopped(hands: Hands, name: str, reason: str, record: dict[str, Any]) -> Ending:
    """A limit was hit, or the model kept misbehaving: what is out is out, and counts."""
    if hands.said:
        return Ending("answered", f"stopped early: {name}", record)
    return Ending("failed", reason, record)


def _passing(error: Exception) -> bool:
    """Whether asking again can help: not when the key is wrong or the request itself is refused."""
    if isinstance(error, FallbackExceptionGroup):
        return any(_passing(each) for each in error.exceptions)
    if isinstance(error, ModelHTTPError):
        return error.status_code in (408, 409, 425, 429) or error.status_code >= 500
    return True
