"""A deployment at work: its objects put together, its worker taking turns, rounds beside it."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import httpx
from pydantic_ai.models import Model
from pydantic_ai.toolsets import AbstractToolset

from agent.alerting import post
from agent.beside import keep_at
from agent.build import build_agent
from agent.catch_up import CatchUp
from agent.deployment import Deployment
from agent.guard import guard_of
from agent.journal import Journal
from agent.promises import LOOK_EVERY as WATCH_EVERY
from agent.promises import Watch
from agent.prompts import Prompts
from agent.settings import HOME, Settings
from agent.sweep import SWEEP_EVERY, sweep
from agent.telemetry import telling
from agent.terms import terms
from agent.tidying import TIDY_EVERY, tidy
from agent.worker import Worker
from memory.at_work import SERVER
from memory.database_file import served_alone
from memory.listening import RECONNECT_AFTER, hear_replicas
from memory.store import Store
from memory.transcript import SessionKind
from phone.client import AgentPhoneClient
from phone.clock import Clock, SystemClock
from phone.errors import PhoneError
from tools.hands import Hands
from tools.media import MediaLibrary
from tools.meters import Meters
from tools.outbox import Outbox

log = logging.getLogger(__name__)

LISTEN_AGAIN = 60.0
"""Seconds until catching up begins anew, should it ever break."""

DRAIN = 25.0
"""Seconds the turns under way have to settle when the server stops."""

_DEFAULTS = {"live": "on", "local": "off", "eval": "off"}
"""Behind which doors people are introduced to: nobody on the phone page is a stranger."""

Round = tuple[str, Callable[[], Awaitable[None]], float]
"""What goes on beside the turns: its name, the work, and seconds until it is done anew."""


@asynccontextmanager
async def running(
    settings: Settings,
    model: Model,
    *,
    session: SessionKind,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    new_id: Callable[[], str] | None = None,
    more: Sequence[AbstractToolset[Hands]] = (),
) -> AsyncIterator[Deployment]:
    """A deployment at work: store open, client open, worker taking turns; on the way out it drains.

    Args:
        session: What the records of its turns are to say of this door.
        transport: How AgentPhone is reached; real HTTP when left out.
        new_id: Makes the ids of turns and bubbles; chance does when left out.
        more: Tools beyond those of `tools/`.
    """
    clock = clock or SystemClock()
    key = settings.agentphone_api_key
    async with (
        _alone(settings.database_url),
        Store(settings.database_url, name=SERVER + platform.node()) as store,
        AgentPhoneClient(
            key.get_secret_value() if key else "",
            base_url=settings.agentphone_base_url,
            transport=transport,
            clock=clock,
        ) as phone,
    ):
        deployment = assemble(
            settings,
            model,
            session=session,
            store=store,
            phone=phone,
            clock=clock,
            new_id=new_id or _by_chance,
            more=more,
        )
        rounds = [*rounds_of(deployment), *_hearing(deployment)]
        async with (
            telling(deployment, settings),
            at_work(deployment, name=_worker_name(), rounds=rounds),
        ):
            yield deployment


def assemble(
    settings: Settings,
    model: Model,
    *,
    session: SessionKind,
    store: Store,
    phone: AgentPhoneClient,
    clock: Clock,
    new_id: Callable[[], str],
    more: Sequence[AbstractToolset[Hands]] = (),
) -> Deployment:
    """The objects of one deployment, by its settings. Nothing runs yet."""
    guard = guard_of(settings, session)
    meters = Meters()
    return Deployment(
        name=settings.threedots_name,
        session=session,
        clock=clock,
        store=store,
        phone=phone,
        outbox=Outbox(store, phone, clock=clock, new_id=new_id, limits=guard.limits, meters=meters),
        prompts=Prompts(settings.threedots_prompts_dir, shipped=HOME / "prompts"),
        library=MediaLibrary(
            settings.threedots_prompts_dir / "media.toml",
            HOME / "media",
            secret=settings.webhook_secrets[0],
            shipped=HOME / "prompts" / "media.toml",
        ),
        agent=build_agent(Journal(store, clock, meters), *more),
        model=model,
        new_id=new_id,
        public_url=settings.threedots_public_url,
        quiet_for=settings.threedots_quiet_for,
        patient=settings.threedots_burst == "patient",
        guard=guard,
        meters=meters,
        stop_confirmation=settings.threedots_stop_confirmation,
        call_person=partial(post, settings.threedots_alert_url),
        is_companion=settings.threedots_profile == "companion",
        introduces=(settings.threedots_introduction or _DEFAULTS[session]) == "on",
        keep=terms(settings),
        link_domains=settings.link_domains,
        vision=settings.threedots_vision,
        at_once=settings.threedots_turns_at_once,
        return_after=60 * minutes if (minutes := settings.threedots_return_after) else None,
        held_for=timedelta(hours=settings.threedots_elsewhere_hours),
    )


@asynccontextmanager
async def at_work(
    deployment: Deployment, *, name: str, rounds: Sequence[Round]
) -> AsyncIterator[None]:
    """The worker takes turns and the rounds are made, until the block ends; then it drains.

    Args:
        name: Names the worker, uniquely among all processes.
    """
    worker = Worker(deployment, name=name)
    async with asyncio.TaskGroup() as tasks:
        loops = [
            tasks.create_task(keep_at(what, work, every=every, clock=deployment.clock))
            for what, work, every in rounds
        ]
        working = tasks.create_task(worker.run())
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()
            await _drain(worker, working)


def rounds_of(deployment: Deployment) -> list[Round]:
    """What every process does beside its turns."""
    rounds: list[Round] = [
        ("catching up", partial(_listen, deployment, CatchUp(deployment)), LISTEN_AGAIN),
        ("the sweep", partial(sweep, deployment), SWEEP_EVERY),
    ]
    if deployment.session == "live":  # what is made at home, or in an evaluation, is its owner's
        rounds.append(("tidying up", partial(tidy, deployment), TIDY_EVERY))
        rounds.append(("watching the promises", Watch(deployment).look, WATCH_EVERY))
    return rounds


def _hearing(deployment: Deployment) -> list[Round]:
    if not deployment.store.is_shared:
        return []
    hearing = partial(hear_replicas, deployment.store, deployment.arrivals.ring)
    return [("hearing other replicas", hearing, RECONNECT_AFTER)]


def _by_chance() -> str:
    return uuid.uuid4().hex


def _worker_name() -> str:
    return f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


@asynccontextmanager
async def _alone(database_url: str) -> AsyncIterator[None]:
    with served_alone(database_url):
        yield


async def _listen(deployment: Deployment, catching_up: CatchUp) -> None:
    """Learn what we need to know to judge a message, then see that none is missed."""
    await _learn_own_numbers(deployment)
    await catching_up.run()


async def _learn_own_numbers(deployment: Deployment) -> None:
    """Whose messages are our own, so that two harnesses never talk to each other."""
    while not deployment.own_numbers:
        try:
            numbers = await deployment.phone.numbers()
            deployment.own_numbers.update(number.phone_number for number in numbers)
            return
        except PhoneError as error:
            log.warning("our own numbers could not be read: %s", error)
            await deployment.clock.sleep(30.0)


async def _drain(worker: Worker, working: asyncio.Task[None]) -> None:
    """Let the turns under way settle; what does not in time is taken up at the next start."""
    worker.stop()
    done, _ = await asyncio.wait([working], timeout=DRAIN)
    if not done:
        log.warning(
            "not settled in %.0f s, to be taken up later: %d of the turns under way",
            DRAIN,
            worker.busy,
        )
        working.cancel()
        await asyncio.wait([working])
        await worker.hand_back()
