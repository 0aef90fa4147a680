"""The objects of one running deployment, built at a front door and passed down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from pydantic_ai import Agent
from pydantic_ai.models import Model

from agent.arrivals import Arrivals
from agent.drift import Drift
from agent.guard import Guard
from agent.prompts import Prompts
from memory.notes import Notes
from memory.retention import Keep
from memory.store import Store
from memory.transcript import SessionKind
from phone.client import AgentPhoneClient
from phone.clock import Clock
from tools.custom import deliver_code
from tools.hands import Hands
from tools.media import Asset, MediaLibrary
from tools.meters import Meters
from tools.outbox import Outbox
from tools.verifying import DeliverCode


async def _by_the_log_alone(alert: dict[str, Any]) -> bool:
    return True


@dataclass
class Deployment:
    """What a turn works with.

    Attributes:
        name: What the agent is called.
        session: Behind which door it stands: every turn's record says so.
        public_url: Where files of `media/` are reached from outside; None when nowhere.
        quiet_for: Seconds without another text before the first word leaves.
        patient: Whether thinking waits for that pause as well.
        guard: Its limits, and whom it answers.
        introduces: Whether people are told once that an AI writes, and on SMS how to stop.
        is_companion: Whether everybody is reminded every three hours that an AI writes.
        stop_confirmation: Who confirms a STOP: `harness` (we do), `platform`, or `off`.
        call_person: Calls a person with an alert as JSON; whether that worked.
        deliver_code: Sends a code by which somebody proves who they are, another way than by text.
        link_domains: Domains the agent may send links to; `*` for any.
        vision: Whether the model may be shown pictures.
        own_numbers: Our numbers, E.164: a message from one of them is never answered.
        drift: Finds out whether AgentPhone's webhook has another secret by now; None while no door
            is open.
        meters: What this process has counted.
        keep: How long each kind of data is kept.
        return_after: Seconds after which what waits for a person in vain is the agent's again; None
            for never.
        held_for: How long a person who wrote at AgentPhone holds that conversation; zero: not.
        at_once: Conversations worked on at the same time by this process.
        broken_promises: How often each promise was broken lately, as it was found last.
        under_way: What the turns that run here have noted so far, by their ids: for who watches.
        ended: Told the id of each turn that has been settled here. It must not wait.
    """

    name: str
    session: SessionKind
    clock: Clock
    store: Store
    phone: AgentPhoneClient
    outbox: Outbox
    prompts: Prompts
    library: MediaLibrary
    agent: Agent[Hands, str]
    model: Model
    new_id: Callable[[], str]
    public_url: str | None = None
    quiet_for: float = 1.0
    patient: bool = False
    guard: Guard = field(default_factory=Guard)
    introduces: bool = True
    is_companion: bool = False
    stop_confirmation: Literal["harness", "platform", "off"] = "harness"
    call_person: Callable[[dict[str, Any]], Awaitable[bool]] = _by_the_log_alone
    deliver_code: DeliverCode = deliver_code
    link_domains: Sequence[str] = ()
    vision: bool = True
    arrivals: Arrivals = field(default_factory=Arrivals)
    own_numbers: set[str] = field(default_factory=set)
    drift: Drift | None = None
    meters: Meters = field(default_factory=Meters)
    return_after: float | None = None
    held_for: timedelta = timedelta(0)
    at_once: int = 64
    broken_promises: dict[str, int] = field(default_factory=dict)
    under_way: dict[str, Notes] = field(default_factory=dict)
    ended: Callable[[str], None] = lambda turn_id: None
    keep: Keep = field(default_factory=Keep)

    def offered(self) -> list[Asset]:
        """The owner's pictures that can be sent: a file needs a public address."""
        assets = self.library.assets().values()
        return [a for a in assets if a.url is not None or self.public_url is not None]

    def pictures(self) -> dict[str, str]:
        """Handle to https address of the owner's pictures."""
        base = self.public_url or ""
        return {asset.handle: self.library.public_url(asset, base) for asset in self.offered()}
