"""`/metrics`: what this process has counted, and how things stand in the database just now."""

from __future__ import annotations

from functools import partial

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from agent.deployment import Deployment
from memory.figures import Figures, figures
from memory.store import StoreUnavailable
from phone.clock import utc


class Gauges:
    """What is true at this moment; read when somebody asks, so that it is never an old truth."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        gauge = self._gauge
        self._up = gauge("database_up", "1 when the database could be read.")
        self._due = gauge("conversations_due", "Conversations in which work waits or is done.")
        self._age = gauge("queue_age_seconds", "How long the oldest work has waited.")
        self._open = gauge("bubble_open", "Bubbles that have not ended, by state.", "state")
        self._unknown = gauge("unconfirmed_open", "Bubbles of which nobody knows yet.")
        self._letters = gauge("deadletter_open", "What nobody could deal with.")
        self._consents = gauge(
            "optout", "Entries of the opt-out ledger, by what said so.", "how", "says"
        )
        self._after_stop = gauge(
            "post_after_stop", "Replies of the last day that left after a STOP. Must be 0."
        )
        self._paused = gauge("sending_paused", "1 while nothing can be sent by anybody.")
        self._broken = gauge(
            "promise_broken", "Times a promise was broken in the last day. Must be 0.", "promise"
        )
        self._busy = gauge("turns_running", "Turns this process has under way.")

    async def page(self, deployment: Deployment) -> bytes:
        """The whole page, in Prometheus's text format."""
        now = deployment.clock.now()
        try:
            self._show(await deployment.store.read(partial(figures, now=now)), now)
            self._up.set(1)
        except StoreUnavailable:
            self._up.set(0)
        self._paused.set(deployment.outbox.paused_by is not None)
        for name, times in deployment.broken_promises.items():
            self._broken.labels(name).set(times)
        self._busy.set(len(deployment.under_way))
        return generate_latest(deployment.meters.registry) + generate_latest(self.registry)

    def _gauge(self, name: str, help: str, *labels: str) -> Gauge:
        return Gauge(f"threedots_{name}", help, labels, registry=self.registry)

    def _show(self, found: Figures, now: float) -> None:
        waited = (utc(now) - found.oldest_due).total_seconds() if found.oldest_due else 0.0
        self._due.set(found.due)
        self._age.set(max(waited, 0.0))
        for state, count in found.open_bubbles.items():
            self._open.labels(state).set(count)
        self._unknown.set(found.open_bubbles["unconfirmed"])
        self._letters.set(found.dead_letters)
        for (how, out), count in found.consents.items():
            self._consents.labels(how, "stop" if out else "start").set(count)
        self._after_stop.set(found.after_stop)
