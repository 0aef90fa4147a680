"""One process of a deployment: the real harness on simulated ports."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import httpx
from pydantic import SecretStr

from agent.build import build_agent
from agent.journal import Journal
from agent.running import assemble, at_work, rounds_of
from agent.settings import Settings
from phone.client import AgentPhoneClient
from phone.clock import Clock
from phone.emulator.ids import Mint
from server import Door
from tests.history.history import Log
from tests.simulation.database import Database
from tests.simulation.mind import Mind, booking
from tests.simulation.ports import PortedClock, PortedStore, PortedTransport, Ports

KEY = "sk_simulated_key"
SECRET = "whsec_simulated_0123456789"
TWIN = "https://api.twin.test"

SETTINGS = Settings(
    agentphone_api_key=KEY,
    agentphone_base_url=TWIN,
    agentphone_webhook_secret=SecretStr(SECRET),
    database_url="sqlite:///simulated.db",
)


class Replica:
    """A process: begun, running, and then stopped, or killed at any moment."""

    def __init__(
        self,
        name: str,
        *,
        clock: Clock,
        seed: int,
        database: Database,
        twin: httpx.AsyncBaseTransport,
        mind: Mind,
        log: Log,
        is_shared: bool,
    ) -> None:
        self.name = name
        self.door = Door([SECRET])
        self.ports = Ports(clock, random.Random(seed))
        self.transport = PortedTransport(self.ports, twin)
        self._store = PortedStore(database, self.ports, is_shared=is_shared)
        self._mind, self._log, self._seed = mind, log, seed
        self._stopping = asyncio.Event()
        self.running = asyncio.ensure_future(self._run())

    @property
    def is_alive(self) -> bool:
        return not self.ports.dead.is_set() and not self.running.done()

    @property
    def hears(self) -> bool:
        """Whether webhooks reach it."""
        return self.is_alive and self.door.deployment is not None

    def kill(self, *, after: int) -> None:
        """Let it die at its so manieth passage from now."""
        self.ports.dies_after = after

    def shut_down(self) -> None:
        """SIGTERM."""
        self._stopping.set()

    def bury(self) -> None:
        """End its tasks, at the end of all: none of them may do anything any more."""
        self.ports.dead.set()
        self.ports.is_over = True

    async def _run(self) -> None:
        clock = PortedClock(self.ports)
        mint = Mint(random.Random(self._seed))
        async with AgentPhoneClient(
            KEY, base_url=TWIN, transport=self.transport, clock=clock
        ) as phone:
            deployment = assemble(
                SETTINGS,
                self._mind.model(self.ports),
                session="local",
                store=self._store,
                phone=phone,
                clock=clock,
                new_id=lambda: mint.id(clock.now()),
            )
            agent = build_agent(Journal(self._store, clock), booking(self._log, self.ports))
            deployment = replace(deployment, agent=agent)
            async with at_work(deployment, name=self.name, rounds=rounds_of(deployment)):
                self.door.open(deployment)
                await self._stopping.wait()
                self.door.close()
