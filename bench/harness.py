"""The harness to measure, in its own process, with a model that thinks for as long as it is told.

A model that takes its time says on standard output, one JSON object a line, when it is asked and
when it is done or was interrupted. SIGUSR1 asks for what was counted beside.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from sqlalchemy import Connection, Engine, event

from agent.settings import Settings
from bench.texts import SECRET, marks
from server import create_app

TICK = 0.005
"""Seconds between looks at how late the event loop is."""


def tell(**report: Any) -> None:
    """Say something to the process that measures."""
    print(json.dumps({"at": time.monotonic(), **report}), flush=True)


def at_once(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A model that has always known what to say."""
    return ModelResponse([TextPart("Sure.")])


def thinking(seconds: float) -> Callable[[list[ModelMessage], AgentInfo], Any]:
    """A model that thinks for so long, and answers with the numbers of the texts it has read."""

    async def think(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        [(person, numbers)] = marks(_words(messages)).items()
        tell(did="asked", person=person)
        try:
            await asyncio.sleep(seconds)
        finally:
            tell(did="ended", person=person)
        return ModelResponse([TextPart("Read: " + " ".join(map(str, sorted(numbers))))])

    return think


def _words(messages: list[ModelMessage]) -> Iterator[str]:
    """Everything that people say in a prompt."""
    parts = [part for each in messages if isinstance(each, ModelRequest) for part in each.parts]
    for part in parts:
        if isinstance(part, UserPromptPart):
            said = [part.content] if isinstance(part.content, str) else part.content
            yield from (words for words in said if isinstance(words, str))


class Counted:
    """What the harness has done beside answering, since its start.

    Attributes:
        statements: SQL statements run, without BEGIN, COMMIT and PRAGMA.
        writes: Those of them that write.
        stall: The longest the event loop was late, in seconds.
    """

    def __init__(self) -> None:
        self.statements = self.writes = 0
        self.stall = 0.0

    def count_statements(self) -> None:
        """Count from now on, on every engine of the process."""
        event.listen(Engine, "before_cursor_execute", self._count)

    def _count(self, connection: Connection, cursor: Any, statement: str, *others: Any) -> None:
        word = statement.lstrip().split(None, 1)[0].upper()
        self.statements += word in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
        self.writes += word in ("INSERT", "UPDATE", "DELETE")

    async def watch_the_loop(self) -> None:
        """Note how late the loop is, again and again."""
        while True:
            due = time.monotonic() + TICK
            await asyncio.sleep(TICK)
            self.stall = max(self.stall, time.monotonic() - due)

    def report(self) -> None:
        """Say it all."""
        tell(did="counted", statements=self.statements, writes=self.writes, stall=self.stall)


async def serve(config: uvicorn.Config, given: argparse.Namespace) -> None:
    """Serve until told to end, and count what is asked for."""
    counted = Counted()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, counted.report)
    if given.count_statements:
        counted.count_statements()
    watching = asyncio.create_task(counted.watch_the_loop()) if given.watch_the_loop else None
    await uvicorn.Server(config).serve()
    if watching:
        watching.cancel()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, required=True, help="where to listen on 127.0.0.1")
    parser.add_argument("--line", required=True, help="address of AgentPhone's stand-in")
    parser.add_argument("--database", required=True, help="its URL")
    parser.add_argument("--model-seconds", type=float, default=0.0, help="at once if left out")
    parser.add_argument("--quiet-for", type=float, default=0.0, help="THREEDOTS_QUIET_FOR (0)")
    parser.add_argument("--burst", default="eager", help="THREEDOTS_BURST (eager)")
    parser.add_argument("--count-statements", action="store_true", help="count SQL statements")
    parser.add_argument("--watch-the-loop", action="store_true", help="note its longest stall")
    given = parser.parse_args()
    settings = Settings(
        agentphone_api_key="sk_bench",
        agentphone_base_url=given.line,
        agentphone_webhook_secret=SECRET,
        database_url=given.database,
        threedots_quiet_for=given.quiet_for,
        threedots_burst=given.burst,
        threedots_loop_breaker=False,
    )
    # Thousands of new people in a minute are what this is about.
    no_limits = dict.fromkeys(settings.window_names, "0")
    settings = settings.model_copy(update=no_limits)
    answer = thinking(given.model_seconds) if given.model_seconds else at_once
    app = create_app(settings, FunctionModel(answer, model_name="bench"))
    config = uvicorn.Config(
        app, port=given.port, log_level="error", access_log=False, lifespan="on"
    )
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(serve(config, given))


if __name__ == "__main__":
    main()
