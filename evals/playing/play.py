"""Playing a scenario: people text through the real webhook, worker and outbox, on the twin.

Each run has a harness, a twin, a file and a clock of its own. The clock is moved on by the run and
by nobody else, so that an hour takes no longer than what happens in it.
"""

from __future__ import annotations

import asyncio
import mimetypes
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic_ai.models import Model
from sqlmodel import Session, col, select

from agent.deployment import Deployment
from agent.settings import Settings
from evals.format.editing import Edit
from evals.format.outfit import Outfit, with_policy
from evals.format.scenario import Scenario, SimulatedPerson
from evals.format.turns import AGENT, LAST, Turn, Written
from evals.local import ADDRESS, KEY, Local
from evals.playing.driving import Driver, NeverOver, Timed, count_database
from evals.playing.seen import Played, Seen, bubbles_on, seconds_between, sent_at, tapbacks_on
from evals.playing.simulating import READING, BrokeThePart, as_turn, next_move
from evals.playing.staging import (
    CONVERSATION_ID,
    GROUP_ID,
    Setting,
    channel_at_first,
    furnish,
    setting_of,
)
from evals.playing.stamps import stamped
from evals.playing.stillness import RUN, Stuck, UnderWay
from memory.store import Store
from memory.tables import Mailbox, TurnState
from memory.tables import Turn as TurnRow
from memory.transcript import BubbleSent, TurnRecord
from memory.transcripts import Wanted, stream
from phone.clock import HeldClock, utc


class CannotPlay(Exception):
    """A scenario cannot be played to its end; says why, and in which turn."""


async def play(
    scenario: Scenario,
    settings: Settings,
    model: Model,
    *,
    seed: int,
    folder: Path,
    empty: Path,
    pictures: Path,
    outfit: Outfit | None = None,
    person_model: Model | None = None,
) -> Played:
    """Play it once. Raises nothing for what the agent does; what breaks a run off is told in it.

    Args:
        settings: From `evals.local.local_settings`; its database is never used.
        seed: Makes the ids: the same seed and the same answers of the model give the same run.
        folder: Of this run alone, for its database.
        empty: A database with its tables and nothing in them.
        pictures: The folder in which the scenario's picture files are.
        outfit: What the agent has beyond what it always has.
        person_model: Plays the person of a scenario that has a simulated one.
    """
    under_way, played = UnderWay(), Played()
    RUN.set(under_way)
    began = scenario.start.clock.timestamp()
    clock = HeldClock(began)
    database = folder / "phone.db"
    setting = setting_of(scenario, now=utc(began), agent_name=settings.threedots_name)
    await asyncio.to_thread(shutil.copy, empty, database)
    await asyncio.to_thread(furnish, database, setting)
    here = settings.model_copy(update={"database_url": f"sqlite:///{database}"})
    more = []
    if outfit is not None:
        more.append(outfit.tools())
        prompts = with_policy(
            settings.threedots_prompts_dir, outfit.policy, folder=folder / "prompts"
        )
        here = here.model_copy(update={"threedots_prompts_dir": prompts})
    timed = Timed(model, clock, under_way)
    local = Local(here, timed, clock=clock, in_process=True, session="eval", seed=seed, more=more)
    web = httpx.ASGITransport(app=local)
    async with local.running(), httpx.AsyncClient(transport=web, base_url=ADDRESS) as handset:
        run = _Run(scenario, setting, local, handset, Driver(clock, under_way), pictures)
        try:
            count_database(run.deployment.store, under_way)
            await run.play(played, person_model)
        except BrokeThePart as error:
            played.invalid = f"{run.place}: {error}"
        except (CannotPlay, NeverOver, Stuck, OSError) as error:
            place = run.place or "the start"
            played.problem = f"{place}: {error}"
    played.seconds = clock.now() - began
    return played


