"""How it feels to text: one message, a burst, a correction, and twenty texts while it is busy.

The model thinks for 800 ms and says which texts it has read; `THREEDOTS_QUIET_FOR` is as shipped.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from agent.settings import Settings
from bench.databases import Database
from bench.figures import Figures
from bench.stand import Stand, stand
from bench.texts import marked, people

MODEL = 0.8
"""Seconds the model thinks."""

QUIET_FOR: float = Settings.model_fields["threedots_quiet_for"].default
"""Seconds of quiet before the first word, as shipped."""

BURSTS = ("patient", "eager")
"""The two ways to treat a burst, the measure first."""

ENOUGH = 60.0
"""Seconds after which a scene has gone wrong."""


@dataclass(frozen=True)
class Scene:
    """Texts of one person, in order.

    Attributes:
        texts: What they say, without marks.
        pauses: The shortest and the longest time before each text but the first, in seconds.
    """

    name: str
    texts: Sequence[str]
    pauses: tuple[float, float] = (0.0, 0.0)


SCENES = [
    Scene("A lone message", ["Are you open on Sunday?"]),
    Scene(
        "A burst of three, 300 to 700 ms apart",
        ["Hi there!", "It is about Sunday.", "Are you open then?"],
        (0.3, 0.7),
    ),
    Scene(
        "A correction after 400 ms",
        ["A table for two at eight please.", "Sorry, at nine, not at eight."],
        (0.4, 0.4),
    ),
    Scene(
        "Twenty texts while the model thinks, 30 ms apart",
        ["Tell me about Sunday.", *(f"And what about day {n}?" for n in range(2, 22))],
        (0.03, 0.03),
    ),
]


async def measured(database: Database, *, runs: int) -> dict[str, Mapping[str, Sequence[Figures]]]:
    """Play every scene so often, patient and eager in turns; the runs of each side, by scene."""
    found: dict[str, dict[str, list[Figures]]] = {
        scene.name: {burst: [] for burst in BURSTS} for scene in SCENES
    }
    persons, dice = iter(people(5, 100_000)), random.Random(1)
    async with AsyncExitStack() as stack:
        stands = {
            burst: await stack.enter_async_context(_stand(database, burst)) for burst in BURSTS
        }
        for it in stands.values():
            await play(it, SCENES[0], next(persons), [])  # warm
        for _, scene in itertools.product(range(runs), SCENES):
            pauses = [dice.uniform(*scene.pauses) for _ in scene.texts[1:]]
            for burst, it in stands.items():
                found[scene.name][burst].append(await play(it, scene, next(persons), pauses))
    return dict(found)


@asynccontextmanager
async def _stand(database: Database, burst: str) -> AsyncIterator[Stand]:
    options = ["--model-seconds", str(MODEL), "--quiet-for", str(QUIET_FOR), "--burst", burst]
    with database.empty() as url:
        async with stand(url, *options) as it:
            yield it


async def play(it: Stand, scene: Scene, person: str, pauses: Sequence[float]) -> Figures:
    """Play a scene to its end: until nothing is due or at work any more."""
    first_at, last_at = await _text(it, scene, person, pauses)
    await it.line.until_sent([person], within=ENOUGH)
    await it.until_idle(within=ENOUGH)
    bubbles = it.line.sent[person]
    answered_at = _first_with_all(bubbles, scene)
    return {
        "typing bubble, ms after the first text": (it.line.typed_at[person] - first_at) * 1000,
        "first reply, ms after the last text": (bubbles[0][0] - last_at) * 1000,
        "reply to everything, ms after the last text": (answered_at - last_at) * 1000,
        "added wait: that less the model's, ms": (answered_at - last_at - MODEL) * 1000,
        "texts read before the first reply, %": len(_read(bubbles[0][1])) / len(scene.texts) * 100,
        "replies": len(bubbles),
        "turns": await it.turns_with(person),
        "model calls": it.asked[person],
    }


async def _text(
    it: Stand, scene: Scene, person: str, pauses: Sequence[float]
) -> tuple[float, float]:
    """Send the texts, each at its time whether the one before is acknowledged or not.

    The moments at which the first and the last were sent.
    """
    first_at = at = time.monotonic()
    async with asyncio.TaskGroup() as texts:
        for nth, (text, pause) in enumerate(zip(scene.texts, [0.0, *pauses], strict=True), 1):
            at += pause
            await asyncio.sleep(at - time.monotonic())
            texts.create_task(it.deliver(person, marked(text, person, nth), nth))
    return first_at, at


def _first_with_all(bubbles: Sequence[tuple[float, str]], scene: Scene) -> float:
    """When the first reply came whose model had read every text."""
    everything = set(range(1, len(scene.texts) + 1))
    for at, words in bubbles:
        if _read(words) >= everything:
            return at
    raise SystemExit(f"{scene.name}: no reply had read every text")


def _read(reply: str) -> set[int]:
    """Which texts a reply had read, as the model wrote into it."""
    return set(map(int, re.findall(r"\d+", reply)))
