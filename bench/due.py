"""Many conversations due at once: a harness that starts with a full inbox.

The texts are stored before it starts, by the product's own intake, as they would lie there if a
server had acknowledged them all and been stopped. The model answers at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from statistics import quantiles

from bench.figures import Figures
from bench.processes import peak_memory_mb
from bench.stand import stand
from bench.texts import people, webhook
from bench.turns import QUESTION
from memory.inbox import accept, keys_of
from memory.store import Store
from phone.webhook import parse

AT_ONCE = 500
"""Texts handed to the store at the same time while the inbox is filled."""


async def one_run(database_url: str, *, conversations: int) -> Figures:
    """Fill an inbox, start a harness, and wait until everybody has been answered."""
    group = people(3, conversations)
    await _fill(database_url, group)
    started = time.monotonic()
    async with stand(database_url, "--watch-the-loop") as it:
        await it.line.until_sent(group, within=60.0 + conversations)
        counted, memory = await it.counted(), peak_memory_mb(it.process_id)
        sent = sorted(it.line.first_sent(person) for person in group)
    waited = [at - started for at in sent]
    cuts = quantiles(waited, n=100, method="inclusive")
    return {
        "from start to first bubble, s": waited[0],
        "waited p50, s": cuts[49],
        "waited p99, s": cuts[98],
        "all answered, s": waited[-1],
        "turns, per second": (len(sent) - 1) / (sent[-1] - sent[0]),
        "bubbles per conversation": sum(map(len, it.line.sent.values())) / len(sent),
        "peak memory, MB": memory,
        "longest stall of the event loop, ms": counted["stall"] * 1000,
    }


async def _fill(database_url: str, group: Sequence[str]) -> None:
    async with Store(database_url) as store:
        for first in range(0, len(group), AT_ONCE):
            await asyncio.gather(*(_keep(store, who) for who in group[first : first + AT_ONCE]))


async def _keep(store: Store, person: str) -> None:
    body, headers = webhook(person, QUESTION)
    now = time.time()
    inbound = parse(body, webhook_id=headers["X-Webhook-ID"], now=now)
    keys = keys_of(inbound, body)
    await store.write(partial(accept, inbound=inbound, body=body, keys=keys, now=now))