class _Run:
    """One run under way.

    Attributes:
        place: The turn that is played just now.
    """

    def __init__(
        self,
        scenario: Scenario,
        setting: Setting,
        local: Local,
        handset: httpx.AsyncClient,
        driver: Driver,
        pictures: Path,
    ) -> None:
        if local.deployment is None:
            raise CannotPlay("the harness did not start")
        self.place = ""
        self.deployment: Deployment = local.deployment
        self._scenario = scenario
        self._setting = setting
        self._local = local
        self._handset = handset
        self._driver = driver
        self._pictures = pictures
        self._channel = channel_at_first(scenario)
        self._begun_with = setting.metadata or {}
        self._ids = {name: list(ids) for name, ids in setting.ids.items()}
        self._refs = dict(setting.refs)
        self._screen: dict[str, Any] = {}
        self._ours: list[str] = []
        self._records: list[TurnRecord] = []
        self._before: set[str] = set()
        self._tapped: set[tuple[str, str]] = set()
        self._wrote_at: datetime | None = None

    async def play(self, played: Played, person_model: Model | None) -> None:
        """Play all of it, keeping what is to be seen as it comes."""
        await self._introduce()
        await self._driver.finish(self._is_over)
        self._before = {message["id"] for message in (await self._look())["messages"]}
        self._tapped = set(tapbacks_on(self._screen))
        for nth, turn in enumerate(self._scenario.turns, start=1):
            self.place = f"turn {nth}" + (f" ({turn.id})" if turn.id else "")
            played.turns.append(await self._take(turn))
        if self._scenario.simulated is not None and person_model is not None:
            await self._simulate(self._scenario.simulated, played, person_model)
        self.place = "the end"
        played.whole = await self._whole(played.turns)

    async def _introduce(self) -> None:
        """Who has no iMessage, and who cannot be reached."""
        for person in self._scenario.start.people:
            facts = person.model_dump(include={"handle", "name", "imessage", "reachable"})
            await self._post("people", facts)

    async def _simulate(self, person: SimulatedPerson, played: Played, model: Model) -> None:
        """Somebody played by a model texts on, until they are done or have had their turns."""
        for nth in range(1, person.max_turns + 1):
            self.place = f"simulated turn {nth}"
            await self._driver.wait(READING, is_over=self._is_over)
            talk = (await self._look())["messages"]
            move = await next_move(person, person.who or self._first, talk, model)
            if move.texts:
                played.turns.append(await self._take(as_turn(person, move)))
            if move.is_done:
                return

    async def _take(self, turn: Turn) -> Seen:
        """One turn of the scenario, until the agent has ended its own."""
        if turn.faults is not None:
            await self._put("faults", [fault.model_dump() for fault in turn.faults])
        elif turn.webhook_faults is not None:
            await self._put("webhook-faults", [fault.model_dump() for fault in turn.webhook_faults])
        elif turn.edit is not None:
            await self._edit(turn.edit)
        elif turn.advance is not None:
            await self._driver.wait(turn.advance, is_over=self._is_over)
        for part in turn.written:
            if pause := getattr(part, "pause", 0.0):
                await self._driver.wait(pause, is_over=self._is_over)
            self._wrote_at = utc(self._driver.clock.now())
            written = await self._write(part)
            if turn.id and written:
                self._ids.setdefault(turn.id, []).append(written)
        await self._driver.finish(self._is_over)
        return await self._see(turn)

    async def _edit(self, edit: Edit) -> None:
        """Somebody changes the metadata. What others keep in it is to stay as it is from now on."""
        after = edit.made_in((await self._look())["metadata"])
        path, key = f"/v1/conversations/{CONVERSATION_ID}", {"Authorization": f"Bearer {KEY}"}
        _checked(await self._handset.patch(path, json={"metadata": after}, headers=key))
        self._begun_with = edit.made_in(self._begun_with)

    async def _write(self, part: Written) -> str | None:
        """Somebody writes or taps; the id of the message that came of it."""
        handle = self._setting.handles[part.who or self._first]
        if part.tapback is not None:
            on = {"message_id": self._message(part.on or LAST), "reaction": part.tapback}
            await self._post("reactions", {"from_handle": handle} | on)
            return None
        self._channel = part.channel or self._channel
        group = self._scenario.start.group
        where: dict[str, Any] = {"group_id": GROUP_ID}
        if group is None:
            where = {"to_number": self._setting.number, "channel": self._channel}
        body: dict[str, Any] = {
            "from_handle": handle,
            "body": part.text,
            "media_urls": [await self._picture(url) for url in part.media],
            "reply_to_message_id": self._message(part.reply_to) if part.reply_to else None,
        }
        answer = await self._post("messages", body | where)
        return str(answer["messages"][-1]["id"])

    @property
    def _first(self) -> str:
        start = self._scenario.start
        first = start.people[0].name
        return first if not start.group or first in start.group.members else start.group.members[0]

    async def _picture(self, url: str) -> str:
        """An address as it is; a file beside the scenario is put on the twin."""
        if ":" in url:
            return url
        data = await asyncio.to_thread((self._pictures / url).read_bytes)
        kind = mimetypes.guess_type(url)[0] or "application/octet-stream"
        answer = await self._handset.post(
            "/handset/media", content=data, headers={"Content-Type": kind}
        )
        return str(_checked(answer)["url"])

    def _message(self, reference: str) -> str:
        """The id of a message the scenario names. Raises `CannotPlay`."""
        if (found := self._named().get(reference)) is None:
            raise CannotPlay(f"there is no message {reference} by now: the agent has said less")
        return found

    def _named(self) -> dict[str, str]:
        """Every name a message has by now, with its id."""
        named: dict[str, str] = {}
        for name, ids in self._ids.items():
            named |= {f"{name}.{nth}": one for nth, one in enumerate(ids, start=1)}
            named[name] = ids[-1]
        new = [one for one in self._ours if one not in self._before]
        named |= {f"{AGENT}.{nth}": one for nth, one in enumerate(new, start=1)}
        return named | ({LAST: self._ours[-1]} if self._ours else {})

    async def _is_over(self) -> bool:
        """Whether nothing is on its way to the agent, and it has ended its turn."""
        line, store = self._local.twin.line, self.deployment.store
        is_over = not any(one.status == "pending" for one in line.deliveries.values())
        is_over = is_over and await store.read(_is_idle)
        if not is_over:
            store.wake()  # the worker looks by the machine's clock for what nobody rang for
        return is_over

    async def _look(self) -> dict[str, Any]:
        """What is on their screens now; the first of several conversations is the one meant."""
        listed = _checked(await self._handset.get("/handset/conversations"))["conversations"]
        screens = [await self._screen_of(one["id"]) for one in listed]
        [meant] = [one for one in screens if one["id"] == CONVERSATION_ID]
        messages = sorted((m for one in screens for m in one["messages"]), key=sent_at)
        people = [person for one in screens for person in one["participants"]]
        self._screen = meant | {"messages": messages, "participants": people}
        self._ours = [one["id"] for one in messages if one["direction"] == "outbound"]
        return self._screen

    async def _screen_of(self, conversation_id: str) -> dict[str, Any]:
        answer = await self._handset.get(f"/handset/conversations/{conversation_id}")
        screen: dict[str, Any] = _checked(answer)
        return screen

    async def _see(self, turn: Turn) -> Seen:
        """What came of a turn."""
        known = {one["id"] for one in self._screen["messages"]}
        screen = await self._look()
        tapbacks, bubbles = tapbacks_on(screen), bubbles_on(screen, known)
        seen = Seen(
            place=self.place,
            records=await self._new_records(),
            bubbles=bubbles,
            tapbacks=[tapback for on, tapback in tapbacks if (on, tapback) not in self._tapped],
            answered_after=seconds_between(self._wrote_at, bubbles),
            metadata=screen["metadata"] or {},
            begun_with=self._begun_with,
            ids=self._named(),
            refs=dict(self._refs),
            heard=[_told(part) for part in turn.written],
        )
        self._tapped |= set(tapbacks)
        return seen

    async def _whole(self, turns: Sequence[Seen]) -> Seen:
        """All of it at once, with what was learnt of its bubbles since."""
        screen = await self._look()
        records = await self._every_record()
        answered = [seen.answered_after for seen in turns if seen.answered_after is not None]
        return Seen(
            place=self.place,
            records=records,
            bubbles=bubbles_on(screen, self._before),
            tapbacks=[tapback for seen in turns for tapback in seen.tapbacks],
            answered_after=max(answered, default=None),
            metadata=screen["metadata"] or {},
            begun_with=self._begun_with,
            ids=self._named(),
            refs=dict(self._refs),
            heard=[heard for seen in turns for heard in seen.heard],
        )

    async def _new_records(self) -> list[TurnRecord]:
        every = await self._every_record()
        new = every[len(self._records) :]
        self._records = every
        for record in new:
            heard = [(each.message_id, each.ref) for each in record.heard]
            said = [(act.message_id, act.ref) for act in record.wire if isinstance(act, BubbleSent)]
            self._refs |= {one: ref for one, ref in [*heard, *said] if one}
        return new

    async def _every_record(self) -> list[TurnRecord]:
        store: Store = self.deployment.store
        return [stamped(one) async for one in stream(store, Wanted())]

    async def _post(self, what: str, body: dict[str, Any]) -> Any:
        return _checked(await self._handset.post(f"/handset/{what}", json=body))

    async def _put(self, what: str, body: list[dict[str, Any]]) -> None:
        _checked(await self._handset.put(f"/handset/{what}", json=body))


def _checked(answer: httpx.Response) -> Any:
    if not answer.is_success:
        raise CannotPlay(f"the twin did not take it: {answer.text[:300]}")
    return answer.json()


def _told(part: Written) -> str:
    if part.tapback is not None:
        return f"[{part.tapback}]"
    return part.text + (f" [{len(part.media)} picture]" if part.media else "")


def _is_idle(session: Session) -> bool:
    running = select(TurnRow.id).where(TurnRow.state == TurnState.RUNNING)
    due = select(Mailbox.id).where(col(Mailbox.due_at).is_not(None))
    return session.exec(running).first() is None and session.exec(due).first() is None
