"""The simulated clock of a run, moved on by whoever plays it, and never past what is under way."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from evals.playing.stillness import UnderWay
from phone.clock import HeldClock

PATIENCE = 3_600.0
"""Simulated seconds the agent may take to end its turn. Asking a model that is away, and waiting
for a balance to be topped up, end well before."""

STRIDE = 100.0
"""Simulated seconds that pass at once while nothing is going on. Catching up takes two minutes
without a sign of life for a gap; this is less."""

CALM = 1_800.0
"""Simulated seconds after which nothing is left of what was done about trouble: lost webhooks are
caught up, unknown bubbles looked for, memory saved. From then on time passes by the hour."""

LONG_STRIDE = 3_600.0

INSTANT = 1e-6
"""Seconds that are none: the present, in Unix seconds, is not told any finer."""


class NeverOver(Exception):
    """The agent does not end its turn."""


class Driver:
    """Moves a run's clock on, from one who waits for it to the next.

    Attributes:
        clock: What the twin and the harness of the run live by.
    """

    def __init__(self, clock: HeldClock, under_way: UnderWay) -> None:
        self.clock = clock
        self._under_way = under_way

    async def wait(self, seconds: float, *, is_over: Callable[[], Awaitable[bool]]) -> None:
        """Let so many seconds pass, everything in them happening in its order."""
        began = self.clock.now()
        until = began + seconds
        await self._under_way.still()
        while (left := until - self.clock.now()) > INSTANT:
            stride = STRIDE if self.clock.now() - began < CALM else LONG_STRIDE
            step = stride if left > STRIDE and await is_over() else self._next()
            self.clock.advance(min(left, step))
            await self._under_way.still()

    async def finish(self, is_over: Callable[[], Awaitable[bool]]) -> None:
        """Let time pass until it is over. Raises `NeverOver`, and `Stuck` for what is real."""
        began = self.clock.now()
        await self._under_way.still()
        while not await is_over():
            step = self._next()
            if self.clock.now() + step - began > PATIENCE:
                raise NeverOver(f"the agent did not end its turn within {PATIENCE:.0f} s")
            self.clock.advance(step)
            await self._under_way.still()

    def _next(self) -> float:
        """Seconds until the first of those who wait for the clock wakes up."""
        return min(self.clock.sleepers, default=STRIDE)


class Timed(WrapperModel):
    """A model in a run: its answer takes, on the simulated clock, as long as it took in truth.

    A script answers at once, however busy the machine is.
    """

    def __init__(self, wrapped: Model, clock: HeldClock, under_way: UnderWay) -> None:
        super().__init__(wrapped)
        self._clock = clock
        self._under_way = under_way

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Ask it, and let the time pass that it took: meanwhile the clock stood still."""
        began = time.perf_counter()
        with self._under_way.busy():
            response = await super().request(messages, model_settings, model_request_parameters)
        if not isinstance(self.wrapped, FunctionModel):
            await self._clock.sleep(time.perf_counter() - began)
        return response


def count_database(store: Any, under_way: UnderWay) -> None:
    """Count what this run's store does for as under way: its writer is a thread of its own."""
    for name in ("write", "read"):
        setattr(store, name, under_way.counted(getattr(store, name)))
