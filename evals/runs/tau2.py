"""τ²-bench's airline tasks as texting scenarios: its policy, its tools, its world, its end state.

`threedots eval tau2:airline` plays all of them and `tau2:airline/7` one, each with a simulated
customer who texts. The tasks, the world and the tools on it are those of the package
`inspect-evals`, which the extra `tau2` installs; what is here makes scenarios of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic_ai import FunctionToolset, ModelRetry, Tool, ToolFailed
from pydantic_evals.evaluators import EvaluationReason, Evaluator, EvaluatorContext, EvaluatorOutput

from evals.format.expectations import Expectations
from evals.format.filed import REAL_MODEL, Filed
from evals.format.files import BadScenario
from evals.format.outfit import Outfit
from evals.format.scenario import Scenario, SimulatedPerson
from evals.format.start import Person, Start
from evals.playing.seen import Played
from memory.transcript import ToolCall
from tools.hands import Hands

DOMAIN = "tau2:airline"
"""By which all tasks are named; one is `tau2:airline/7`."""

NOW = datetime(2024, 5, 15, 20, tzinfo=UTC)
"""The present of that world: 15:00 EST, says its policy."""

CUSTOMER = "The customer"
"""Nobody is known by their name: who they are they are to say."""

MOST_TURNS = 40
"""Texts the customer sends at most; the longest of the tasks need half of that."""

READS = ("get_", "search_", "list_", "calculate")
"""How the names of tools begin that change nothing."""


def is_named(path: Path) -> bool:
    """Whether this stands for tasks of the benchmark and for no file."""
    return str(path) == DOMAIN or str(path).startswith(f"{DOMAIN}/")


def tasks(path: Path) -> list[Filed]:
    """The tasks this stands for, as scenarios. Raises `BadScenario`."""
    if find_spec("inspect_evals") is None:
        raise BadScenario(f"{path}: needs the package inspect-evals, which the extra tau2 installs")
    wanted = str(path).removeprefix(DOMAIN).removeprefix("/")
    if wanted and wanted not in _tasks():
        known = ", ".join(_tasks())
        raise BadScenario(f"{path}: there is no task {wanted}; there are {known}")
    return [_filed(task) for task_id, task in _tasks().items() if wanted in ("", task_id)]


@dataclass(repr=False)
class Tau2(Evaluator[Filed, Played, None]):
    """Whether a task was done: the world is as it should be, and what matters was said.

    The calls of the record are made once more on a world of their own, which then is held against
    one in which the task's own calls were made. So the verdict follows from the transcript.
    """

    task: str

    def evaluate(self, ctx: EvaluatorContext[Filed, Played, None]) -> EvaluatorOutput:
        """Two assertions; the reasons name what differs and what was not said."""
        criteria = _tasks()[self.task]["evaluation_criteria"]
        should = world_after((each["name"], each["arguments"]) for each in criteria["actions"])
        done = world_after(_made(ctx.output))
        told = list(_differences(should, done))
        bubbles = ctx.output.whole.bubbles if ctx.output.whole else []
        words = "\n".join(bubble.text for bubble in bubbles).lower().replace(",", "")
        unsaid = [each for each in criteria["communicate_info"] if each.lower() not in words]
        return {
            "end state": EvaluationReason(not told, "; ".join(told) or "as it should be"),
            "communicated": EvaluationReason(
                not unsaid, f"never said: {', '.join(unsaid)}" if unsaid else "all of it"
            ),
        }


def tools() -> FunctionToolset[Hands]:
    """The airline's tools, on a world of their own."""
    from inspect_evals.tau2.airline.tools import all_airline_tools

    world = _World()
    toolset = FunctionToolset[Hands](id="tau2", sequential=True)
    for make in all_airline_tools:
        name, described = make.__name__, make()
        shape = Tool(described, takes_ctx=False).tool_def
        act = world.tools.get(name, described)
        tool = Tool.from_schema(
            _told_to_the_model(act),
            name=name,
            description=shape.description,
            json_schema=shape.parameters_json_schema,
            sequential=True,
        )
        tool.metadata = {"read_only": True} if name.startswith(READS) else None
        toolset.add_tool(tool)
    return toolset


