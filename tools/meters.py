"""What this process counts, for `/metrics`: only what the database could not tell.

Labels are words of a closed list and names of tools. No number, no conversation, nothing anybody
wrote.
"""

from __future__ import annotations

import re

from prometheus_client import CollectorRegistry, Counter, Histogram

from memory.notes import Notes, usage_of
from phone.errors import (
    BadRequest,
    NotSent,
    PaymentRequired,
    PhoneError,
    Refused,
    Throttled,
    Unauthorized,
)

QUICK = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Seconds of an acknowledgement: half a second is what a webhook may take in a storm."""

SLOW = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0)
"""Seconds of a turn."""

TOOLS = 100
"""Names of tools that are told apart; a model can make up any number of others."""


class Meters:
    """The counters of one deployment in one process, with a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._webhooks = self._counter("webhook", "Webhooks, by what became of them.", "result")
        self._results: dict[str, Counter] = {}  # to look one up by its label takes twice as long
        keys = self._counter(
            "webhook_signed", "Rightly signed webhooks, by the secret: newest or former.", "secret"
        )
        self._newest, self._former = keys.labels("newest"), keys.labels("former")
        self._acknowledged = Histogram(
            "threedots_ack_seconds",
            "From a webhook's first byte to its answer.",
            buckets=QUICK,
            registry=self.registry,
        )
        self._turns = self._counter("turn", "Settled turns, by outcome.", "outcome", "reason")
        self._turn_seconds = Histogram(
            "threedots_turn_seconds", "How long turns took.", buckets=SLOW, registry=self.registry
        )
        self._tokens = self._counter("llm_tokens", "Tokens of settled turns, by kind.", "kind")
        self._cost = self._counter("llm_cost_usd", "What they cost, as far as prices are known.")
        self._requests = self._counter("llm_requests", "Requests to the model.", "result")
        self._tools = self._counter("tool", "Tool calls, by tool and end.", "tool", "state")
        self._bubbles = self._counter("bubble", "Bubbles, by the state they reached.", "state")
        self._sends = self._counter("send_http", "Sends to AgentPhone, by answer.", "result")
        self._found = self._counter("reconcile", "Lost answers, by what was found out.", "result")
        self._missed = self._counter("backfill_found", "Messages that no webhook brought.")
        self._loops = self._counter("loop_breaker", "Conversations muted because of a loop.")
        self._merged = self._counter(
            "metadata_conflict", "Memories saved otherwise than their turn had left them."
        )
        self._names: set[str] = set()

    def webhook(self, result: str, seconds: float) -> None:
        """A webhook was answered."""
        counter = self._results.get(result)
        if counter is None:
            counter = self._results[result] = self._webhooks.labels(result)
        counter.inc()
        self._acknowledged.observe(seconds)

    def signed(self, place: int) -> None:
        """A webhook was rightly signed with the secret in this place, 0 for the newest."""
        (self._former if place else self._newest).inc()

    def turn(
        self, outcome: str, seconds: float, notes: Notes, *, reason: str | None = None
    ) -> None:
        """A turn is settled; what it cost is in its notes."""
        self._turns.labels(outcome, _code(outcome, reason)).inc()
        self._turn_seconds.observe(max(seconds, 0.0))
        usage = usage_of(notes.requests, tool_calls=0)
        self._tokens.labels("input").inc(usage.input_tokens)
        self._tokens.labels("cached").inc(usage.cache_read_tokens)
        self._tokens.labels("output").inc(usage.output_tokens)
        self._cost.inc(float(sum(request.cost_usd or 0 for request in notes.requests)))
        for request in notes.requests:
            self._requests.labels("error" if request.model is None else "answered").inc()

    def tool(self, name: str, state: str) -> None:
        """A tool call ended."""
        if name not in self._names and len(self._names) >= TOOLS:
            name = "other"
        self._names.add(name)
        self._tools.labels(name, state).inc()

    def bubble(self, state: str) -> None:
        """A bubble reached a state."""
        self._bubbles.labels(state).inc()

    def send(self, outcome: object) -> None:
        """AgentPhone answered a send, or did not."""
        self._sends.labels(_answered(outcome)).inc()

    def found_out(self, state: str) -> None:
        """It was found out what became of a bubble whose answer was lost."""
        self._found.labels(state).inc()

    def missed(self, messages: int) -> None:
        """Messages were read back that no webhook had brought."""
        self._missed.inc(messages)

    def loop(self) -> None:
        """Somebody who answers like a machine was muted."""
        self._loops.inc()

    def merged(self) -> None:
        """A memory was saved otherwise than its turn had left it: somebody had changed it too."""
        self._merged.inc()

    def _counter(self, name: str, help: str, *labels: str) -> Counter:
        return Counter(f"threedots_{name}", help, labels, registry=self.registry)


def _code(outcome: str, reason: str | None) -> str:
    """The code a reason of ours begins with; a model's own words are no label."""
    code = (reason or "").split(":")[0] if outcome in ("dropped", "failed") else ""
    return code if re.fullmatch(r"[a-z_]{0,24}", code) else "other"


def _answered(outcome: object) -> str:
    match outcome:
        case NotSent():
            return "not_sent"
        case Throttled():
            return "throttled"
        case Unauthorized() | PaymentRequired():
            return "not_allowed"
        case Refused() | BadRequest():
            return "refused"
        case PhoneError():
            return "unknown"
        case _:
            return "accepted"