def world_after(calls: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The airline's database after these calls; one that is refused changes nothing."""
    world = _World()
    for name, arguments in calls:
        if name in world.tools:
            try:
                world.tools[name](**arguments)
            except _refusals():
                continue
    return world.as_json()


class _World:
    """A database of the airline's, and what may be done to it by name."""

    def __init__(self) -> None:
        from inspect_ai.util import Store
        from inspect_evals.tau2.airline.AirlineAgentTools import AirlineAgentTools
        from inspect_evals.tau2.airline.tools import all_airline_tools

        self._airline = AirlineAgentTools(store=Store())
        self._airline.db = _database().model_copy(deep=True)
        self._airline.initialized = True
        named = [make.__name__ for make in all_airline_tools]
        self.tools: dict[str, Callable[..., Any]] = {
            name: getattr(self._airline, name) for name in named if hasattr(self._airline, name)
        }

    def as_json(self) -> dict[str, Any]:
        """All of it: flights, users and reservations by their ids."""
        told: dict[str, Any] = self._airline.db.model_dump(mode="json")
        return told


def _told_to_the_model(act: Callable[..., Any]) -> Callable[..., Any]:
    """A tool whose refusals the model reads, and which says so when it was called wrongly."""

    async def call(**arguments: Any) -> Any:
        from inspect_ai.tool import ToolError

        try:
            answer = act(**arguments)
            return await answer if hasattr(answer, "__await__") else answer
        except ToolError as error:
            raise ToolFailed(str(error)) from error
        except _refusals() as error:
            raise ModelRetry(f"{type(error).__name__}: {error}") from error

    return call


def _refusals() -> tuple[type[Exception], ...]:
    """What the airline raises for a call it does not take, and Python for a wrong one."""
    from inspect_ai.tool import ToolError

    return (ToolError, TypeError, ValueError, KeyError, AttributeError)


def _made(played: Played) -> Iterator[tuple[str, dict[str, Any]]]:
    calls: list[ToolCall] = [call for record in played.records for call in record.tool_calls]
    return ((call.name, call.arguments) for call in calls if call.state in ("done", "failed"))


def _differences(should: dict[str, Any], done: dict[str, Any]) -> Iterator[str]:
    """`reservations EHGLP3: status is "cancelled", not null`."""
    for kind, wanted in should.items():
        for name in sorted(wanted.keys() | done[kind].keys()):
            expected, found = wanted.get(name), done[kind].get(name)
            if expected is None or found is None:
                yield f"{kind} {name}: is {'missing' if found is None else 'one too many'}"
                continue
            for field, value in expected.items():
                if found[field] != value:
                    yield f"{kind} {name}: {field} is {_short(found[field])}, not {_short(value)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:159]}…"


@lru_cache(maxsize=1)
def _data() -> Path:
    from inspect_evals.tau2.utils import TAU2_DATA_DIR

    return Path(TAU2_DATA_DIR) / "domains" / "airline"


@lru_cache(maxsize=1)
def _tasks() -> dict[str, Any]:
    """The benchmark's own tasks by their ids, without those it has withdrawn."""
    every = json.loads((_data() / "tasks.json").read_text(encoding="utf-8"))
    kept = json.loads((_data() / "split_tasks.json").read_text(encoding="utf-8"))["base"]
    return {task["id"]: task for task in every if task["id"] in kept}


@lru_cache(maxsize=1)
def _database() -> Any:
    from inspect_evals.tau2.airline.data_model import FlightDB

    return FlightDB.load(str(_data() / "db.json.gz"))


def _filed(task: dict[str, Any]) -> Filed:
    policy = (_data() / "policy.txt").read_text(encoding="utf-8")
    outfit = Outfit(f"<policy>\n{policy}\n</policy>\n", tools, [Tau2(task["id"])])
    return Filed(Path(f"{DOMAIN}/{task['id']}"), _scenario(task), outfit)


def _scenario(task: dict[str, Any]) -> Scenario:
    """The customer's part, in the words of the task."""
    part = task["user_scenario"]["instructions"]
    wishes = [part["reason_for_call"], part["task_instructions"]]
    unknown = part.get("unknown_info")
    return Scenario(
        name=f"τ² airline {task['id']}",
        description=task["description"]["purpose"] or "",
        tags=[REAL_MODEL, "tau2"],
        start=Start(clock=NOW, people=[Person(name=CUSTOMER, handle="+15555550124")]),
        simulated=SimulatedPerson(
            persona=task["user_scenario"].get("persona") or "A customer of an airline.",
            goal="\n".join(filter(None, wishes)),
            facts=[
                *(part.get("known_info") or "").splitlines(),
                *([f"You do not know: {unknown}"] if unknown else []),
            ],
            max_turns=MOST_TURNS,
        ),
        expect=Expectations(judged=task["evaluation_criteria"].get("nl_assertions") or []),
    )
